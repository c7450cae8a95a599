using ModelFlow.Core.Naming;
using ModelFlow.Core.Traffic;

namespace ModelFlow.Core.Analysis.Replay;

/// <summary>One step of a ramp as it was recorded.</summary>
public sealed record RecordedStep
{
    /// <summary>The step, counted from 0.</summary>
    public required int Step { get; init; }

    /// <summary>The candidate's share of traffic in it.</summary>
    public required Weight Weight { get; init; }

    /// <summary>The route generation that it made.</summary>
    public required long Generation { get; init; }

    /// <summary>When its weight took effect.</summary>
    public required DateTimeOffset From { get; init; }

    /// <summary>When the next step, or the end, began; null while it lasts.</summary>
    public DateTimeOffset? To { get; init; }

    /// <summary>The version beside the candidate, or the fresh instance of it that the candidate was compared with.</summary>
    public required VersionName Stable { get; init; }

    /// <summary>The candidate's share of the traffic that was compared; null where that is its weight, as all of stable was compared.</summary>
    public Weight? ComparedShare { get; init; }

    /// <summary>Which windows its looks took in; null if that was not logged.</summary>
    public StepLooks? Looks { get; init; }

    /// <summary>The stored windows of its generation, in any order.</summary>
    public IReadOnlyList<TrafficWindow> Windows { get; init; } = [];
}

/// <summary>One look computed again.</summary>
/// <param name="At">When it was, to the millisecond.</param>
/// <param name="Report">What it says.</param>
public sealed record ReplayedLook(DateTimeOffset At, GuardrailReport Report);

/// <summary>The looks of one step computed again.</summary>
/// <param name="Step">The step.</param>
/// <param name="Looks">Oldest first; without those that found no new window.</param>
/// <param name="Exact">Whether every look took in the very windows that it took in then.</param>
/// <param name="Expected">How many windows its looks took in then; null if that was not logged.</param>
/// <param name="Found">How many of them are stored still.</param>
public sealed record ReplayedStep(RecordedStep Step, IReadOnlyList<ReplayedLook> Looks, bool Exact, long? Expected, long Found)
{
    /// <summary>Whether windows that a look took in are not stored any more: then what is computed is not what was found.</summary>
    public bool IsIncomplete => Expected is { } expected ? Found < expected : Step.Windows.Count == 0;
}
