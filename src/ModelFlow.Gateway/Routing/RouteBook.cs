using System.Diagnostics.CodeAnalysis;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Traffic;
using ModelFlow.Gateway.Measuring;

namespace ModelFlow.Gateway.Routing;

/// <summary>
/// The routes in use. Readers see one whole set or the next, never a mixture; a request keeps the route it began with.
/// A model's generation never goes back, and within a generation the lease never does.
/// </summary>
public sealed class RouteBook(GatewayClock clock, TargetPool pool)
{
    // Marks for answers of earlier generations may still come. A generation that ramped remembers 128 KiB of keys.
    private const int PastGenerations = 16;

    private readonly Lock _writing = new();
    private readonly Dictionary<string, Queue<WindowCounter>> _past = new(StringComparer.Ordinal);
    private Dictionary<string, LiveRoute> _routes = new(StringComparer.Ordinal);

    /// <summary>The routes, by no order.</summary>
    public IReadOnlyCollection<LiveRoute> All => Volatile.Read(ref _routes).Values;

    /// <summary>The route of a model.</summary>
    public bool TryFind(ReadOnlySpan<char> model, [NotNullWhen(true)] out LiveRoute? route) =>
        Volatile.Read(ref _routes).GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(model, out route);

    /// <summary>Takes a route from the control plane.</summary>
    /// <param name="served">The route as it was sent.</param>
    /// <param name="theirNow">The sender's time when it was sent; null to take the gateway's.</param>
    /// <param name="ourNow">The gateway's time when it was asked for or arrived, whichever is known to be earlier.</param>
    /// <exception cref="ArgumentException">The route contradicts itself; nothing changed.</exception>
    public TakeRoute Take(ServedRoute served, DateTimeOffset? theirNow, DateTimeOffset ourNow) =>
        TakeOurs(served.LeaseUntil is { } until && theirNow is { } sent ? served with { LeaseUntil = ourNow + (until - sent) } : served);

    /// <summary>Takes a route whose lease ends by the gateway's own clock.</summary>
    /// <exception cref="ArgumentException">The route contradicts itself; nothing changed.</exception>
    public TakeRoute TakeOurs(ServedRoute served)
    {
        lock (_writing)
        {
            var model = served.Route.Model.Value;
            _routes.TryGetValue(model, out var known);
            if (known is not null && known.Route.Generation > served.Route.Generation)
            {
                return TakeRoute.Older;
            }

            if (known is not null && known.Route.Generation == served.Route.Generation)
            {
                var before = known.Table.Served;
                served = served with { Route = known.Route, LeaseUntil = Later(before.LeaseUntil, served.LeaseUntil) };
                if (served.LeaseUntil == before.LeaseUntil && SameEndpoints(before.Endpoints, served.Endpoints) && SameModels(before.ServedModels, served.ServedModels))
                {
                    return TakeRoute.Same;
                }
            }

            var renewed = known?.Route.Generation == served.Route.Generation ? known : null;
            var route = new LiveRoute(served, renewed?.Counter ?? new WindowCounter(served.Route), pool);
            if (renewed?.Table.IsLeased(clock.Now) == false)
            {
                route.Counter.LeaseLapsed();
            }

            if (known is not null && renewed is null)
            {
                Remember(model, known.Counter);
            }

            var routes = new Dictionary<string, LiveRoute>(_routes, StringComparer.Ordinal) { [model] = route };
            Volatile.Write(ref _routes, routes);
            return renewed is null ? TakeRoute.Switched : TakeRoute.Renewed;
        }
    }

    /// <summary>The generation served of each model.</summary>
    public IReadOnlyDictionary<ModelName, long> Generations() => All.ToDictionary(r => r.Route.Model, r => r.Route.Generation);

    /// <summary>Versions that no route names and that have requests under way; the busiest first, at most as many as a heartbeat takes.</summary>
    public IReadOnlyList<DrainingVersion> Draining()
    {
        var routes = Volatile.Read(ref _routes);
        return [.. pool.Busy()
            .Where(l => !routes.TryGetValue(l.Model.Value, out var route) || !route.Route.Versions.Contains(l.Version))
            .Select(l => new DrainingVersion(l.Model, l.Version, l.InFlight))
            .OrderByDescending(d => d.InFlight)
            .Take(GatewayHeartbeat.MaxDraining)];
    }

    /// <summary>Where requests of a generation are counted; null for one that is not among the last ones.</summary>
    public WindowCounter? CounterOf(LiveRoute current, long generation)
    {
        if (current.Route.Generation == generation)
        {
            return current.Counter;
        }

        lock (_writing)
        {
            return _past.GetValueOrDefault(current.Route.Model.Value)?.FirstOrDefault(c => c.Generation == generation);
        }
    }

    private static DateTimeOffset? Later(DateTimeOffset? a, DateTimeOffset? b) => a is null || b > a ? b : a;

    private void Remember(string model, WindowCounter counter)
    {
        if (!_past.TryGetValue(model, out var past))
        {
            _past[model] = past = new Queue<WindowCounter>();
        }

        past.Enqueue(counter);
        if (past.Count > PastGenerations)
        {
            past.Dequeue();
        }
    }

    private static bool SameEndpoints(IReadOnlyDictionary<VersionName, IReadOnlyList<Uri>> a, IReadOnlyDictionary<VersionName, IReadOnlyList<Uri>> b) =>
        a.Count == b.Count && a.All(pair => b.TryGetValue(pair.Key, out var other) && pair.Value.SequenceEqual(other));

    private static bool SameModels(IReadOnlyDictionary<VersionName, string>? a, IReadOnlyDictionary<VersionName, string>? b) =>
        (a?.Count ?? 0) == (b?.Count ?? 0) && (a is null || a.All(pair => b!.TryGetValue(pair.Key, out var other) && string.Equals(pair.Value, other, StringComparison.Ordinal)));
}

/// <summary>What became of a route that was offered.</summary>
public enum TakeRoute
{
    /// <summary>It is in use now, with a new generation.</summary>
    Switched,

    /// <summary>The generation was in use already; its lease or endpoints changed.</summary>
    Renewed,

    /// <summary>Nothing new.</summary>
    Same,

    /// <summary>A newer generation is in use; refused.</summary>
    Older,
}
