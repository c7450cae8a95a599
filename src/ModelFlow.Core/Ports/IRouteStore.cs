using ModelFlow.Core.Naming;
using ModelFlow.Core.Traffic;

namespace ModelFlow.Core.Ports;

/// <summary>Routes: the current one of each model, every past generation, and the lease of the current weights.</summary>
public interface IRouteStore
{
    /// <summary>The current route and its lease; null before a model's first.</summary>
    Task<CurrentRoute?> GetAsync(ModelName model, CancellationToken cancellationToken);

    /// <summary>
    /// Makes <paramref name="next"/> the current route and keeps it in the history, in one batch, on condition that the current
    /// one is still <paramref name="read"/> (null: that there is none). <c>next.Generation</c> must be one more.
    /// The lease, if one is given, starts with it.
    /// </summary>
    Task<ChangeRoute> ChangeAsync(CurrentRoute? read, Route next, DateTimeOffset? leaseUntil, CancellationToken cancellationToken);

    /// <summary>Moves the lease of the current generation to <paramref name="until"/>; false if the generation is no longer current. Never moves it back.</summary>
    Task<bool> RenewLeaseAsync(ModelName model, long generation, DateTimeOffset until, CancellationToken cancellationToken);

    /// <summary>Makes every <see cref="CurrentRoute"/> of the model read before this worthless, without changing the route.</summary>
    Task FenceAsync(ModelName model, CancellationToken cancellationToken);

    /// <summary>The route of one generation; null if there was none.</summary>
    Task<Route?> GetGenerationAsync(ModelName model, long generation, CancellationToken cancellationToken);

    /// <summary>Past and current routes, newest first.</summary>
    IAsyncEnumerable<Route> ReadHistoryAsync(ModelName model, CancellationToken cancellationToken);

    /// <summary>The current routes of all models.</summary>
    IAsyncEnumerable<CurrentRoute> ListAsync(CancellationToken cancellationToken);
}

/// <summary>A route as it was read.</summary>
/// <param name="Route">The route.</param>
/// <param name="LeaseUntil">Until when its candidates' weights hold; null if it has no lease of its generation.</param>
/// <param name="Token">The row's version; opaque to callers.</param>
public sealed record CurrentRoute(Route Route, DateTimeOffset? LeaseUntil, string Token);

/// <summary>The outcome of changing a route.</summary>
public abstract record ChangeRoute
{
    private ChangeRoute()
    {
    }

    /// <summary>It is current now.</summary>
    public sealed record Changed(CurrentRoute Current) : ChangeRoute;

    /// <summary>Another one is; nothing was written.</summary>
    public sealed record Conflict : ChangeRoute;
}
