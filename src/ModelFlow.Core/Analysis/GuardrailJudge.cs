using System.Globalization;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Traffic;

namespace ModelFlow.Core.Analysis;

/// <summary>
/// Says what the evidence of a ramp amounts to. May be asked as often as one likes: everything it uses holds at all times at once. The false-alarm budget
/// is divided evenly over the metrics that can stop a ramp, and within a metric over the steps. A metric is
/// <list type="bullet">
/// <item>harmful when it is established that the candidate is worse than stable by more than the tolerance, however few requests that took;</item>
/// <item>healthy when it is established that it is not, and both versions have enough requests in this step;</item>
/// <item>inconclusive otherwise.</item>
/// </list>
/// Compared are only windows in which the candidate's lease held throughout, and only requests that were split
/// by their key: never pinned, shadow or fallback ones. See <c>docs/analysis.md</c>.
/// </summary>
public static class GuardrailJudge
{
    // Evidence of a mismatch of the split stops nothing; it keeps a version from being called healthy.
    private const double MismatchAlpha = 0.001;

    private const double IntervalAlpha = 0.05;

    /// <summary>Judges the evidence so far.</summary>
    /// <param name="policy">What is watched, and the tolerances.</param>
    /// <param name="evidence">What was taken in.</param>
    /// <param name="steps">How many steps the ramp has, 1 or more.</param>
    /// <param name="weight">The candidate's share of the traffic that is compared: its weight, or where it is compared with a fresh instance of stable its share of the traffic of the two. With all traffic, stable's numbers of the step before stand in: the messages say so.</param>
    /// <param name="attempt">The release's attempt, 1 or more: later ones have less of the budget.</param>
    public static GuardrailReport Judge(GuardrailPolicy policy, RampEvidence evidence, int steps, Weight weight, int attempt)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(steps, 1);
        var watched = WatchedMetrics.Of(policy);
        var budget = Math.Clamp(policy.BudgetOf(attempt), 1e-12, 0.5);
        var alpha = budget / Math.Max(1, watched.Count(m => m.Worst == Verdict.Harmful));
        var alone = weight == Weight.All;
        var comparison = new Comparison(evidence, alone ? evidence.Reference ?? TrafficTotals.None : evidence.Stable, alone, policy, steps, alpha);
        var metrics = watched.Select(comparison.Judge).ToList();
        if (metrics.Count > 0 && !alone && weight != Weight.None)
        {
            metrics.Add(Split(evidence, weight.BasisPoints / 10_000.0));
        }

