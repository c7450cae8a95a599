using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;

namespace ModelFlow.Orchestration.Traffic;

/// <summary>Writes down which version became stable and which was replaced, after a route change made it so. Safe to run again.</summary>
public sealed class StableHistory(IRouteStore routes, IVersionCatalog catalog, IDeploymentStore deployments)
{
    /// <summary>Records the change that made <paramref name="generation"/>; the version it replaced stays loaded for <paramref name="keepLoaded"/>.</summary>
    public async Task RecordAsync(ModelName model, long generation, TimeSpan keepLoaded, CancellationToken cancellationToken)
    {
        var route = await routes.GetGenerationAsync(model, generation, cancellationToken)
            ?? throw new InvalidOperationException($"Generation {generation} of {model} is not in its route history.");
        var before = generation == 1 ? null : await routes.GetGenerationAsync(model, generation - 1, cancellationToken);
        var tasks = new List<Task>();
        if (route.Stable is { } stable)
        {
            tasks.Add(catalog.UpdateAsync(model, stable, v => v with { FirstStableAt = v.FirstStableAt ?? route.At }, cancellationToken));
            tasks.Add(deployments.UpdateAsync(model, stable, d => d is null ? null : d with { KeepUntil = null }, cancellationToken));
        }

        var replaced = before?.Versions.Where(v => v != route.Stable).ToList() ?? [];

        // A fresh instance of stable goes with its release.
        foreach (var version in replaced)
        {
            if (version == before!.Stable)
            {
                tasks.Add(catalog.UpdateAsync(model, version, v => v with { LastStableAt = v.LastStableAt > route.At ? v.LastStableAt : route.At }, cancellationToken));
            }

            tasks.Add(deployments.UpdateAsync(model, version, d => d is null or { InstanceOf: not null } ? null : d with { KeepUntil = d.KeepUntil ?? route.At + keepLoaded }, cancellationToken));
        }

        await Task.WhenAll(tasks);
    }
}
