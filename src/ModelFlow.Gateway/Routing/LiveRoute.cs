using ModelFlow.Core.Traffic;
using ModelFlow.Gateway.Measuring;
using Route = ModelFlow.Core.Traffic.Route;

namespace ModelFlow.Gateway.Routing;

/// <summary>A route as requests use it: the table to choose by, and the upstream addresses made beforehand. Immutable but for its counter.</summary>
public sealed class LiveRoute
{
    private readonly VersionTarget[] _targets;
    private readonly int[] _indices;

    /// <summary>Prepares a route.</summary>
    /// <param name="served">The route; its lease ends by the gateway's clock.</param>
    /// <param name="counter">Where its requests are counted; shared by all live routes of one generation.</param>
    /// <param name="pool">The versions and replicas of all routes.</param>
    /// <exception cref="ArgumentException">The route contradicts itself.</exception>
    public LiveRoute(ServedRoute served, WindowCounter counter, TargetPool pool)
    {
        Table = new RouteTable(served);
        Counter = counter;
        _indices = [.. Table.Versions.Select(counter.IndexOf)];
        _targets = pool.Use(served, Table.Versions);
    }

    /// <summary>Chooses versions.</summary>
    public RouteTable Table { get; }

    /// <summary>Counts its requests.</summary>
    public WindowCounter Counter { get; }

    /// <summary>The route.</summary>
    public Route Route => Table.Served.Route;

    /// <summary>Which of its generation's versions a chosen one is: as <see cref="RequestId.Version"/> says it.</summary>
    public int IndexOf(RouteChoice choice) => _indices[choice.Version];

    /// <summary>What requests can be sent to.</summary>
    public IReadOnlyList<VersionTarget> Targets => _targets;

    /// <summary>Where a chosen version is.</summary>
    public VersionTarget Target(RouteChoice choice) => _targets[choice.Version];
}
