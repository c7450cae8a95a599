using ModelFlow.Core.Naming;

namespace ModelFlow.Core.Analysis.Series;

/// <summary>What a chart of a release's live analysis needs.</summary>
public sealed record AnalysisSeries
{
    /// <summary>The false-alarm budget and how it is divided.</summary>
    public required BudgetUse Budget { get; init; }

    /// <summary>The shadow step; absent where none was begun.</summary>
    public ShadowSeries? Shadow { get; init; }

    /// <summary>The steps that were entered, oldest first.</summary>
    public required IReadOnlyList<StepSeries> Steps { get; init; }

    /// <summary>How many looks there were, without those that found nothing new.</summary>
    public required int Looks { get; init; }

    /// <summary>How many of them are in the series: beyond what was asked for, looks between two changes of verdict are left out evenly.</summary>
    public required int Shown { get; init; }

    /// <summary>Whether the series is what the looks found. If not, <see cref="Notes"/> says what is missing.</summary>
    public required bool Complete { get; init; }

    /// <summary>What a reader of the series has to know, in sentences.</summary>
    public required IReadOnlyList<string> Notes { get; init; }
}

/// <summary>The false-alarm budget of a release. Shares are chances, 0 to 1.</summary>
/// <param name="Whole">For all attempts at the version together.</param>
/// <param name="EarlierAttempts">What attempts before this one had of it.</param>
/// <param name="ThisAttempt">What this attempt has.</param>
/// <param name="LaterAttempts">What is left for attempts after this one.</param>
/// <param name="PerMetric">What each metric that can stop the ramp has of this attempt's.</param>
public sealed record BudgetUse(double Whole, double EarlierAttempts, double ThisAttempt, double LaterAttempts, double PerMetric)
{
    /// <summary>What the shadow step has for this attempt, beside the numbers above, which are of the weights; absent where the policy has no shadow step.</summary>
    public double? Shadow { get; init; }
}

/// <summary>The shadow step: pairs of answers to the same requests. Its points' <see cref="MetricPoint.StableRequests"/> are pairs.</summary>
public sealed record ShadowSeries
{
    /// <summary>The share of stable's requests that is mirrored.</summary>
    public required Weight Share { get; init; }

    /// <summary>The route generation that it made.</summary>
    public required long Generation { get; init; }

    /// <summary>When mirroring began.</summary>
    public required DateTimeOffset From { get; init; }

    /// <summary>When the first weight, or the end, began; absent while it lasts.</summary>
    public DateTimeOffset? To { get; init; }

    /// <inheritdoc cref="StepSeries.Source"/>
    public required LookSource Source { get; init; }

    /// <inheritdoc cref="StepSeries.WindowsTakenIn"/>
    public long? WindowsTakenIn { get; init; }

    /// <inheritdoc cref="StepSeries.WindowsFound"/>
    public required long WindowsFound { get; init; }

    /// <inheritdoc cref="StepSeries.Looks"/>
    public required int Looks { get; init; }

    /// <summary>Pairs up to the newest look.</summary>
    public required long Pairs { get; init; }

    /// <inheritdoc cref="StepSeries.Verdict"/>
    public Verdict? Verdict { get; init; }

    /// <inheritdoc cref="StepSeries.Metrics"/>
    public required IReadOnlyList<MetricSeries> Metrics { get; init; }
}

/// <summary>One step of the ramp.</summary>
public sealed record StepSeries
{
    /// <summary>The step, counted from 0.</summary>
    public required int Step { get; init; }

    /// <summary>The candidate's share of traffic in it.</summary>
    public required Weight Weight { get; init; }

    /// <summary>The fresh instance of stable that the candidate is compared with; absent where that is stable itself.</summary>
    public VersionName? FreshBaseline { get; init; }

    /// <summary>The route generation that it made.</summary>
    public required long Generation { get; init; }

    /// <summary>When its weight took effect.</summary>
    public required DateTimeOffset From { get; init; }

    /// <summary>When the next step, or the end, began; absent while it lasts.</summary>
    public DateTimeOffset? To { get; init; }

    /// <summary>Where the looks come from.</summary>
    public required LookSource Source { get; init; }

