using System.Globalization;
using ModelFlow.Core.Analysis;
using ModelFlow.Core.Naming;

namespace ModelFlow.Core.Experiments;

/// <summary>
/// Says what the evidence of an experiment amounts to. With an interval of the difference: within ± the minimum effect there is no difference that matters;
/// else above 0 the candidate wins, below 0 it loses. A wrong win or loss, and a wrong "no difference", have together at most the
/// chance 1 − confidence, in sequential mode however often one looks.
/// </summary>
public static class ExperimentJudge
{
    // Below this the approximation of the fixed interval is worth nothing.
    private const double LeastOutcomes = 30;

    /// <summary>An experiment that has just begun.</summary>
    public static ExperimentReport Begin(ExperimentPolicy policy, int step, Weight weight, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(policy);
        return new ExperimentReport
        {
            Step = step,
            Metric = policy.Metric,
            Mode = policy.Mode,
            Confidence = policy.Confidence,
            MinimumEffect = policy.MinimumEffect,
            SampleSize = policy.Mode == ExperimentMode.Fixed ? policy.SampleSize ?? ExperimentPlan.Of(policy, weight).SampleSize : null,
            BegunAt = now,
        };
    }

    /// <summary>Looks at a running experiment.</summary>
    /// <param name="policy">The experiment.</param>
    /// <param name="running">What it said before.</param>
    /// <param name="evidence">All that was taken in; null for nothing.</param>
    /// <param name="isOver">Whether its longest time is over.</param>
    /// <param name="now">The time.</param>
    /// <param name="isFair">Whether users came as the weights say; else something other than the split decides who is compared, and nothing is concluded.</param>
    public static ExperimentReport Look(ExperimentPolicy policy, ExperimentReport running, ExperimentEvidence? evidence, bool isOver, DateTimeOffset now, bool isFair = true)
    {
        ArgumentNullException.ThrowIfNull(policy);
        ArgumentNullException.ThrowIfNull(running);
        evidence ??= ExperimentEvidence.Begin(policy);
        var look = new LookAt(policy, evidence, evidence.DesignEffects());
        var report = running with
        {
            Stable = Arm(evidence.Stable, look.Effects.Stable),
            Candidate = Arm(evidence.Candidate, look.Effects.Candidate),
        };
        var least = Math.Min(evidence.Stable.Count, evidence.Candidate.Count);
        if (policy.Mode == ExperimentMode.Fixed && !isOver && least < running.SampleSize)
        {
            // Whoever sees an interval decides by it: before the one look there is none.
            return report with { Message = $"{Seen(report)}; the look is taken at {running.SampleSize} of each.", Slices = look.Slices(shown: false) };
        }

        var enough = policy.Mode == ExperimentMode.Sequential || Math.Min(look.EffectiveStable.Count, look.EffectiveCandidate.Count) >= LeastOutcomes;
        report = report with
        {
            Effect = enough ? look.Effect : null,
            Interval = enough ? look.Interval(look.Errors.Primary) : null,
            Slices = look.Slices(shown: enough),
        };
        if (!isFair)
        {
            return report with
            {
                Verdict = isOver ? ExperimentVerdict.Inconclusive : ExperimentVerdict.Running,
                DecidedAt = isOver ? now : null,
                Message = $"{(isOver ? "Inconclusive" : "Nothing is concluded")}: users did not come as the weights say, so that the versions cannot be compared. {Seen(report)}.",
            };
        }

        var verdict = Conclude(report.Interval, policy.MinimumEffect);
        var lost = enough ? look.LostSlice() : null;
        verdict = lost is not null ? ExperimentVerdict.Loser : verdict;
        var isDecided = verdict != ExperimentVerdict.Inconclusive || isOver || policy.Mode == ExperimentMode.Fixed;
        return report with
        {
            Verdict = isDecided ? verdict : ExperimentVerdict.Running,
            DecidedAt = isDecided ? now : null,
            Message = lost ?? Sentence(policy, report, verdict, isDecided, least),
        };
    }

    /// <summary>An experiment that something else has ended.</summary>
    public static ExperimentReport Cut(ExperimentReport running, string why, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(running);
        return running with { Verdict = ExperimentVerdict.NotDecided, DecidedAt = now, Message = $"Not decided: {why} {Seen(running)}." };
    }

    /// <summary>What an interval of the difference says.</summary>
    internal static ExperimentVerdict Conclude(MetricInterval? interval, double minimumEffect) => interval switch
    {
        null or { High: null } => ExperimentVerdict.Inconclusive,
        { Low: var low, High: var high } when low >= -minimumEffect && high <= minimumEffect => ExperimentVerdict.NoDifference,
        { Low: > 0 } => ExperimentVerdict.Winner,
        { High: < 0 } => ExperimentVerdict.Loser,
        _ => ExperimentVerdict.Inconclusive,
    };

    private static ExperimentArm Arm(OutcomeSums outcomes, double effect) => new((long)outcomes.Count, outcomes.Mean(), effect);

