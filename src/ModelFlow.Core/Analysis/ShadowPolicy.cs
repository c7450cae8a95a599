using ModelFlow.Core.Naming;

namespace ModelFlow.Core.Analysis;

/// <summary>
/// The step before the first weight: a share of the requests is mirrored to the candidate, whose answers reach nobody, and each pair of answers to the same
/// request is compared. A tolerance that is null is not watched.
/// </summary>
public sealed record ShadowPolicy
{
    /// <summary>The share of the requests answered by stable that is mirrored, above 0 to 100 %; 10 % by default.</summary>
    public Weight Share { get; init; } = new(1_000);

    /// <summary>How long it is watched at least. 1 second to 30 days; 10 minutes by default.</summary>
    public TimeSpan Bake { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>The least pairs before it can be called healthy, 1 to 1,000,000; 100 by default.</summary>
    public int MinPairs { get; init; } = 100;

    /// <summary>The share of answers that may disagree with stable's, 0.001 to 0.99; 0.1 by default.</summary>
    public double? MaxDisagreement { get; init; } = 0.1;

    /// <summary>How far the answers' scores may be from stable's, as the mean of distances from 0 to 1; 0.001 to 0.99; not watched by default.</summary>
    public double? MaxScoreDifference { get; init; }

    /// <summary>How much more often the candidate may fail on the same requests, as a difference of fractions, 0 to 0.99; 0.01 by default.</summary>
    public double? ErrorRateIncrease { get; init; } = 0.01;

    /// <summary>
    /// How much longer than stable the candidate may take for the same request, as a multiple, above 1 to 1,000; 1.5 by default. Too slow is a candidate that
    /// takes longer than that for more than half of the requests.
    /// </summary>
    public double? LatencyRatio { get; init; } = 1.5;
}
