using ModelFlow.Core.Audit;
using ModelFlow.Core.Catalog;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;
using ModelFlow.Core.Traffic;
using ModelFlow.Orchestration.Traffic;

namespace ModelFlow.Orchestration.Operations;

/// <summary>
/// Moves all of a model's traffic to a version that was stable, in one call, whatever a release is doing. Without a named version:
/// while a ramp runs, to the current stable version; otherwise to the version that was stable before it.
/// </summary>
public sealed class RollbackModel(
    IRouteStore routes,
    IVersionCatalog catalog,
    IDeploymentStore deployments,
    IModelServer server,
    IRampTurns turns,
    IAuditLog audit,
    ServedRoutes served,
    StableHistory history,
    ReleaseSignals signals,
    IPolicyStore policies,
    PolicyCache policyCache,
    TimeProvider time)
{
    private const int MaxConflicts = 10;

    /// <summary>Rolls back. The same request id again finds the rollback it made, also after later changes of the route.</summary>
    /// <param name="model">The model.</param>
    /// <param name="to">The version; null for the one before.</param>
    /// <param name="loadIfNeeded">Whether to load a target that is not loaded first, rather than answer <see cref="RolledBackModel.NotLoaded"/>.</param>
    /// <param name="by">Who asks.</param>
    /// <param name="reason">Why.</param>
    /// <param name="requestId">Makes it idempotent: 1 to 64 letters, digits, '-', '_' or '.'.</param>
    /// <param name="cancellationToken">Ends the attempt; once traffic has moved the records are written all the same.</param>
    public async Task<RolledBackModel> RollbackAsync(
        ModelName model,
        VersionName? to,
        bool loadIfNeeded,
        string by,
        string reason,
        string requestId,
        CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        var cause = $"rollback:{requestId}";
        for (var i = 0; i < MaxConflicts; i++)
        {
            if (await routes.GetAsync(model, cancellationToken) is not { } current)
            {
                return new RolledBackModel.NoRoute();
            }

            if (string.Equals(current.Route.Cause, cause, StringComparison.Ordinal))
            {
                return await FinishAsync(current, by, reason, requestId, started);
            }

            // The entry is the last thing a rollback writes: with it, the request was done, and others changed the route since.
            if (await audit.ContainsAsync(AuditScope.Of(model), EntryId(requestId), cancellationToken) && await FindMadeAsync(model, cause, cancellationToken) is { } made)
            {
                return new RolledBackModel.Done(made, time.GetElapsedTime(started), new PushedRoute(0, 0));
            }

            var (target, problem) = await FindTargetAsync(current.Route, to, loadIfNeeded, cancellationToken);
            if (problem is not null)
            {
                return problem;
            }

            var next = new Route
            {
                Model = model,
                Generation = current.Route.Generation + 1,
                Stable = target,
                Sticky = current.Route.Sticky,
                Cause = cause,
                At = time.GetUtcNow(),
            };
            if (await routes.ChangeAsync(current, next, leaseUntil: null, cancellationToken) is ChangeRoute.Changed changed)
            {
                return await FinishAsync(changed.Current, by, reason, requestId, started);
            }
        }

        throw new InvalidOperationException($"The route of {model} was written by others {MaxConflicts} times in a row.");
    }

    private static string EntryId(string requestId) => $"rollback-{requestId}";

    private async Task<Route?> FindMadeAsync(ModelName model, string cause, CancellationToken cancellationToken)
    {
        await foreach (var route in routes.ReadHistoryAsync(model, cancellationToken))
        {
            if (string.Equals(route.Cause, cause, StringComparison.Ordinal))
            {
                return route;
            }
        }

        return null;
    }

    private async Task<(VersionName Target, RolledBackModel? Problem)> FindTargetAsync(Route route, VersionName? to, bool loadIfNeeded, CancellationToken cancellationToken)
    {
        VersionRecord? target;
        if (to is { } named)
        {
            target = await catalog.GetAsync(route.Model, named, cancellationToken);
            if (target is null)
            {
                return (default, new RolledBackModel.UnknownVersion(named));
            }
        }
        else
        {
            target = await FindPreviousAsync(route, cancellationToken);
            if (target is null)
            {
                return (default, new RolledBackModel.NothingBefore());
            }
        }

        if (target.Revoked is { } revoked)
        {
            return (default, new RolledBackModel.Revoked(target.Version, revoked));
        }

        if (target.Deleted)
        {
            return (default, new RolledBackModel.Deleted(target.Version));
        }

        if (target.FirstStableAt is null)
        {
            return (default, new RolledBackModel.NeverStable(target.Version));
        }

        if (route.Stable == target.Version && !route.NeedsLease)
        {
            return (default, new RolledBackModel.AlreadyThere(target.Version));
        }

        var deployment = await deployments.GetAsync(route.Model, target.Version, cancellationToken);
        if (deployment is { Loaded: true })
        {
            return (target.Version, null);
        }

        return loadIfNeeded ? await LoadAsync(target, cancellationToken) : (default, new RolledBackModel.NotLoaded(target.Version, deployment?.LoadTime));
    }

    private async Task<VersionRecord?> FindPreviousAsync(Route route, CancellationToken cancellationToken)
    {
        if (route.Stable is not { } stable || await catalog.GetAsync(route.Model, stable, cancellationToken) is not { } current)
        {
            return null;
        }

        if (route.NeedsLease)
        {
            return current;
        }

        VersionRecord? best = null;
        await foreach (var version in catalog.ListAsync(route.Model, cancellationToken))
        {
            if (version is { Revoked: null, Deleted: false } && version.FirstStableAt < current.FirstStableAt && (best is null || version.FirstStableAt > best.FirstStableAt))
            {
                best = version;
            }
        }

        return best;
    }

    private async Task<(VersionName Target, RolledBackModel? Problem)> LoadAsync(VersionRecord target, CancellationToken cancellationToken)
    {
        if (await server.LoadAsync(target, cancellationToken) is not LoadModel.Ready ready)
        {
            return (default, new RolledBackModel.CannotLoad(target.Version));
        }

        var now = time.GetUtcNow();
        await deployments.UpdateAsync(
            target.Model,
            target.Version,
            before => new Deployment
            {
                Model = target.Model,
                Version = target.Version,
                Endpoints = ready.Endpoints,
                ServedModel = ready.ServedModel,
                LoadedAt = now,
                LoadTime = ready.Took,
                Loaded = true,
                Hold = before?.Hold,
            },
            cancellationToken);
        return (target.Version, null);
    }

    // Traffic has moved, or moves with the push: from here on nothing is given up, and a retry with the same request id repeats it all.
    private async Task<RolledBackModel> FinishAsync(CurrentRoute current, string by, string reason, string requestId, long started)
    {
        var route = current.Route;
        var pushed = await served.PushAsync(current, CancellationToken.None);
        var took = time.GetElapsedTime(started);
        await history.RecordAsync(route.Model, route.Generation, await KeepLoadedAsync(route.Model), CancellationToken.None);
        if (await turns.GetAsync(route.Model, CancellationToken.None) is { } ramping)
        {
            var signal = new Signal { Id = $"rollback-{requestId}", Kind = SignalKind.RolledBack, By = by, At = route.At, Comment = reason };
            await signals.SendAsync(ramping, signal, CancellationToken.None);
        }

        var entry = new AuditEntry(
            EntryId(requestId),
            route.At,
            by,
            "rollback",
            $"{route.Model}",
            $"All traffic of {route.Model} moved to {route.Stable} (generation {route.Generation}): {reason}");
        await audit.AppendAsync(AuditScope.Of(route.Model), entry, CancellationToken.None);
        return new RolledBackModel.Done(route, took, pushed);
    }

    private async Task<TimeSpan> KeepLoadedAsync(ModelName model) =>
        await policies.FindForAsync(model, CancellationToken.None) is { } policy
            ? (await policyCache.GetAsync(policy.Digest, CancellationToken.None)).KeepLoaded
            : TimeSpan.FromHours(1);
}