        return new GuardrailReport(Worst(metrics), metrics, comparison.Stable.Requests, evidence.Candidate.Requests, budget);
    }

    private static Verdict Worst(List<MetricVerdict> metrics) =>
        metrics.Exists(m => m.Verdict == Verdict.Harmful) ? Verdict.Harmful
        : metrics.Count == 0 || metrics.Exists(m => m.Verdict == Verdict.Inconclusive) ? Verdict.Inconclusive
        : Verdict.Healthy;

    private static MetricVerdict Split(RampEvidence evidence, double weight)
    {
        var (theirs, ours) = (evidence.Stable.FirstSeenKeys, evidence.Candidate.FirstSeenKeys);
        var users = theirs + ours;
        var share = users == 0 ? 0 : ours / (double)users;
        var mismatch = MetricEvidence.Of(SampleRatioTest.LogMismatch(theirs, ours, weight), MismatchAlpha);
        var message = mismatch.IsEnough
            ? $"{Percent(share)} of {users} users came to the candidate where {Percent(weight)} should have: something other than the weights decides who is counted, so the comparison cannot be trusted"
            : $"{Percent(share)} of {users} users came to the candidate; {Percent(weight)} should";
        return new MetricVerdict("sampleRatio", mismatch.IsEnough ? Verdict.Inconclusive : Verdict.Healthy, weight, share, 0, message, Interval: null, Harm: mismatch);
    }

    private static string Percent(double share) => Text(share * 100, "0.##") + " %";

    private static string Text(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);

    private sealed record Comparison(RampEvidence Evidence, TrafficTotals Stable, bool Alone, GuardrailPolicy Policy, int Steps, double Alpha)
    {
        private TrafficTotals Candidate => Evidence.Candidate;

        public MetricVerdict Judge(WatchedMetric metric) => metric switch
        {
            WatchedMetric.Mean { Tolerance: { Ratio: >= 1 and < double.PositiveInfinity, Difference: >= 0 and < double.PositiveInfinity } } mean => Mean(mean),
            WatchedMetric.Quantile { Ratio: > 0 and < double.PositiveInfinity } quantile => Quantile(quantile),
            _ => new MetricVerdict(metric.Name, Verdict.Inconclusive, 0, 0, 0, $"{metric.Title}: the tolerance is not a usable number"),
        };

        private MetricVerdict Mean(WatchedMetric.Mean metric)
        {
            var (theirs, ours) = (metric.Total(Stable), metric.Total(Candidate));
            var seen = new MeanBlock(theirs.Trials, theirs.Sum, ours.Trials, ours.Sum);
            var effect = Evidence.EffectOf(metric.Name);
            var (harm, health) = MeanEvidenceOf(metric, seen.Deflate(effect.Stable, effect.Candidate));
            var (reference, value) = (Share(theirs), Share(ours));
            var limit = metric.Tolerance.Limit(reference);
            return Conclude(
                metric,
                reference,
                value,
                metric.Tolerance.Difference,
                DifferenceOf(seen, effect),
                harm,
                health,
                Math.Min(theirs.Trials, ours.Trials),
                $"{metric.Title} {Percent(value)} against {Percent(reference)} of stable",
                $"at most {Percent(limit)} is tolerated",
                Seen(ours.Trials, theirs.Trials, metric.Unit));
        }

        private (MetricEvidence Harm, MetricEvidence Health) MeanEvidenceOf(WatchedMetric.Mean metric, in MeanBlock effective)
        {
            var bets = Evidence.Means.GetValueOrDefault(metric.Name, MeanEvidence.None);
            if (!Alone)
            {
                return (MetricEvidence.Of(bets.LogHarmWealth, Alpha), MetricEvidence.Of(bets.LogHealthWealth, Policy.MissBudget));
            }

            var now = Math.Log(MeanEvidence.AtSteps / Steps) + ReferenceTest.LogHarm(effective, metric.Tolerance);
            var most = Math.Max(now, bets.LogHarmWealth);
            var harm = most + Math.Log(Math.Exp(now - most) + Math.Exp(bets.LogHarmWealth - most));
            return (MetricEvidence.Of(harm, Alpha), MetricEvidence.Of(ReferenceTest.LogHealth(effective, metric.Tolerance), Policy.MissBudget));
        }

        private MetricVerdict Quantile(WatchedMetric.Quantile metric)
        {
            var (theirs, ours) = (metric.Durations(Stable), metric.Durations(Candidate));

            // How long a client waited that went away bounds from below what its answer would have taken. It says nothing of the first byte, which may have
            // come long before.
            var (theirsAborted, oursAborted) = metric.FirstByte
                ? (LogHistogram.Shortest(Stable.ClientAborts), LogHistogram.Shortest(Candidate.ClientAborts))
                : (Stable.AbortedAfter, Candidate.AbortedAfter);
            var effect = Evidence.EffectOf(metric.Name);
            var (harm, health) = QuantileTest.LogEvidence(theirs, theirsAborted, ours, oursAborted, metric.Level, metric.Ratio, effect.Stable, effect.Candidate);
            var (reference, value) = (Milliseconds(theirs.Quantile(metric.Level) ?? 0), Milliseconds((metric.FirstByte ? ours : ours.Merge(oursAborted)).Quantile(metric.Level) ?? 0));
            return Conclude(
                metric,
                reference,
                value,
                metric.Ratio,
                RatioOf(theirs, ours, metric.Level, effect),
                MetricEvidence.Of(harm, Alpha / Steps),
                MetricEvidence.Of(health, Policy.MissBudget),
                Math.Min(theirs.Count, ours.Count),
                $"{metric.Title} {Text(value, "0.##")} ms against {Text(reference, "0.##")} ms of stable",
                $"at most {Text(metric.Ratio, "0.###")} times is tolerated",
                Seen(ours.Count + oursAborted.Count, theirs.Count + theirsAborted.Count, "timed requests"));
        }

        private MetricVerdict Conclude(
            WatchedMetric metric, double reference, double value, double tolerance, MetricInterval? interval, MetricEvidence harm, MetricEvidence health, double least, string numbers, string limit, string seen)
        {
            numbers += Alone ? " in the step before" : "";
            var (verdict, message) =
                harm.IsEnough ? (metric.Worst, $"{numbers} {seen}; {limit}: harm is established (evidence {Text(harm.Value, "0")}, {Text(harm.Needed, "0")} needed)")
                : least < Policy.MinRequests ? (Verdict.Inconclusive, $"{numbers} {seen}; at least {Policy.MinRequests} each are needed")
                : !health.IsEnough && metric.Worst == Verdict.Harmful ? (Verdict.Inconclusive, $"{numbers} {seen}; {limit}: neither harm nor its absence is established yet")
                : (Verdict.Healthy, $"{numbers} {seen}; {limit}");
            return new MetricVerdict(metric.Name, verdict, reference, value, tolerance, message, interval, harm, health);
        }

        private static string Seen(double ours, double theirs, string what) => $"after {Text(ours, "0")} and {Text(theirs, "0")} {what}";

        private static double Share((double Trials, double Sum) of) => of.Trials <= 0 ? 0 : of.Sum / of.Trials;

        private static MetricInterval? DifferenceOf(in MeanBlock seen, (double Stable, double Candidate) effect)
        {
            if (!seen.IsComplete)
            {
                return null;
            }

            var e = seen.Deflate(effect.Stable, effect.Candidate);
            const double A = IntervalAlpha / 4;
            return new MetricInterval(
                BernoulliSequence.LowerBound(e.CandidateSum, e.CandidateTrials, A) - BernoulliSequence.UpperBound(e.StableSum, e.StableTrials, A),
                BernoulliSequence.UpperBound(e.CandidateSum, e.CandidateTrials, A) - BernoulliSequence.LowerBound(e.StableSum, e.StableTrials, A));
        }

        private static MetricInterval? RatioOf(LogHistogram theirs, LogHistogram ours, double quantile, (double Stable, double Candidate) effect)
        {
            if (theirs.IsEmpty || ours.IsEmpty)
            {
                return null;
            }

            const double A = IntervalAlpha / 4;
            var low = Low(ours, effect.Candidate) / High(theirs, effect.Stable);
            var high = High(ours, effect.Candidate) / Low(theirs, effect.Stable);
            return new MetricInterval(low, double.IsFinite(high) ? high : null);

            double Low(LogHistogram durations, double by) =>
                BernoulliSequence.LowerRank(quantile, durations.Count, A, by) is > 0 and var rank ? LogHistogram.LowerEdge(durations.BinAtRank(rank)) : 0;

            double High(LogHistogram durations, double by) =>
                BernoulliSequence.UpperRank(quantile, durations.Count, A, by) is var rank && rank <= durations.Count
                    ? LogHistogram.UpperEdge(durations.BinAtRank(rank))
                    : double.PositiveInfinity;
        }

        private static double Milliseconds(double microseconds) => microseconds / 1_000;
    }
}
