using ModelFlow.Core.Analysis;
using ModelFlow.Core.Naming;

namespace ModelFlow.Core.Backtesting;

/// <summary>How a past release would have gone under a policy, as far as its recorded traffic says.</summary>
public sealed record BacktestRun
{
    /// <summary>How it ends.</summary>
    public required BacktestEnd End { get; init; }

    /// <summary>Why, in a sentence.</summary>
    public required string Reason { get; init; }

    /// <summary>The steps that were entered.</summary>
    public required IReadOnlyList<BacktestStep> Steps { get; init; }

    /// <summary>The candidate's requests over all steps, to the end.</summary>
    public required long CandidateRequests { get; init; }

    /// <summary>Requests or marks that an injected fault made worse, to the end; 0 without one.</summary>
    public required long HarmedRequests { get; init; }

    /// <summary>How long the ramp was watched, to the end.</summary>
    public required TimeSpan Watched { get; init; }
}

/// <summary>How a backtest of one release ends.</summary>
public enum BacktestEnd
{
    /// <summary>Every step passed.</summary>
    Passed,

    /// <summary>A guardrail stopped it.</summary>
    Stopped,

    /// <summary>A step was inconclusive to its limit, and the policy says hold or roll back.</summary>
    Inconclusive,

    /// <summary>The recorded traffic ends before anything is decided.</summary>
    NotEnoughTraffic,
}

/// <summary>One step of the policy on recorded traffic.</summary>
public sealed record BacktestStep
{
    /// <summary>The step, counted from 0.</summary>
    public required int Step { get; init; }

    /// <summary>Its weight in the policy.</summary>
    public required Weight Weight { get; init; }

    /// <summary>The weight of the recorded step that stands in for it.</summary>
    public required Weight RecordedWeight { get; init; }

    /// <summary>The newest verdict.</summary>
    public required Verdict Verdict { get; init; }

    /// <summary>For how long it was watched.</summary>
    public required TimeSpan Watched { get; init; }

    /// <summary>How long the recorded step lasted; absent if it was running when it was read.</summary>
    public TimeSpan? RecordedWatched { get; init; }

    /// <summary>After how long it was healthy for the first time; absent if it never was.</summary>
    public TimeSpan? HealthyAfter { get; init; }

    /// <summary>Whether the recorded traffic ended, in good health, before the policy's bake time was over.</summary>
    public required bool CutShort { get; init; }

    /// <summary>The candidate's requests in it.</summary>
    public required long CandidateRequests { get; init; }

    /// <summary>Stable's requests in it.</summary>
    public required long StableRequests { get; init; }

    /// <summary>The looks, oldest first; not part of an answer.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public IReadOnlyList<GuardrailReport> Looks { get; init; } = [];
}