    /// <summary>How many windows its looks took in; absent if that was not logged.</summary>
    public long? WindowsTakenIn { get; init; }

    /// <summary>How many of them are stored still.</summary>
    public required long WindowsFound { get; init; }

    /// <summary>How many looks it had, without those that found nothing new; those that are in the series are in each metric's points.</summary>
    public required int Looks { get; init; }

    /// <summary>The newest look's verdict; absent before the first.</summary>
    public Verdict? Verdict { get; init; }

    /// <summary>Each watched metric.</summary>
    public required IReadOnlyList<MetricSeries> Metrics { get; init; }
}

/// <summary>Where the looks of a step come from.</summary>
public enum LookSource
{
    /// <summary>Computed again from the very windows that each look took in.</summary>
    Replayed,

    /// <summary>Computed again from the stored windows, at about the times of the looks: which windows each of them took in was not logged.</summary>
    Approximated,

    /// <summary>Only those looks that the release's events tell of: the ones that changed a verdict or ended a step. The windows are gone, or too many.</summary>
    Events,
}

/// <summary>One metric in one step.</summary>
public sealed record MetricSeries
{
    /// <summary>The policy's field, for example <c>latencyP95Ratio</c>; also metrics that no policy names, such as <c>sampleRatio</c>.</summary>
    public required string Metric { get; init; }

    /// <summary>How the versions are compared.</summary>
    public required ComparedAs ComparedAs { get; init; }

    /// <summary>The policy's tolerance.</summary>
    public required double Tolerance { get; init; }

    /// <summary>The evidence that establishes harm; absent where none can.</summary>
    public double? HarmNeeded { get; init; }

    /// <summary>The evidence that establishes health; absent where none is needed.</summary>
    public double? HealthNeeded { get; init; }

    /// <summary>The chance of a false alarm that looks up to the end of this step can have used, 0 to the metric's whole share; 0 for what stops no ramp.</summary>
    public required double BudgetSpent { get; init; }

    /// <summary>What is left of the metric's share for later steps.</summary>
    public required double BudgetLeft { get; init; }

    /// <summary>The newest look in a sentence.</summary>
    public required string Message { get; init; }

    /// <summary>The looks, oldest first.</summary>
    public required IReadOnlyList<MetricPoint> Points { get; init; }
}

/// <summary>How a metric compares the two versions.</summary>
public enum ComparedAs
{
    /// <summary>Shares from 0 to 1, by candidate − stable.</summary>
    Difference,

    /// <summary>Milliseconds, by candidate / stable.</summary>
    Ratio,
}

/// <summary>One look at one metric.</summary>
public sealed record MetricPoint
{
    /// <summary>When.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>What it found of this metric, by <see cref="Harm"/> and <see cref="Health"/>.</summary>
    public required Verdict Verdict { get; init; }

    /// <summary>Pairs of answers, in a shadow step; absent elsewhere.</summary>
    public long? Pairs { get; init; }

    /// <summary>Stable's requests in this step.</summary>
    public required long StableRequests { get; init; }

    /// <summary>The candidate's requests in this step.</summary>
    public required long CandidateRequests { get; init; }

    /// <summary>Stable's value: a share, or milliseconds.</summary>
    public required double Stable { get; init; }

    /// <summary>The candidate's value in the same unit.</summary>
    public required double Candidate { get; init; }

    /// <summary>The difference or ratio of the two; absent for a ratio to nothing.</summary>
    public double? Effect { get; init; }

    /// <summary>
    /// Bounds of <see cref="Effect"/> that hold at every look with 95 %, on both sides; absent when nothing was seen. Wider than what decides: a verdict rests on
    /// evidence about one question with the policy's own budgets, so where it is healthy the interval may still reach past the tolerance.
    /// </summary>
    public MetricInterval? Interval { get; init; }

    /// <summary>Evidence of harm: an e-value.</summary>
    public double? Harm { get; init; }

    /// <summary>Evidence of its absence.</summary>
    public double? Health { get; init; }

    /// <summary>How far the evidence of harm has come, 0 to 1, by its logarithm.</summary>
    public double? TowardHarm { get; init; }

    /// <summary>How far the evidence of its absence has come, 0 to 1.</summary>
    public double? TowardHealth { get; init; }
}
