using System.Globalization;
using ModelFlow.Core.Traffic;

namespace ModelFlow.Core.Analysis;

/// <summary>
/// Says what the evidence of a shadow step amounts to, at every look, by paired tests (<see cref="PairedBet"/>). The step has its share of the release's false-alarm
/// budget, as if it were one more step of the ramp (<see cref="Policies.Policy.GuardrailsOfRamp"/> has the rest), divided evenly over its metrics. Verdicts are those of
/// <see cref="GuardrailJudge"/>, and so are the report's fields; its requests are the pairs.
/// </summary>
public static class ShadowJudge
{
    /// <summary>The metric that says how much was mirrored.</summary>
    public const string PairsMetric = "shadow.minPairs";

    private const double IntervalAlpha = 0.05;

    /// <summary>Judges the evidence so far.</summary>
    /// <param name="policy">What is watched, and the tolerances.</param>
    /// <param name="guardrails">The budgets.</param>
    /// <param name="evidence">What was taken in.</param>
    /// <param name="steps">How many weights the ramp has, 1 or more.</param>
    /// <param name="attempt">The release's attempt, 1 or more: later ones have less of the budget.</param>
    public static GuardrailReport Judge(ShadowPolicy policy, GuardrailPolicy guardrails, ShadowEvidence evidence, int steps, int attempt)
    {
        ArgumentNullException.ThrowIfNull(policy);
        ArgumentNullException.ThrowIfNull(guardrails);
        ArgumentNullException.ThrowIfNull(evidence);
        ArgumentOutOfRangeException.ThrowIfLessThan(steps, 1);
        var budget = BudgetOf(guardrails, steps, attempt);
        var watched = ShadowMetric.All.Where(m => m.Tolerance(policy) is not null).ToList();
        var metrics = watched.Select(m => Judge(m, m.Tolerance(policy) ?? 0, evidence, policy.MinPairs, budget / watched.Count, guardrails.MissBudget)).ToList();
        var verdict = metrics.Exists(m => m.Verdict == Verdict.Harmful) ? Verdict.Harmful
            : metrics.Count == 0 || metrics.Exists(m => m.Verdict == Verdict.Inconclusive) ? Verdict.Inconclusive
            : Verdict.Healthy;
        metrics.Add(Mirrored(evidence.Pairs, policy.MinPairs));
        return new GuardrailReport(verdict, metrics, evidence.Pairs.Pairs, evidence.Candidate.Requests, budget);
    }

    /// <summary>What the step has of an attempt's false-alarm budget.</summary>
    internal static double BudgetOf(GuardrailPolicy guardrails, int steps, int attempt) => Math.Clamp(guardrails.BudgetOf(attempt) / (steps + 1), 1e-12, 0.5);

    private static MetricVerdict Judge(ShadowMetric metric, double tolerance, ShadowEvidence evidence, int minPairs, double alpha, double missBudget)
    {
        var pairs = evidence.Pairs;
        var (trials, sum) = metric.Bad(pairs);
        var effect = evidence.EffectOf(metric.Name);
        var outcomes = metric.Outcomes(pairs).Deflate(effect);
        var limit = metric.Limit(tolerance);
        var harm = MetricEvidence.Of(PairedBet.LogAbove(outcomes, limit), alpha);
        var health = MetricEvidence.Of(PairedBet.LogBelow(outcomes, limit), missBudget);
        var (reference, value, interval, numbers) = Describe(metric, evidence, tolerance, trials, sum, effect);
        numbers += $" in {Text(trials, "0")} pairs";
        var (verdict, message) =
            harm.IsEnough ? (Verdict.Harmful, $"{numbers}: harm is established (evidence {Text(harm.Value, "0")}, {Text(harm.Needed, "0")} needed)")
            : trials < minPairs ? (Verdict.Inconclusive, $"{numbers}; at least {minPairs} are needed")
            : !health.IsEnough ? (Verdict.Inconclusive, $"{numbers}; neither harm nor its absence is established yet")
            : (Verdict.Healthy, numbers);
        return new MetricVerdict(metric.Name, verdict, reference, value, tolerance, message, interval, harm, health);
    }

    private static (double Reference, double Value, MetricInterval? Interval, string Numbers) Describe(
        ShadowMetric metric, ShadowEvidence evidence, double tolerance, double trials, double sum, double effect)
    {
        var pairs = evidence.Pairs;
        var share = trials <= 0 ? 0 : sum / trials;
        if (metric == ShadowMetric.Errors)
        {
            var theirs = trials <= 0 ? 0 : pairs.StableFailed / trials;
            var (ourBounds, theirBounds) = (Bounds(trials, sum, effect, IntervalAlpha / 2), Bounds(trials, pairs.StableFailed, effect, IntervalAlpha / 2));
            var difference = ourBounds is null || theirBounds is null ? null : new MetricInterval(ourBounds.Low - theirBounds.High!.Value, ourBounds.High!.Value - theirBounds.Low); // Bounds always have both.
            return (theirs, share, difference, $"alone the candidate failed on {Percent(share)} of the requests, alone stable on {Percent(theirs)} (a difference of at most {Percent(tolerance)} is tolerated)");
        }

        if (metric == ShadowMetric.Latency)
        {
            var (theirs, ours) = ((pairs.StableLatency ?? LogHistogram.Empty).Quantile(0.5) ?? 0, evidence.Candidate.Latency.Quantile(0.5) ?? 0);
            return (theirs / 1_000, ours / 1_000, null,
                $"the candidate took longer than {Text(tolerance, "0.###")} times stable's time for {Percent(share)} of the requests (a half is tolerated), by the median {Text(ours / 1_000, "0.##")} ms against {Text(theirs / 1_000, "0.##")} ms");
        }

        var what = metric == ShadowMetric.Disagreement ? "answers disagree in" : "scores differ by";
        return (0, share, Bounds(trials, sum, effect, IntervalAlpha), $"{what} {Percent(share)} (at most {Percent(tolerance)} is tolerated)");
    }

    private static MetricVerdict Mirrored(PairTotals pairs, int minPairs)
    {
        var message = $"{pairs.Pairs} requests were mirrored and compared; of others {pairs.Dropped} were not as too many were under way, and {pairs.TooLarge} as they were too large; {pairs.NotCompared} pairs of answers could not be read";
        return new MetricVerdict(PairsMetric, pairs.Pairs < minPairs ? Verdict.Inconclusive : Verdict.Healthy, 0, pairs.Pairs, minPairs, message);
    }

    private static MetricInterval? Bounds(double trials, double sum, double effect, double alpha) => trials <= 0
        ? null
        : new MetricInterval(BernoulliSequence.LowerBound(sum / effect, trials / effect, alpha / 2), BernoulliSequence.UpperBound(sum / effect, trials / effect, alpha / 2));

    private static string Percent(double share) => Text(share * 100, "0.##") + " %";

    private static string Text(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
