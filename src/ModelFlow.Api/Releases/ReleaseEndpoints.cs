using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using ModelFlow.Api.Access;
using ModelFlow.Api.Approvals;
using ModelFlow.Api.Problems;
using ModelFlow.Api.Requests;
using ModelFlow.Core.Naming;
using ModelFlow.Core.People;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;
using ModelFlow.Orchestration.Operations;

namespace ModelFlow.Api.Releases;

/// <summary>Releases: lists, one whole, starting.</summary>
internal static class ReleaseEndpoints
{
    public static void MapReleases(this RouteGroupBuilder api)
    {
        var releases = api.MapGroup("/releases").WithTags("Releases");
        releases.MapGet("/", ListAsync).Allow(Role.Reader).Filtered().WithSummary("Lists releases, newest first: of one model or of all, or the running ones.");
        releases.MapPost("/", StartAsync).Allow(Role.Operator).OverModelInBody().WithSummary("Starts a further attempt to release a registered version.");
        releases.MapGet("/{id}", GetAsync).Allow(Role.Reader).WithSummary("One release with all it knows.");
    }

    private static async Task<Ok<ItemList<ReleaseItem>>> ListAsync(
        string? model, string? running, string? limit, string? continuation, Caller caller, IReleaseIndex index, IReleaseStore store, CancellationToken cancellationToken)
    {
        var fields = new Fields();
        var name = fields.OptionalModel("model", model);
        var onlyRunning = fields.Flag("running", running);
        var most = fields.Limit(limit);
        var from = fields.Continuation(continuation);
        fields.Check();
        if (onlyRunning)
        {
            return TypedResults.Ok(await ListRunningAsync(name, caller, index, store, cancellationToken));
        }

        var page = await index.ListAsync(name, most, from, cancellationToken);
        return TypedResults.Ok(new ItemList<ReleaseItem>([.. page.Items.Where(i => caller.Sees(i.Id.Model)).Select(ReleaseItem.Of)], page.Continuation));
    }

    private static async Task<ItemList<ReleaseItem>> ListRunningAsync(ModelName? model, Caller caller, IReleaseIndex index, IReleaseStore store, CancellationToken cancellationToken)
    {
        var items = new List<ReleaseItem>();
        await foreach (var id in index.ListRunningAsync(cancellationToken))
        {
            // The list of running ones may hold releases that have ended or never began.
            if ((model is null || id.Model == model) && caller.Sees(id.Model) && await store.LoadAsync(id, cancellationToken) is { State: { Outcome: null } state })
            {
                items.Add(ReleaseItem.Of(ReleaseSummary.Of(state)));
            }
        }

        return new ItemList<ReleaseItem>([.. items.OrderByDescending(i => i.StartedAt)]);
    }

    private static async Task<Results<Created<Started>, Problem>> StartAsync(Body<StartRequest> body, Caller caller, StartRelease start, CancellationToken cancellationToken)
    {
        var fields = new Fields();
        var model = fields.Model("model", body.Value.Model);
        var version = fields.Version("version", body.Value.Version);
        var requester = caller.Request(fields, body.Value.RequestId);
        fields.Check();
        return await start.StartAsync(model, version, requester.By, cancellationToken) switch
        {
            StartedRelease.Started started => TypedResults.Created($"/api/releases/{started.Id}", new Started(started.Id)),
            StartedRelease.AlreadyRunning running => Problem.Conflict(
                "release-running", "The version is being released.", $"The release '{running.Id}' is running.", "Watch it, or abort it first.")
                with { Extra = new() { ["release"] = running.Id.ToString() } },
            StartedRelease.NotRegistered => Problem.NoVersion(model, version.Value),
            StartedRelease.Revoked revoked => Problem.Revoked(model, version, revoked.Revocation.Reason),
            StartedRelease.Deleted => Problem.Deleted(model, version),
            StartedRelease.NoPolicy => Problem.Conflict("no-policy", "There is no policy.", $"Neither '{model}' nor the default has a policy.", $"Set one with PUT /api/models/{model}/policy or PUT /api/policies/default."),
            StartedRelease.InvalidPolicy invalid => Problem.Conflict("no-policy", "There is no valid policy.", $"The policy of '{model}' is not valid: {string.Join(' ', invalid.Errors)}", $"Set another one with PUT /api/models/{model}/policy.")
                with { Errors = invalid.Errors },
            var other => throw new InvalidOperationException($"Unknown outcome {other}."),
        };
    }

    private static async Task<Results<Ok<ReleaseDetail>, Problem>> GetAsync(
        string id, IReleaseStore store, IRouteStore routes, IReportStore reports, IPeopleStore people, CancellationToken cancellationToken)
    {
        var fields = new Fields();
        var release = fields.Release("id", id);
        fields.Check();
        if (await store.LoadAsync(release, cancellationToken) is not { } snapshot)
        {
            return Problem.NoRelease(release);
        }

        var state = snapshot.State;
        var route = state.Outcome is null && state.AskedForTraffic ? (await routes.GetAsync(release.Model, cancellationToken))?.Route : null;
        return TypedResults.Ok(new ReleaseDetail(ReleaseItem.Of(ReleaseSummary.Of(state)), state)
        {
            Weight = route?.Release == release ? route.Candidates.FirstOrDefault(c => c.Version == release.Version)?.Weight : null,
            WaitingFor = Waiting.For(state),
            Approval = state.OpenRequest is null ? null : ApprovalView.Of(state, new PeopleDirectory(await people.ListAsync(cancellationToken))),
            Signals = snapshot.Signals,
            Reports = await reports.ListAsync(release, cancellationToken).ToListAsync(cancellationToken),
        });
    }
}
