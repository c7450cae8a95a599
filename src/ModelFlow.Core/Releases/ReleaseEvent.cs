using System.Text.Json.Nodes;

namespace ModelFlow.Core.Releases;

/// <summary>One line of a release's story, append-only and chained by hash.</summary>
public sealed record ReleaseEvent
{
    /// <summary>1 for the first.</summary>
    public required int Seq { get; init; }

    /// <summary>What happened, for example <c>stageEntered</c>, <c>gateJudged</c>, <c>approved</c>, <c>trafficShifted</c>, <c>ended</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>When it was decided.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>Who: an identity, or <c>modelflow</c>.</summary>
    public required string By { get; init; }

    /// <summary>The stage it happened in.</summary>
    public required string Stage { get; init; }

    /// <summary>In a sentence.</summary>
    public required string Message { get; init; }

    /// <summary>The numbers, if there are any.</summary>
    public JsonObject? Data { get; init; }

    /// <summary>The hash of the event before; empty for the first.</summary>
    public required string PreviousHash { get; init; }

    /// <summary>SHA-256 over all of the above in canonical form.</summary>
    public required string Hash { get; init; }
}
