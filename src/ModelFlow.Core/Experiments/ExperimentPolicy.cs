namespace ModelFlow.Core.Experiments;

/// <summary>An A/B experiment in a ramp step: whether the candidate is better than stable by a primary metric, while the guardrails stay on beside it.</summary>
public sealed record ExperimentPolicy
{
    /// <summary>The primary metric; feedback by default.</summary>
    public ExperimentMetric Metric { get; init; } = ExperimentMetric.Feedback;

    /// <summary>When the result counts; sequential by default.</summary>
    public ExperimentMode Mode { get; init; } = ExperimentMode.Sequential;

    /// <summary>The least difference that matters, 0.001 to 0.5: within ± this much two versions are the same.</summary>
    public required double MinimumEffect { get; init; }

    /// <summary>How sure a result has to be, 0.8 to 0.9999; 0.95 by default. The experiment as a whole errs with at most 1 − this.</summary>
    public double Confidence { get; init; } = 0.95;

    /// <summary>For planning: the chance that a difference of <see cref="MinimumEffect"/> is found, 0.5 to 0.999; 0.8 by default.</summary>
    public double Power { get; init; } = 0.8;

    /// <summary>For planning: stable's mean, 0.01 to 0.99; 0.5 by default, which needs the most.</summary>
    public double ExpectedMean { get; init; } = 0.5;

    /// <summary>Fixed mode: how many outcomes each version has when the one look is taken, 30 to 100,000,000; null for what <see cref="ExperimentPlan"/> says.</summary>
    public int? SampleSize { get; init; }

    /// <summary>After this it ends with what it has, 1 second to 30 days, pauses left out; 7 days by default.</summary>
    public TimeSpan Longest { get; init; } = TimeSpan.FromDays(7);

    /// <summary>What follows when there is no difference that matters; go on by default.</summary>
    public NoDifferenceRule WhenNoDifference { get; init; } = NoDifferenceRule.Continue;

    /// <summary>Slices in which established harm loses the experiment, at most <see cref="MaxGuardedSlices"/>. The others are shown.</summary>
    public IReadOnlyList<string> GuardedSlices { get; init; } = [];

    /// <summary>The most guarded slices.</summary>
    public const int MaxGuardedSlices = 10;
}

/// <summary>What an experiment compares: means of values from 0 to 1 of which more is better.</summary>
public enum ExperimentMetric
{
    /// <summary>The mean mark of users' feedback.</summary>
    Feedback,

    /// <summary>The share of requests that did not fail by the version's fault.</summary>
    SuccessRate,
}

/// <summary>When an experiment's result counts.</summary>
public enum ExperimentMode
{
    /// <summary>At every look: intervals hold at all looks at once, so the first that says enough decides.</summary>
    Sequential,

    /// <summary>At one look, at the planned size or after the longest time, whichever comes first. Nothing is said before.</summary>
    Fixed,
}

/// <summary>What follows when two versions differ by less than matters.</summary>
public enum NoDifferenceRule
{
    /// <summary>The ramp goes on.</summary>
    Continue,

    /// <summary>The traffic goes back to stable.</summary>
    Rollback,

    /// <summary>The step stays until an operator promotes or aborts.</summary>
    Hold,
}
