namespace ModelFlow.Core.Analysis;

/// <summary>What stops a ramp: tolerances relative to the stable version in the same windows. A tolerance left out is not watched.</summary>
public sealed record GuardrailPolicy
{
    /// <summary>How much greater the candidate's error rate may be, as a difference of fractions, 0 to 1; 0.01 by default.</summary>
    public double? ErrorRateIncrease { get; init; } = 0.01;

    /// <summary>How much slower the candidate's median may be, as a ratio over stable's (1.5 means half as slow again); above 1, to 1,000; not watched by default.</summary>
    public double? LatencyP50Ratio { get; init; }

    /// <summary>How much slower the candidate's 95th percentile may be, as a ratio over stable's; above 1, to 1,000; 1.5 by default.</summary>
    public double? LatencyP95Ratio { get; init; } = 1.5;

    /// <summary>The least requests each version must have had in a step before it can be called healthy, 1 to 1,000,000; 50 by default.</summary>
    public int MinRequests { get; init; } = 50;

    /// <summary>The share of ramps of harmless versions that may be stopped by chance, 0.0001 to 0.2; 0.05 by default. Divided over metrics and steps.</summary>
    public double FalseAlarmBudget { get; init; } = 0.05;
}
