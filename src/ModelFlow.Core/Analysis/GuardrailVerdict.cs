using System.Text.Json.Serialization;

namespace ModelFlow.Core.Analysis;

/// <summary>What live traffic says of a candidate.</summary>
public enum Verdict
{
    /// <summary>Neither is established; never counts as success.</summary>
    Inconclusive,

    /// <summary>Of every watched metric it is established that it is not worse than tolerated.</summary>
    Healthy,

    /// <summary>A metric is established to be worse than tolerated.</summary>
    Harmful,
}

/// <summary>One look at one step of a ramp.</summary>
/// <param name="Verdict">The worst of the metrics' verdicts; no metric at all is inconclusive.</param>
/// <param name="Metrics">Each watched metric.</param>
/// <param name="StableRequests">Requests the stable version answered in the step.</param>
/// <param name="CandidateRequests">Requests the candidate answered in the step.</param>
/// <param name="FalseAlarmBudget">The chance that this attempt is stopped though no metric is worse than tolerated; 0 in looks of an older version of ModelFlow.</param>
public sealed record GuardrailReport(
    Verdict Verdict, IReadOnlyList<MetricVerdict> Metrics, long StableRequests, long CandidateRequests, double FalseAlarmBudget = 0);

/// <summary>One metric's verdict with the numbers it was given on.</summary>
/// <param name="Metric">The policy's field, for example <c>latencyP95Ratio</c>.</param>
/// <param name="Verdict">The verdict.</param>
/// <param name="Stable">The stable version's value: a fraction, or milliseconds.</param>
/// <param name="Candidate">The candidate's value in the same unit.</param>
/// <param name="Tolerance">The policy's value.</param>
/// <param name="Message">The whole story in a sentence.</param>
/// <param name="Interval">
/// Bounds of the difference (of fractions) or ratio (of durations) of candidate and stable in this step that hold at every look with 95 %; null when nothing was seen.
/// </param>
/// <param name="Harm">Evidence that the metric is worse than tolerated.</param>
/// <param name="Health">Evidence that it is not.</param>
public sealed record MetricVerdict(
    string Metric,
    Verdict Verdict,
    double Stable,
    double Candidate,
    double Tolerance,
    string Message,
    MetricInterval? Interval = null,
    MetricEvidence? Harm = null,
    MetricEvidence? Health = null);

/// <summary>Bounds.</summary>
/// <param name="Low">The lower one.</param>
/// <param name="High">The upper one; null when nothing bounds it yet.</param>
public sealed record MetricInterval(double Low, double? High);

/// <summary>
/// How far evidence has come: an e-value, the factor by which a fair gambler would have multiplied the stake. It is a chance of at most 1 / <see cref="Needed"/>
/// that it ever reaches <see cref="Needed"/> by luck.
/// </summary>
/// <param name="Value">From 0 to 1e12, where it is cut off.</param>
/// <param name="Needed">What establishes the matter: one over this metric's share of the budget.</param>
public sealed record MetricEvidence(double Value, double Needed)
{
    /// <summary>Whether the matter is established.</summary>
    [JsonIgnore]
    public bool IsEnough => Value >= Needed;

    internal static MetricEvidence Of(double log, double alpha) => new(Math.Min(1e12, Math.Exp(Math.Min(log, 30))), 1 / alpha);
}
