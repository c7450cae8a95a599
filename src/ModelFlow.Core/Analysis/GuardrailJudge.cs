using System.Globalization;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Traffic;

namespace ModelFlow.Core.Analysis;

/// <summary>
/// Compares a candidate with the stable version on live traffic. May be asked as often as one likes: every bound it uses holds at all
/// sample sizes at once (<see cref="BernoulliSequence"/>). The false-alarm budget is divided evenly over watched metrics and ramp steps
/// (union bound), and each metric's part over its two versions. A metric is
/// <list type="bullet">
/// <item>harmful when the candidate's value is established to be worse than stable's by more than the tolerance, however few requests that took;</item>
/// <item>healthy when both versions have enough requests and the candidate's measured value is within the tolerance;</item>
/// <item>inconclusive otherwise: too little was seen, or what was seen is bad but could still be chance.</item>
/// </list>
/// Compared are the newest generation's windows only, in which the candidate's lease held throughout, and only requests that were split
/// by their key: never pinned, shadow or fallback ones. Requests are taken to be independent of each other.
/// </summary>
public static class GuardrailJudge
{
    /// <summary>Judges one step of a ramp.</summary>
    /// <param name="policy">What is watched, and the tolerances.</param>
    /// <param name="windows">The step's windows; the same window twice counts once.</param>
    /// <param name="stable">The version to compare with.</param>
    /// <param name="candidate">The version in question.</param>
    /// <param name="steps">How many steps the ramp has, 1 or more.</param>
    /// <param name="reference">
    /// For a step in which the candidate has all traffic and stable none: the windows of the step before, whose stable numbers
    /// then stand in. A comparison over time, so weaker than one side by side; the messages say so. Null otherwise.
    /// </param>
    public static GuardrailReport Judge(
        GuardrailPolicy policy,
        IReadOnlyCollection<TrafficWindow> windows,
        VersionName stable,
        VersionName candidate,
        int steps,
        IReadOnlyCollection<TrafficWindow>? reference = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(steps, 1);
        var current = Newest(windows).Where(w => w.Leased).ToList();
        var theirs = TrafficTotals.Of(reference is null ? current : Newest(reference), stable, TrafficKind.Normal);
        var ours = TrafficTotals.Of(current, candidate, TrafficKind.Normal);

        var watched = new[] { policy.ErrorRateIncrease, policy.LatencyP50Ratio, policy.LatencyP95Ratio }.Count(t => t is not null);
        var alpha = Math.Clamp(policy.FalseAlarmBudget, 1e-9, 0.5) / Math.Max(1, watched * steps) / 2;
        var comparison = new Comparison(theirs, ours, Math.Max(1, policy.MinRequests), alpha, reference is null ? "" : " in the step before");

        var metrics = new List<MetricVerdict>();
        if (policy.ErrorRateIncrease is { } increase)
        {
            metrics.Add(comparison.Errors("errorRateIncrease", increase));
            metrics.Add(comparison.ClientErrors("clientErrorRateIncrease", increase));
        }

        if (policy.LatencyP50Ratio is { } p50)
        {
            metrics.Add(comparison.Latency("latencyP50Ratio", 0.5, p50));
        }

        if (policy.LatencyP95Ratio is { } p95)
        {
            metrics.Add(comparison.Latency("latencyP95Ratio", 0.95, p95));
        }

        return new GuardrailReport(Worst(metrics), metrics, theirs.Requests, ours.Requests);
    }

    private static IEnumerable<TrafficWindow> Newest(IReadOnlyCollection<TrafficWindow> windows)
    {
        var newest = windows.Count == 0 ? 0 : windows.Max(w => w.Generation);
        return windows.Where(w => w.Generation == newest);
    }

    private static Verdict Worst(List<MetricVerdict> metrics) =>
        metrics.Exists(m => m.Verdict == Verdict.Harmful) ? Verdict.Harmful
        : metrics.Count == 0 || metrics.Exists(m => m.Verdict == Verdict.Inconclusive) ? Verdict.Inconclusive
        : Verdict.Healthy;

    private sealed record Comparison(TrafficTotals Stable, TrafficTotals Candidate, int MinRequests, double Alpha, string Where)
    {
        public MetricVerdict Errors(string metric, double tolerance) =>
            Rates(metric, "error rate", Stable.Errors, Candidate.Errors, tolerance, Verdict.Harmful);