/// <summary>The outcome of a rollback.</summary>
public abstract record RolledBackModel
{
    private RolledBackModel()
    {
    }

    /// <summary>All traffic is on the route's stable version.</summary>
    /// <param name="Route">The route now.</param>
    /// <param name="Took">From the call until the gateways had it.</param>
    /// <param name="Pushed">How many gateways confirmed it.</param>
    public sealed record Done(Route Route, TimeSpan Took, PushedRoute Pushed) : RolledBackModel;

    /// <summary>The model has no traffic yet.</summary>
    public sealed record NoRoute : RolledBackModel;

    /// <summary>No version was stable before the current one; name one.</summary>
    public sealed record NothingBefore : RolledBackModel;

    /// <summary>All traffic is there already.</summary>
    public sealed record AlreadyThere(VersionName Version) : RolledBackModel;

    /// <summary>The version is not registered.</summary>
    public sealed record UnknownVersion(VersionName Version) : RolledBackModel;

    /// <summary>The version never was stable: it has to be released.</summary>
    public sealed record NeverStable(VersionName Version) : RolledBackModel;

    /// <summary>The version may never be served again.</summary>
    public sealed record Revoked(VersionName Version, Revocation Revocation) : RolledBackModel;

    /// <summary>The version's files were deleted by retention.</summary>
    public sealed record Deleted(VersionName Version) : RolledBackModel;

    /// <summary>The version is not loaded.</summary>
    /// <param name="Version">The version.</param>
    /// <param name="Estimate">How long loading it took last time; null if that is unknown.</param>
    public sealed record NotLoaded(VersionName Version, TimeSpan? Estimate) : RolledBackModel;

    /// <summary>The model server refused to load it.</summary>
    public sealed record CannotLoad(VersionName Version) : RolledBackModel;
}
