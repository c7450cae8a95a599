using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Traffic;

namespace ModelFlow.Orchestration.Traffic;

/// <summary>Routes as gateways need them: with their lease and the addresses of the loaded versions.</summary>
public sealed class ServedRoutes(IRouteStore routes, IDeploymentStore deployments, ITrafficRouter router)
{
    /// <summary>The model's route; null before its first.</summary>
    public async Task<ServedRoute?> GetAsync(ModelName model, CancellationToken cancellationToken) =>
        await routes.GetAsync(model, cancellationToken) is { } current ? await DescribeAsync(current, cancellationToken) : null;

    /// <summary>The routes of all models.</summary>
    public async Task<IReadOnlyList<ServedRoute>> ListAsync(CancellationToken cancellationToken)
    {
        var endpoints = new Dictionary<ModelName, Dictionary<VersionName, IReadOnlyList<Uri>>>();
        await foreach (var d in deployments.ListAllAsync(cancellationToken))
        {
            if (d.Loaded)
            {
                if (!endpoints.TryGetValue(d.Model, out var versions))
                {
                    endpoints[d.Model] = versions = [];
                }

                versions[d.Version] = d.Endpoints;
            }
        }

        var served = new List<ServedRoute>();
        await foreach (var current in routes.ListAsync(cancellationToken))
        {
            served.Add(Describe(current, endpoints.GetValueOrDefault(current.Route.Model) ?? []));
        }

        return served;
    }

    /// <summary>A route that was just read or made.</summary>
    public async Task<ServedRoute> DescribeAsync(CurrentRoute current, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(current);
        var endpoints = new Dictionary<VersionName, IReadOnlyList<Uri>>();
        await foreach (var d in deployments.ListAsync(current.Route.Model, cancellationToken))
        {
            if (d.Loaded)
            {
                endpoints[d.Version] = d.Endpoints;
            }
        }

        return Describe(current, endpoints);
    }

    /// <summary>Tells the gateways a route that was just made; one that is away polls.</summary>
    public async Task<PushedRoute> PushAsync(CurrentRoute current, CancellationToken cancellationToken) =>
        await router.PushAsync(await DescribeAsync(current, cancellationToken), cancellationToken);

    private static ServedRoute Describe(CurrentRoute current, Dictionary<VersionName, IReadOnlyList<Uri>> loaded)
    {
        // Versions that may be pinned by testers are served too, as long as they are loaded.
        var lease = current.Route.Candidates.Count == 0 ? null : current.LeaseUntil;
        return new ServedRoute(current.Route, lease, loaded);
    }
}
