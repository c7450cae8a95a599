namespace ModelFlow.Core.Analysis;

/// <summary>What stops a ramp: tolerances relative to the stable version in the same windows. A tolerance that is null is not watched.</summary>
public sealed record GuardrailPolicy
{
    /// <summary>How much greater the candidate's error rate may be, as a difference of fractions, 0 to 1; 0.01 by default.</summary>
    public double? ErrorRateIncrease { get; init; } = 0.01;

    /// <summary>
    /// How much greater the candidate's error rate may be, as a ratio over stable's, 1 to 1,000; null by default. With <see cref="ErrorRateIncrease"/>
    /// both add up: at most <c>ratio · stable + increase</c>.
    /// </summary>
    public double? ErrorRateRatio { get; init; }

    /// <summary>How much slower the candidate's median may be, as a ratio over stable's (1.5 means half as slow again); above 1, to 1,000; not watched by default.</summary>
    public double? LatencyP50Ratio { get; init; }

    /// <summary>How much slower the candidate's 95th percentile may be, as a ratio over stable's; above 1, to 1,000; 1.5 by default.</summary>
    public double? LatencyP95Ratio { get; init; } = 1.5;

    /// <summary>The same for the 99th percentile; not watched by default.</summary>
    public double? LatencyP99Ratio { get; init; }

    /// <summary>The same for the median time to the first byte of an answer; not watched by default.</summary>
    public double? FirstByteP50Ratio { get; init; }

    /// <summary>The same for the 95th percentile of the time to the first byte; not watched by default.</summary>
    public double? FirstByteP95Ratio { get; init; }

    /// <summary>How much lower the mean mark of users' feedback may be, as a difference of marks from 0 to 1; not watched by default.</summary>
    public double? FeedbackDrop { get; init; }

    /// <summary>The least requests each version must have had in a step before it can be called healthy, 1 to 1,000,000; 50 by default.</summary>
    public int MinRequests { get; init; } = 50;

    /// <summary>
    /// The share of harmless versions that may be stopped by chance, 0.0001 to 0.2; 0.05 by default. For the whole release, however often one
    /// looks: divided over metrics, steps and attempts at the same version.
    /// </summary>
    public double FalseAlarmBudget { get; init; } = 0.05;

    /// <summary>The share of harmful versions that may be called healthy by chance in a step, 0.0001 to 0.2; 0.05 by default.</summary>
    public double MissBudget { get; init; } = 0.05;

    /// <summary>
    /// The part of <see cref="FalseAlarmBudget"/> that an attempt at the same version has: four fifths for the first, and of the rest half for the second,
    /// a quarter for the third and so on. All attempts together have the whole.
    /// </summary>
    /// <param name="attempt">1 for the first.</param>
    public double BudgetOf(int attempt)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(attempt, 1);
        return FalseAlarmBudget * (attempt == 1 ? 0.8 : 0.2 * Math.Pow(0.5, attempt - 1));
    }
}
