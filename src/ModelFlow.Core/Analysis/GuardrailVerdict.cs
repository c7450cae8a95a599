namespace ModelFlow.Core.Analysis;

/// <summary>What live traffic says of a candidate.</summary>
public enum Verdict
{
    /// <summary>Too little was seen to say; never counts as success.</summary>
    Inconclusive,

    /// <summary>Every watched metric was compared on enough samples and none is worse than tolerated.</summary>
    Healthy,

    /// <summary>A metric is established to be worse than tolerated.</summary>
    Harmful,
}

/// <summary>One look at one step of a ramp.</summary>
/// <param name="Verdict">The worst of the metrics' verdicts; no metric at all is inconclusive.</param>
/// <param name="Metrics">Each watched metric.</param>
/// <param name="StableRequests">Requests the stable version answered in the step.</param>
/// <param name="CandidateRequests">Requests the candidate answered in the step.</param>
public sealed record GuardrailReport(Verdict Verdict, IReadOnlyList<MetricVerdict> Metrics, long StableRequests, long CandidateRequests);

/// <summary>One metric's verdict with the numbers it was given on.</summary>
/// <param name="Metric">The policy's field, for example <c>latencyP95Ratio</c>.</param>
/// <param name="Verdict">The verdict.</param>
/// <param name="Stable">The stable version's value: a fraction, or milliseconds.</param>
/// <param name="Candidate">The candidate's value in the same unit.</param>
/// <param name="Tolerance">The policy's value.</param>
/// <param name="Message">The whole story in a sentence.</param>
public sealed record MetricVerdict(string Metric, Verdict Verdict, double Stable, double Candidate, double Tolerance, string Message);
