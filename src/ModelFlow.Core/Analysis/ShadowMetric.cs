using ModelFlow.Core.Traffic;

namespace ModelFlow.Core.Analysis;

/// <summary>What pairs are compared in.</summary>
/// <param name="Name">The policy's field, below <c>ramp</c>.</param>
/// <param name="Bad">How many pairs it is about, and the sum of what counts as bad.</param>
/// <param name="Outcomes">The outcomes that are bet on.</param>
/// <param name="Tolerance">The policy's value; null where it is not watched.</param>
internal sealed record ShadowMetric(
    string Name, Func<PairTotals, (double Trials, double Sum)> Bad, Func<PairTotals, PairedOutcomes> Outcomes, Func<ShadowPolicy, double?> Tolerance)
{
    public static readonly ShadowMetric Errors = new(
        "shadow.errorRateIncrease",
        p => (p.Pairs, p.CandidateFailed),
        p => PairedOutcomes.Differences(p.Pairs, p.StableFailed, p.CandidateFailed),
        p => p.ErrorRateIncrease);

    public static readonly ShadowMetric Disagreement = new(
        "shadow.maxDisagreement", p => (p.Compared, p.Disagreement), p => PairedOutcomes.Shares(p.Compared, p.Disagreement), p => p.MaxDisagreement);

    public static readonly ShadowMetric Score = new(
        "shadow.maxScoreDifference", p => (p.Scored, p.ScoreDifference), p => PairedOutcomes.Shares(p.Scored, p.ScoreDifference), p => p.MaxScoreDifference);

    public static readonly ShadowMetric Latency = new(
        "shadow.latencyRatio", p => (p.Timed, p.Slower), p => PairedOutcomes.Shares(p.Timed, p.Slower), p => p.LatencyRatio);

    public static readonly IReadOnlyList<ShadowMetric> All = [Errors, Disagreement, Score, Latency];

    /// <summary>What the mean of the outcomes may be: of slower pairs a half, as the ratio is in the counting.</summary>
    public double Limit(double tolerance) => this == Latency ? 0.5 : tolerance;
}
