using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using ModelFlow.Api.Access;
using ModelFlow.Api.Problems;
using ModelFlow.Api.Requests;
using ModelFlow.Core.Catalog;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Retention;
using ModelFlow.Orchestration.Operations;

namespace ModelFlow.Api.Retention;

/// <summary>Retention: what would be done, and doing it.</summary>
internal static class RetentionEndpoints
{
    public static void MapRetention(this RouteGroupBuilder api)
    {
        var retention = api.MapGroup("/retention").WithTags("Retention");
        retention.MapGet("/plan", PlanAsync).Allow(Role.Reader).OverModelInQuery().WithSummary("What the retention policies would do now; changes nothing.");
        retention.MapPost("/apply", ApplyAsync).Allow(Role.Operator).OverModelInBody().WithSummary("Moves and deletes what the plan says; with its digest, only that plan.");
    }

    private static async Task<Results<Ok<PlanAnswer>, Problem>> PlanAsync(string? model, ApplyRetention retention, IVersionCatalog catalog, CancellationToken cancellationToken)
    {
        var fields = new Fields();
        var name = fields.OptionalModel("model", model);
        fields.Check();
        if (name is { } one && !await catalog.ListAsync(one, cancellationToken).AnyAsync(cancellationToken))
        {
            return Problem.NoModel(one);
        }

        var plan = await retention.PlanAsync(name, cancellationToken);
        return TypedResults.Ok(new PlanAnswer(plan.Digest, plan.At, plan.Actions, plan.Kept));
    }

    private static async Task<Results<Ok<ApplyAnswer>, Problem>> ApplyAsync(
        Body<ApplyRequest> body, Caller caller, ApplyRetention retention, IVersionCatalog catalog, CancellationToken cancellationToken)
    {
        var fields = new Fields();
        var name = fields.OptionalModel("model", body.Value.Model);
        var digest = fields.OptionalDigest("digest", body.Value.Digest);
        var requester = caller.Request(fields, body.Value.RequestId);
        fields.Check();
        if (name is { } one && !await catalog.ListAsync(one, cancellationToken).AnyAsync(cancellationToken))
        {
            return Problem.NoModel(one);
        }

        return await retention.ApplyAsync(name, digest, requester, cancellationToken) switch
        {
            AppliedRetention.Applied applied => TypedResults.Ok(new ApplyAnswer(
                applied.Digest,
                [.. applied.Results.Select(r => new ApplyResult(r.Action.Model, r.Action.Version, r.Action.From, r.Action.To, r.Action.Delete, r.Status, r.Message))])),
            AppliedRetention.PlanChanged changed => Problem.Conflict(
                "plan-changed", "The plan has changed.", $"The plan is {changed.Now.Digest} now, with {changed.Now.Actions.Count} actions; nothing was done.", "Look at GET /api/retention/plan again and send its digest."),
            var other => throw new InvalidOperationException($"Unknown outcome {other}."),
        };
    }
}

/// <summary>What retention would do.</summary>
/// <param name="Digest">Names the actions: send it to apply exactly these.</param>
/// <param name="At">The time the plan was made for.</param>
/// <param name="Actions">What would be done.</param>
/// <param name="Kept">What stays where it is, and why.</param>
public sealed record PlanAnswer(Sha256Digest Digest, DateTimeOffset At, IReadOnlyList<RetentionAction> Actions, IReadOnlyList<KeptVersion> Kept);

/// <summary>Asks for a plan to be applied.</summary>
public sealed record ApplyRequest : IConcernsModels
{
    /// <summary>The model; all if left out.</summary>
    public string? Model { get; init; }

    /// <summary>The digest of the plan that was shown.</summary>
    public string? Digest { get; init; }

    /// <summary>Makes the request's audit entries idempotent.</summary>
    public string? RequestId { get; init; }

    string? IConcernsModels.Models => Model;
}

/// <summary>What was done.</summary>
/// <param name="Digest">The plan's digest.</param>
/// <param name="Results">Each action with its result.</param>
public sealed record ApplyAnswer(Sha256Digest Digest, IReadOnlyList<ApplyResult> Results);

/// <summary>One action with its result.</summary>
/// <param name="Model">The model.</param>
/// <param name="Version">The version.</param>
/// <param name="From">The tier it was in.</param>
/// <param name="To">The tier it went to; absent when it was to be deleted.</param>
/// <param name="Delete">Whether its files were to be deleted.</param>
/// <param name="Status"><c>done</c>, <c>skipped</c>, <c>missing</c> or <c>held</c>.</param>
/// <param name="Message">Why it was not done.</param>
public sealed record ApplyResult(ModelName Model, VersionName Version, StorageTier From, StorageTier? To, bool Delete, RetentionStatus Status, string? Message);