        // The client's mistakes are not held against a version, and one client that repeats a bad request is no reason to stop a ramp.
        // But as keys are split at random, a version that refuses clearly more than stable is not healthy until somebody looked.
        public MetricVerdict ClientErrors(string metric, double tolerance) =>
            Rates(metric, "rate of 4xx answers", Stable.ClientErrors, Candidate.ClientErrors, tolerance, Verdict.Inconclusive);

        public MetricVerdict Latency(string metric, double quantile, double tolerance)
        {
            // A client that went away waited at least that long. Taken as exactly that long on the candidate's side and as endless on
            // stable's side, it can only make harm harder to establish.
            var ours = Candidate.Latency.Merge(Candidate.AbortedAfter);
            var theirs = Stable.Latency.Merge(Stable.AbortedAfter);
            var lowerRank = BernoulliSequence.LowerRank(quantile, ours.Count, Alpha);
            var upperRank = BernoulliSequence.UpperRank(quantile, theirs.Count, Alpha);
            var atLeast = lowerRank == 0 ? 0 : Milliseconds(LogHistogram.LowerEdge(ours.BinAtRank(lowerRank)));
            var atMost = upperRank > Stable.Latency.Count ? double.PositiveInfinity : Milliseconds(LogHistogram.UpperEdge(Stable.Latency.BinAtRank(upperRank)));
            var value = Milliseconds(ours.Quantile(quantile) ?? 0);
            var reference = Milliseconds(theirs.Quantile(quantile) ?? 0);

            var percentile = Text(quantile * 100, "0");
            var numbers = $"latency p{percentile} {Text(value, "0.##")} ms against {Text(reference, "0.##")} ms of stable{Where}";
            var limit = $"at most {Text(tolerance, "0.###")} times is allowed";
            var seen = $"after {ours.Count} and {theirs.Count} timed requests";
            var few = ours.Count < MinRequests || theirs.Count < MinRequests;
            var (verdict, message) =
                !double.IsFinite(tolerance) || tolerance <= 0 ? (Verdict.Inconclusive, $"{numbers}; the tolerance is not a usable number")
                : atLeast > tolerance * atMost ? (Verdict.Harmful, $"{numbers}, established as at least {Text(atLeast, "0.##")} ms against at most {Text(atMost, "0.##")} ms {seen}; {limit}")
                : few ? (Verdict.Inconclusive, $"{numbers} {seen}; at least {MinRequests} each are needed")
                : value > tolerance * reference ? (Verdict.Inconclusive, $"{numbers} {seen}; {limit}, but this could still be chance")
                : (Verdict.Healthy, $"{numbers} {seen}; {limit}");
            return new MetricVerdict(metric, verdict, reference, value, double.IsFinite(tolerance) ? tolerance : 0, message);
        }

        private MetricVerdict Rates(string metric, string name, long theirBad, long ourBad, double tolerance, Verdict worst)
        {
            var value = Share(ourBad, Candidate.Requests);
            var reference = Share(theirBad, Stable.Requests);
            var atLeast = BernoulliSequence.LowerBound(ourBad, Candidate.Requests, Alpha);
            var atMost = BernoulliSequence.UpperBound(theirBad, Stable.Requests, Alpha);

            var numbers = $"{name} {Percent(value)} against {Percent(reference)} of stable{Where}";
            var limit = $"an increase by {Percent(tolerance)} is allowed";
            var seen = $"after {Candidate.Requests} and {Stable.Requests} requests";
            var few = Candidate.Requests < MinRequests || Stable.Requests < MinRequests;
            var (verdict, message) =
                !double.IsFinite(tolerance) ? (Verdict.Inconclusive, $"{numbers}; the tolerance is not a usable number")
                : atLeast > atMost + tolerance ? (worst, $"{numbers}, established as at least {Percent(atLeast)} against at most {Percent(atMost)} {seen}; {limit}")
                : few ? (Verdict.Inconclusive, $"{numbers} {seen}; at least {MinRequests} each are needed")
                : worst == Verdict.Harmful && value > reference + tolerance ? (Verdict.Inconclusive, $"{numbers} {seen}; {limit}, but this could still be chance")
                : (Verdict.Healthy, $"{numbers} {seen}; {limit}");
            return new MetricVerdict(metric, verdict, reference, value, double.IsFinite(tolerance) ? tolerance : 0, message);
        }

        private static double Share(long part, long whole) => whole == 0 ? 0 : part / (double)whole;

        private static double Milliseconds(double microseconds) => microseconds / 1_000;

        private static string Percent(double share) => Text(share * 100, "0.##") + " %";

        private static string Text(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
    }
}
