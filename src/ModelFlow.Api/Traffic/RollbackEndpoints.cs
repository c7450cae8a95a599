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
using ModelFlow.Orchestration.Operations;
using Route = ModelFlow.Core.Traffic.Route;

namespace ModelFlow.Api.Traffic;

/// <summary>The ways back: rollback and revocation.</summary>
internal static class RollbackEndpoints
{
    public static void MapRollback(this RouteGroupBuilder api)
    {
        var model = api.MapGroup("/models/{model}").WithTags("Routes");
        model.MapPost("/rollback", RollbackAsync).Allow(Role.Operator).WithSummary("Moves all traffic to an earlier stable version in one call; 409 with an estimate when it is not loaded.");
        model.MapPost("/versions/{version}/revoke", RevokeAsync).Allow(Role.Operator).WithSummary("Forbids a version for good: its releases end, and its traffic moves away.");
    }

    private static async Task<Results<Ok<RollbackAnswer>, Problem>> RollbackAsync(
        string model, Body<RollbackRequest> body, Caller caller, RollbackModel rollback, IRouteStore routes, CancellationToken cancellationToken)
    {
        var fields = new Fields();
        var request = body.Value;
        var name = fields.Model("model", model);
        var to = fields.OptionalVersion("to", request.To);
        var reason = fields.Text("reason", request.Reason, "whoever reads the audit log will ask");
        var requester = caller.Request(fields, request.RequestId);
        fields.Check();
        switch (await rollback.RollbackAsync(name, to, request.Load == true, requester.By, reason, requester.IdFor("api", name.Value), cancellationToken))
        {
            case RolledBackModel.Done done:
                var before = await routes.GetGenerationAsync(name, done.Route.Generation - 1, CancellationToken.None);
                return TypedResults.Ok(new RollbackAnswer(name, before?.Stable, done.Route.Stable, done.Route.Generation, done.Took, done.Pushed, done.Route));
            case RolledBackModel.NoRoute:
                return Problem.NoRoute(name);
            case RolledBackModel.NothingBefore:
                return Problem.Conflict("nothing-to-roll-back-to", "There is nothing to roll back to.", $"No version of '{name}' was stable before and may be served.", "Name a version that was stable with 'to', or release one.");
            case RolledBackModel.AlreadyThere there:
                return Problem.Conflict("already-there", "Traffic is there already.", $"All traffic of '{name}' is on {there.Version}.", "Nothing needs to be done.");
            case RolledBackModel.UnknownVersion unknown:
                return Problem.NoVersion(name, unknown.Version.Value);
            case RolledBackModel.NeverStable never:
                return Problem.Conflict("never-stable", "The version never was stable.", $"{name} {never.Version} never was stable, so nothing says that it works.", $"Release it with POST /api/releases.");
            case RolledBackModel.Revoked revoked:
                return Problem.Revoked(name, revoked.Version, revoked.Revocation.Reason);
            case RolledBackModel.Deleted deleted:
                return Problem.Deleted(name, deleted.Version);
            case RolledBackModel.NotLoaded { Version: var version, Estimate: var estimate }:
                var problem = Problem.Conflict(
                    "version-not-loaded", "The version is not loaded.",
                    estimate is { } time ? $"{name} {version} is not on the model servers; loading took {time.TotalSeconds:0.#} s last time." : $"{name} {version} is not on the model servers.",
                    "Send the request again with \"load\": true to load it first, or name a version that is loaded.");
                return estimate is { } span ? problem with { Extra = new() { ["estimate"] = span.ToString("c") } } : problem;
            case RolledBackModel.CannotLoad cannot:
                return Problem.Conflict("version-refused", "The model server refused the version.", $"The model server cannot load {name} {cannot.Version}.", "See the model server's log; name another version.");
            case var other:
                throw new InvalidOperationException($"Unknown outcome {other}.");
        }
    }

    private static async Task<Results<Ok<RevokeAnswer>, Problem>> RevokeAsync(
        string model, string version, Body<RevokeRequest> body, Caller caller, RevokeVersion revoke, CancellationToken cancellationToken)
    {
        var fields = new Fields();
        var (name, which) = (fields.Model("model", model), fields.Version("version", version));
        var reason = fields.Text("reason", body.Value.Reason, "a revocation is for good");
        var requester = caller.Request(fields, body.Value.RequestId);
        fields.Check();
        return await revoke.RevokeAsync(name, which, reason, requester, cancellationToken) is RevokedVersion.Revoked revoked
            ? TypedResults.Ok(new RevokeAnswer(name, which, revoked.Revocation, revoked.Told, revoked.Moved, revoked.Warning is not null, revoked.Warning))
            : Problem.NoVersion(name, version);
    }
}

/// <summary>Asks for a rollback.</summary>
public sealed record RollbackRequest
{
    /// <summary>The version; if left out, the stable one while a ramp runs, else the one that was stable before it.</summary>
    public string? To { get; init; }

    /// <summary>Whether to load the version first if it is not loaded.</summary>
    public bool? Load { get; init; }

    /// <summary>Why, at most 2,000 characters.</summary>
    public string? Reason { get; init; }

    /// <summary>Makes the request idempotent.</summary>
    public string? RequestId { get; init; }
}

/// <summary>A rollback that is done.</summary>
/// <param name="Model">The model.</param>
/// <param name="From">The stable version before.</param>
/// <param name="To">The stable version now.</param>
/// <param name="Generation">The new route's generation.</param>
/// <param name="Took">From the call until the gateways had it.</param>
/// <param name="Gateways">How many gateways confirmed it, of how many.</param>
/// <param name="Route">The new route.</param>
public sealed record RollbackAnswer(ModelName Model, VersionName? From, VersionName? To, long Generation, TimeSpan Took, PushedRoute Gateways, Route Route);

/// <summary>Asks for a revocation.</summary>
public sealed record RevokeRequest
{
    /// <summary>Why, at most 2,000 characters.</summary>
    public string? Reason { get; init; }

    /// <summary>Makes the request idempotent.</summary>
    public string? RequestId { get; init; }
}

/// <summary>A revocation.</summary>
/// <param name="Model">The model.</param>
/// <param name="Version">The version.</param>
/// <param name="Revoked">Who, when and why.</param>
/// <param name="Releases">Releases that were told to end.</param>
/// <param name="Route">The new route, if traffic was moved.</param>
/// <param name="StillServing">Whether it still gets traffic.</param>
/// <param name="Warning">Why, and what to do.</param>
public sealed record RevokeAnswer(
    ModelName Model, VersionName Version, Revocation Revoked, IReadOnlyList<ReleaseId> Releases, Route? Route, bool StillServing, string? Warning);
