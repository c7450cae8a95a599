using Microsoft.Extensions.Logging;
using ModelFlow.Core.Catalog;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;

namespace ModelFlow.Orchestration.Upkeep;

/// <summary>
/// Keeps the model servers as they should be: what a server forgot in a restart is loaded again, addresses follow it, and what nobody
/// needs any longer is unloaded. Run every few seconds by the active host; every run can be cut short and repeated.
/// </summary>
public sealed class DeploymentUpkeep(
    IDeploymentStore deployments,
    IModelServer server,
    IRouteStore routes,
    IRampTurns turns,
    IVersionCatalog versions,
    ITrafficWindows traffic,
    TimeProvider time,
    ILogger<DeploymentUpkeep> logger)
{
    private static readonly TimeSpan LongestBackoff = TimeSpan.FromMinutes(5);

    // A request that takes longer than this ends with its version. A gateway that is silent for longer is no reason to wait.
    private static readonly TimeSpan LongestDrain = TimeSpan.FromMinutes(15);
    private static readonly TimeSpan HeartbeatsOf = TimeSpan.FromMinutes(2);

    private readonly Dictionary<(ModelName Model, VersionName Version), Failing> _failing = [];

    /// <summary>Compares what is loaded with what should be, and puts it right. Returns how many deployments changed.</summary>
    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        var served = (await server.ListAsync(cancellationToken))
            .GroupBy(s => (s.Model, s.Version))
            .ToDictionary(g => g.Key, g => (IReadOnlyList<Uri>)[.. g.Select(s => s.Endpoint)]);
        var routed = new HashSet<(ModelName, VersionName)>();
        await foreach (var current in routes.ListAsync(cancellationToken))
        {
            routed.UnionWith(current.Route.Versions.Select(v => (current.Route.Model, v)));
        }

        var all = new List<Deployment>();
        await foreach (var deployment in deployments.ListAllAsync(cancellationToken))
        {
            all.Add(deployment);
        }

        var changed = 0;
        foreach (var deployment in all.Where(d => d.Loaded || routed.Contains((d.Model, d.Version))).OrderByDescending(d => routed.Contains((d.Model, d.Version))))
        {
            // A routed version counts as one that should be loaded whatever its row says: a route and an unload can cross.
            var key = (deployment.Model, deployment.Version);
            if (!routed.Contains(key) && deployment.KeepUntil <= time.GetUtcNow())
            {
                changed += await UnloadAsync(deployment, cancellationToken) ? 1 : 0;
            }
            else if (!served.TryGetValue(key, out var endpoints))
            {
                changed += await LoadAgainAsync(deployment, cancellationToken) ? 1 : 0;
            }
            else if (!endpoints.ToHashSet().SetEquals(deployment.Endpoints))
            {
                await deployments.UpdateAsync(deployment.Model, deployment.Version, d => d is { Loaded: true } ? d with { Endpoints = endpoints } : null, cancellationToken);
                logger.EndpointsMoved(deployment.Model, deployment.Version);
                changed++;
            }
        }

        return changed;
    }

    private async Task<bool> UnloadAsync(Deployment deployment, CancellationToken cancellationToken)
    {
        // A release that is about to bring this version back holds the turn: it decides.
        if (await turns.GetAsync(deployment.Model, cancellationToken) is { } holder && holder.Version == deployment.Version)
        {
            return false;
        }

        if (await IsDrainingAsync(deployment, cancellationToken))
        {
            return false;
        }

        // First in the books, then on the server: a rollback that looks in between sees it is gone and loads it.
        var now = time.GetUtcNow();
        var unloaded = false;
        await deployments.UpdateAsync(
            deployment.Model,
            deployment.Version,
            d => (unloaded = d is { Loaded: true } && d.KeepUntil <= now) ? d! with { Loaded = false, KeepUntil = null } : null,
            cancellationToken);
        if (!unloaded)
        {
            return false;
        }

        // A rollback may have put it into the route since the routes were read.
        if (await routes.GetAsync(deployment.Model, cancellationToken) is { } current && current.Route.Versions.Contains(deployment.Version))
        {
            await deployments.UpdateAsync(deployment.Model, deployment.Version, d => d is { Loaded: false } ? d with { Loaded = true } : null, cancellationToken);
            return false;
        }

        await server.UnloadAsync(deployment.Model, deployment.Version, cancellationToken);
        logger.Unloaded(deployment.Model, deployment.Version);
        return true;
    }

    // No route has named it for the time of a lease and more; what gateways still have under way of it began before.
    private async Task<bool> IsDrainingAsync(Deployment deployment, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (now - deployment.KeepUntil > LongestDrain)
        {
            return false;
        }

        var gateways = await traffic.ListGatewaysAsync(now - HeartbeatsOf, cancellationToken);
        var inFlight = gateways.SelectMany(g => g.Draining ?? []).Where(d => d.Model == deployment.Model && d.Version == deployment.Version).Sum(d => d.InFlight);
        if (inFlight > 0)
        {
            logger.StillDraining(deployment.Model, deployment.Version, inFlight);
        }

        return inFlight > 0;
    }

    private async Task<bool> LoadAgainAsync(Deployment deployment, CancellationToken cancellationToken)
    {
        var key = (deployment.Model, deployment.Version);
        var now = time.GetUtcNow();
        if (_failing.TryGetValue(key, out var failing) && now < failing.NextTryAt)
        {
            return false;
        }

        var version = await versions.GetAsync(deployment.Model, deployment.InstanceOf ?? deployment.Version, cancellationToken);
        var problem = version switch
        {
            null => "it is not in the catalogue",
            { Deleted: true } => "its files were deleted",
            _ => null,
        };
        if (problem is null && await server.LoadAsync(version!, deployment.Version, cancellationToken) is { } outcome)
        {
            switch (outcome)
            {
                case LoadModel.Ready ready:
                    _failing.Remove(key);
                    await deployments.UpdateAsync(
                        deployment.Model,
                        deployment.Version,
                        d => (d ?? deployment) with { Loaded = true, Endpoints = ready.Endpoints, ServedModel = ready.ServedModel, LoadedAt = now, LoadTime = ready.Took },
                        cancellationToken);
                    logger.LoadedAgain(deployment.Model, deployment.Version, ready.Took);
                    return true;
                case LoadModel.Refused refused:
                    problem = refused.Reason;
                    break;
            }
        }

        var times = (failing?.Times ?? 0) + 1;
        _failing[key] = new Failing(times, now + TimeSpan.FromTicks(Math.Min(LongestBackoff.Ticks, TimeSpan.FromSeconds(2).Ticks << Math.Min(times, 20))));
        logger.NotLoadedAgain(deployment.Model, deployment.Version, problem ?? "unknown");
        return false;
    }

    private sealed record Failing(int Times, DateTimeOffset NextTryAt);
}
