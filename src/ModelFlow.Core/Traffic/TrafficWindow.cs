using System.Text.Json.Serialization;
using ModelFlow.Core.Naming;

namespace ModelFlow.Core.Traffic;

/// <summary>What one gateway counted for one model and route generation in one stretch of time: about a second.</summary>
public sealed record TrafficWindow
{
    /// <summary>The most cells a window may have: 4 versions, 64 groups of keys, 4 kinds.</summary>
    public const int MaxCells = 1024;

    /// <summary>The version of this record's shape.</summary>
    public const int CurrentSchema = 1;

    /// <summary>The shape it was written in.</summary>
    public int Schema { get; init; } = CurrentSchema;

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

    /// <summary>
    /// Whether the candidates' weights held from its beginning to its end. Windows in which the lease ran out are no
    /// fair comparison: in a part of them the candidate had no traffic.
    /// </summary>
    public bool Leased { get; init; }

    /// <summary>What was counted; only cells in which something was. A request counts in the window in which it ended.</summary>
    public IReadOnlyList<TrafficCell> Cells { get; init; } = [];

    /// <summary>The same requests by the slices that clients named, while a version ramps; null when none did.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<SliceCell>? Slices { get; init; }

    /// <inheritdoc/>
    public bool Equals(TrafficWindow? other) => other is not null
        && Schema == other.Schema && string.Equals(Gateway, other.Gateway, StringComparison.Ordinal) && Model == other.Model
        && Generation == other.Generation && Step == other.Step && Start == other.Start && Length == other.Length
        && Number == other.Number && Leased == other.Leased && Cells.SequenceEqual(other.Cells)
        && (Slices ?? []).SequenceEqual(other.Slices ?? []);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Gateway, Number);
}

/// <summary>A sign of life: sent with every report, also when there was no traffic.</summary>
/// <param name="Gateway">The gateway: a name that survives its restarts.</param>
/// <param name="At">When, by the gateway's clock.</param>
/// <param name="Control">Where routes can be pushed to.</param>
/// <param name="Generations">The generation it serves of each model it knows.</param>
public sealed record GatewayHeartbeat(string Gateway, DateTimeOffset At, Uri Control, IReadOnlyDictionary<ModelName, long> Generations)
{
    /// <summary>The most versions it names as <see cref="Draining"/>.</summary>
    public const int MaxDraining = 256;

    /// <summary>Versions that its routes no longer name and that still have requests under way; null for none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<DrainingVersion>? Draining { get; init; }
}

/// <summary>A version that gets no new requests but by a pin.</summary>
/// <param name="Model">The model.</param>
/// <param name="Version">The version.</param>
/// <param name="InFlight">Its requests under way.</param>
public sealed record DrainingVersion(ModelName Model, VersionName Version, int InFlight);

/// <summary>What a gateway sends every few seconds.</summary>
/// <param name="Heartbeat">Its sign of life.</param>
/// <param name="Windows">What it counted since, and what an earlier report could not deliver.</param>
public sealed record GatewayReport(GatewayHeartbeat Heartbeat, IReadOnlyList<TrafficWindow> Windows);
