using ModelFlow.Core.Ports;

namespace ModelFlow.LocalHost.Driving;

/// <summary>
/// Done once by a host that takes over, before it drives anything: whatever a former host has read becomes worthless, so that one that was
/// frozen and wakes can write neither a release nor a route.
/// </summary>
public sealed class Fence(IReleaseIndex index, IReleaseStore releases, IRouteStore routes)
{
    private const int AtOnce = 8;

    /// <summary>Fences every running release and every route. Returns how many of each.</summary>
    public async Task<(int Releases, int Routes)> RaiseAsync(CancellationToken cancellationToken)
    {
        var (fencedReleases, fencedRoutes) = (0, 0);
        var options = new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(index.ListRunningAsync(cancellationToken), options, async (id, cancel) =>
        {
            if (await releases.FenceAsync(id, cancel))
            {
                Interlocked.Increment(ref fencedReleases);
            }
        });
        await Parallel.ForEachAsync(routes.ListAsync(cancellationToken), options, async (route, cancel) =>
        {
            await routes.FenceAsync(route.Route.Model, cancel);
            Interlocked.Increment(ref fencedRoutes);
        });
        return (fencedReleases, fencedRoutes);
    }
}
