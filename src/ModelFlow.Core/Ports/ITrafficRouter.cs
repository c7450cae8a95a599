using ModelFlow.Core.Naming;
using ModelFlow.Core.Traffic;

namespace ModelFlow.Core.Ports;

/// <summary>The data plane: what splits live traffic by the route.</summary>
public interface ITrafficRouter
{
    /// <summary>
    /// Tells every gateway the model's route. Never fails for a gateway that is away: it polls. Answers how many confirmed
    /// and how many are known, after at most a few seconds.
    /// </summary>
    Task<PushedRoute> PushAsync(ServedRoute route, CancellationToken cancellationToken);
}

/// <summary>Who confirmed a pushed route.</summary>
public sealed record PushedRoute(int Confirmed, int Known);

/// <summary>What gateways measured.</summary>
public interface ITrafficWindows
{
    /// <summary>Adds windows that a gateway measured; one that is stored already (same gateway, same number) is not counted twice.</summary>
    Task AddAsync(GatewayReport report, CancellationToken cancellationToken);

    /// <summary>Windows of a model's generation that began, by their gateway's clock, at or after <paramref name="since"/>; oldest first.</summary>
    IAsyncEnumerable<TrafficWindow> ReadAsync(ModelName model, long generation, DateTimeOffset since, CancellationToken cancellationToken);

    /// <summary>The newest heartbeat of every gateway whose report arrived at or after <paramref name="since"/>, by the clock of who stored it.</summary>
    Task<IReadOnlyList<GatewayHeartbeat>> ListGatewaysAsync(DateTimeOffset since, CancellationToken cancellationToken);

    /// <summary>Deletes windows that began before <paramref name="before"/>; answers how many. To be run now and then: nothing else deletes any.</summary>
    Task<int> PruneAsync(DateTimeOffset before, CancellationToken cancellationToken);
}
