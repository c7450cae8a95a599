using ModelFlow.Core.Catalog;
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
        var loaded = new Dictionary<ModelName, List<Deployment>>();
        await foreach (var d in deployments.ListAllAsync(cancellationToken))
        {
            if (d.Loaded)
            {
                if (!loaded.TryGetValue(d.Model, out var versions))
                {
                    loaded[d.Model] = versions = [];
                }

                versions.Add(d);
            }
        }

        var served = new List<ServedRoute>();
        await foreach (var current in routes.ListAsync(cancellationToken))
        {
            served.Add(Describe(current, loaded.GetValueOrDefault(current.Route.Model) ?? []));
        }

        return served;
    }

    /// <summary>A route that was just read or made.</summary>
    public async Task<ServedRoute> DescribeAsync(CurrentRoute current, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(current);
        var loaded = new List<Deployment>();
        await foreach (var d in deployments.ListAsync(current.Route.Model, cancellationToken))
        {
            if (d.Loaded)
            {
                loaded.Add(d);
            }
        }

        return Describe(current, loaded);
    }

    /// <summary>Tells the gateways a route that was just made; one that is away polls.</summary>
    public async Task<PushedRoute> PushAsync(CurrentRoute current, CancellationToken cancellationToken) =>
        await router.PushAsync(await DescribeAsync(current, cancellationToken), cancellationToken);

    private static ServedRoute Describe(CurrentRoute current, List<Deployment> loaded)
    {
        // Versions that may be pinned by testers are served too, as long as they are loaded.
        var lease = current.Route.NeedsLease ? current.LeaseUntil : null;
        var named = loaded.Where(d => d.ServedModel is not null).ToDictionary(d => d.Version, d => d.ServedModel!);
        return new ServedRoute(current.Route, lease, loaded.ToDictionary(d => d.Version, d => d.Endpoints)) { ServedModels = named.Count == 0 ? null : named };
    }
}
