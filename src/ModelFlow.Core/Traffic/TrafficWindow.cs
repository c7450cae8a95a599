using ModelFlow.Core.Naming;

namespace ModelFlow.Core.Traffic;

/// <summary>What one gateway counted for one model and route generation in one stretch of time.</summary>
public sealed record TrafficWindow
{
    /// <summary>The gateway that counted.</summary>
    public required string Gateway { get; init; }

    /// <summary>The model.</summary>
    public required ModelName Model { get; init; }

    /// <summary>The route generation the requests were split by.</summary>
    public required long Generation { get; init; }

    /// <summary>The ramp step of that generation; null when none was ramping.</summary>
    public int? Step { get; init; }

    /// <summary>When it began, by the gateway's clock.</summary>
    public required DateTimeOffset Start { get; init; }

    /// <summary>How long it is.</summary>
    public required TimeSpan Length { get; init; }

    /// <summary>Unique per gateway and rising: the same number is the same window.</summary>
    public required long Number { get; init; }
}

/// <summary>A sign of life: sent with every report, also when there was no traffic.</summary>
/// <param name="Gateway">The gateway: a name that survives its restarts.</param>
/// <param name="At">When, by the gateway's clock.</param>
/// <param name="Control">Where routes can be pushed to.</param>
/// <param name="Generations">The generation it serves of each model it knows.</param>
public sealed record GatewayHeartbeat(string Gateway, DateTimeOffset At, Uri Control, IReadOnlyDictionary<ModelName, long> Generations);

/// <summary>What a gateway sends every few seconds.</summary>
/// <param name="Heartbeat">Its sign of life.</param>
/// <param name="Windows">What it counted since, at most one per model and generation.</param>
public sealed record GatewayReport(GatewayHeartbeat Heartbeat, IReadOnlyList<TrafficWindow> Windows);