    private static string Sentence(ExperimentPolicy policy, ExperimentReport report, ExperimentVerdict verdict, bool isDecided, double least)
    {
        var numbers = report is { Effect: { } effect, Interval: { High: { } high } interval }
            ? $"{Seen(report)}; difference {Points(effect)} ({Points(interval.Low)} to {Points(high)})"
            : Seen(report);
        return verdict switch
        {
            ExperimentVerdict.Winner => $"The candidate is better: {numbers}.",
            ExperimentVerdict.Loser => $"The candidate is worse: {numbers}.",
            ExperimentVerdict.NoDifference => $"No difference that matters (± {Points(policy.MinimumEffect).TrimStart('+')}): {numbers}.",
            _ when !isDecided => $"Nothing is established yet: {numbers}.",
            _ when least <= 0 && policy.Metric == ExperimentMetric.Feedback => $"Inconclusive: no feedback came for {(report.Candidate.Outcomes == 0 ? "the candidate" : "stable")}. {numbers}.",
            _ => $"Inconclusive: {numbers}.",
        };
    }

    private static string Seen(ExperimentReport report) =>
        $"{Name(report.Metric)} {Percent(report.Candidate)} of {report.Candidate.Outcomes} against {Percent(report.Stable)} of {report.Stable.Outcomes} of stable";

    private static string Name(ExperimentMetric metric) => metric == ExperimentMetric.Feedback ? "mean mark" : "success rate";

    private static string Percent(ExperimentArm arm) => arm.Outcomes == 0 ? "unknown" : Percent(arm.Mean);

    private static string Percent(double mean) => (mean * 100).ToString("0.##", CultureInfo.InvariantCulture) + " %";

    private static string Points(double difference) => (difference * 100).ToString("+0.##;-0.##;0", CultureInfo.InvariantCulture) + " pp";

    private sealed record LookAt(ExperimentPolicy Policy, ExperimentEvidence Evidence, (double Stable, double Candidate) Effects)
    {
        public ExperimentErrors Errors { get; } = ExperimentErrors.Of(Policy);

        public OutcomeSums EffectiveStable => Evidence.Stable.Deflate(Effects.Stable);

        public OutcomeSums EffectiveCandidate => Evidence.Candidate.Deflate(Effects.Candidate);

        public double? Effect => EffectOf(Evidence.Stable, Evidence.Candidate, Evidence.Effect);

        public MetricInterval? Interval(double alpha) => IntervalOf(Evidence.Stable, Evidence.Candidate, Evidence.Effect, alpha);

        public IReadOnlyList<SliceReport> Slices(bool shown) =>
        [
            .. Evidence.Slices.OrderBy(s => s.Key, StringComparer.Ordinal).Select(s => new SliceReport(
                s.Key,
                Policy.GuardedSlices.Contains(s.Key, StringComparer.Ordinal),
                Arm(s.Value.StableTraffic, s.Value.Stable),
                Arm(s.Value.CandidateTraffic, s.Value.Candidate),
                shown ? EffectOf(s.Value.Stable, s.Value.Candidate, s.Value.Effect) : null,
                shown ? IntervalOf(s.Value.Stable, s.Value.Candidate, s.Value.Effect, Errors.ShownSlice) : null)),
        ];

        /// <summary>Says of a guarded slice that it is harmed; null if none is.</summary>
        public string? LostSlice()
        {
            foreach (var name in Policy.GuardedSlices)
            {
                if (Evidence.Slices.TryGetValue(name, out var slice)
                    && IntervalOf(slice.Stable, slice.Candidate, slice.Effect, Errors.GuardedSlice) is { High: { } high } interval
                    && Conclude(interval, Policy.MinimumEffect) == ExperimentVerdict.Loser)
                {
                    return $"The candidate is worse in slice '{name}': {Name(Policy.Metric)} {Percent(slice.Candidate.Mean())} of {(long)slice.Candidate.Count} against {Percent(slice.Stable.Mean())} of {(long)slice.Stable.Count} of stable; difference {Points(interval.Low)} to {Points(high)}.";
                }
            }

            return null;
        }

        private static SliceArm Arm(SliceTraffic traffic, OutcomeSums outcomes) => new(traffic.Requests, traffic.Errors, (long)outcomes.Count, outcomes.Mean());

        private double? EffectOf(OutcomeSums stable, OutcomeSums candidate, EffectSequence sequence) =>
            Policy.Mode == ExperimentMode.Sequential ? sequence.Effect : stable.Count > 0 && candidate.Count > 0 ? candidate.Mean() - stable.Mean() : null;

        private MetricInterval? IntervalOf(OutcomeSums stable, OutcomeSums candidate, EffectSequence sequence, double alpha)
        {
            if (Policy.Mode == ExperimentMode.Sequential)
            {
                return sequence.Interval(alpha);
            }

            var (theirs, ours) = (stable.Deflate(Effects.Stable), candidate.Deflate(Effects.Candidate));
            return Math.Min(theirs.Count, ours.Count) < LeastOutcomes ? null : FixedEffect.Interval(theirs, ours, alpha);
        }
    }
}
