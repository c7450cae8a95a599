using ModelFlow.Core.Analysis.Replay;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Policies;

namespace ModelFlow.Core.Analysis.Series;

/// <summary>Makes the series of a chart from the looks of each step.</summary>
public static class SeriesBuilder
{
    /// <summary>The least points that can be asked for: the last look of each step and two more are always shown.</summary>
    public const int LeastPoints = 150;

    /// <summary>The most.</summary>
    public const int MostPoints = 5_000;

    /// <summary>How many there are unless asked for.</summary>
    public const int UsualPoints = 300;

    private const string OfShadowStep = "shadow.";

    /// <summary>Makes the series.</summary>
    /// <param name="policy">What the release runs under.</param>
    /// <param name="attempt">Which attempt it is, from 1.</param>
    /// <param name="steps">The steps that were entered, with their looks, oldest first.</param>
    /// <param name="points">How many looks it may show in all, <see cref="LeastPoints"/> to <see cref="MostPoints"/>.</param>
    /// <param name="shadow">The generations of the shadow step that came before them, oldest first; usually one.</param>
    public static AnalysisSeries Build(Policy policy, int attempt, IReadOnlyList<SeenStep> steps, int points, IReadOnlyList<SeenStep>? shadow = null)
    {
        ArgumentNullException.ThrowIfNull(policy);
        ArgumentNullException.ThrowIfNull(steps);
        shadow ??= [];
        ArgumentOutOfRangeException.ThrowIfLessThan(points, LeastPoints);
        var guardrails = policy.GuardrailsOfRamp();
        var stopping = Math.Max(1, WatchedMetrics.Of(guardrails).Count(m => m.Worst == Verdict.Harmful));
        var before = Enumerable.Range(1, attempt - 1).Sum(guardrails.BudgetOf);
        var budget = new BudgetUse(
            guardrails.FalseAlarmBudget,
            before,
            guardrails.BudgetOf(attempt),
            guardrails.FalseAlarmBudget - before - guardrails.BudgetOf(attempt),
            guardrails.BudgetOf(attempt) / stopping)
        {
            Shadow = policy.Ramp.Shadow is null ? null : ShadowJudge.BudgetOf(policy.Guardrails, policy.Ramp.Steps.Count, attempt),
        };
        List<SeenStep> all = [.. shadow, .. steps];
        var looks = all.Sum(s => s.Looks.Count);
        var thinned = all.Select(s => Thinning.Of(s.Looks, looks <= points ? s.Looks.Count : Share(s.Looks.Count, looks, points, all.Count))).ToList();
        return new AnalysisSeries
        {
            Budget = budget,
            Shadow = shadow.Count == 0 ? null : OfShadow(shadow, [.. thinned.Take(shadow.Count).SelectMany(t => t)], policy),
            Steps = [.. steps.Zip(thinned.Skip(shadow.Count), (s, shown) => OfStep(s, shown, guardrails, budget, policy.Ramp.Steps.Count))],
            Looks = looks,
            Shown = thinned.Sum(t => t.Count),
            Complete = all.TrueForAll(s => s.Source == LookSource.Replayed),
            Notes = [.. Notes(shadow, "Shadow step"), .. Notes(steps, "Step"), .. WideIntervals(shadow, "Shadow step", policy), .. WideIntervals(steps, "Step", policy)],
        };
    }

    /// <summary>How a metric of this name compares; shares by their difference unless the name says that it is about durations.</summary>
    public static ComparedAs ComparedAs(string metric)
    {
        ArgumentNullException.ThrowIfNull(metric);
        var name = metric.StartsWith(OfShadowStep, StringComparison.Ordinal) ? metric[OfShadowStep.Length..] : metric;
        return name.StartsWith("latency", StringComparison.Ordinal) || name.StartsWith("firstByte", StringComparison.Ordinal) || name.StartsWith("firstToken", StringComparison.Ordinal)
            ? Series.ComparedAs.Ratio
            : Series.ComparedAs.Difference;
    }

    /// <summary>How far evidence has come, 0 to 1: by its logarithm, as evidence multiplies.</summary>
    public static double? Progress(MetricEvidence? evidence) =>
        evidence is not { Needed: > 1 } e ? null : e.Value <= 1 ? 0 : Math.Min(1, Math.Log(e.Value) / Math.Log(e.Needed));

    // Three looks for each step, the rest by how many it has.
    private static int Share(int ofStep, int all, int points, int steps) =>
        Math.Min(ofStep, Math.Max(1, 3 + (int)Math.Floor((points - (3.0 * steps)) * ofStep / all)));

    private static IEnumerable<string> Notes(IReadOnlyList<SeenStep> steps, string kind) => steps.Where(s => s.Note is not null).Select(s => $"{NameOf(s, kind)}: {s.Note}");

    private static string NameOf(SeenStep step, string kind) => string.Equals(kind, "Step", StringComparison.Ordinal) ? $"Step {step.Recorded.Step + 1}" : kind;

    // Who sees a healthy metric beside an interval that is not wants to know which of the two decides.
    private static IEnumerable<string> WideIntervals(IReadOnlyList<SeenStep> steps, string kind, Policy policy)
    {
        foreach (var step in steps.Where(s => s.Looks.Count > 0))
        {
            var wide = step.Looks[^1].Report.Metrics.Where(m => m is { Verdict: Verdict.Healthy, Health: not null, Interval: { } i } && HasPlainLimit(m.Metric, policy) && !(i.High <= m.Tolerance)).ToList();
            if (wide.Count > 0)
            {
                yield return $"{NameOf(step, kind)}: {string.Join(", ", wide.Select(m => m.Metric))} {(wide.Count == 1 ? "is" : "are")} healthy by the evidence, "
                    + "though the 95 % interval still reaches past the tolerance: it bounds both sides at once, and the evidence, which decides, answers one question with the policy's missBudget.";
            }
        }
    }

    // What a ratio of error rates tolerates depends on stable's rate.
    private static bool HasPlainLimit(string metric, Policy policy) =>
        policy.Guardrails.ErrorRateRatio is null || !metric.EndsWith("rrorRateIncrease", StringComparison.Ordinal);

    private static ShadowSeries OfShadow(IReadOnlyList<SeenStep> shadow, IReadOnlyList<ReplayedLook> shown, Policy policy) => new()
    {
        Share = policy.Ramp.Shadow?.Share ?? shadow[^1].Recorded.Weight,
        Generation = shadow[^1].Recorded.Generation,
        From = shadow[0].Recorded.From,
        To = shadow[^1].Recorded.To,
        Source = shadow.Max(s => s.Source),
        WindowsTakenIn = shadow.Any(s => s.Expected is null) ? null : shadow.Sum(s => s.Expected),
        WindowsFound = shadow.Sum(s => s.Found),
        Looks = shadow.Sum(s => s.Looks.Count),
        Pairs = shown.Count == 0 ? 0 : shown[^1].Report.StableRequests,
        Verdict = shown.Count == 0 ? null : shown[^1].Report.Verdict,
        Metrics = [.. NamesIn(shown).Select(name => OfMetric(name, shown, m => m.Harm is { Needed: > 0 } harm ? (1 / harm.Needed, 0) : (0, 0)))],
    };

    private static IEnumerable<string> NamesIn(IReadOnlyList<ReplayedLook> shown) => shown.SelectMany(l => l.Report.Metrics).Select(m => m.Metric).Distinct(StringComparer.Ordinal);

    private static StepSeries OfStep(SeenStep step, IReadOnlyList<ReplayedLook> shown, GuardrailPolicy policy, BudgetUse budget, int steps) => new()
    {
        Step = step.Recorded.Step,
        Weight = step.Recorded.Weight,
        FreshBaseline = step.Recorded.ComparedShare is null ? null : step.Recorded.Stable,
        Generation = step.Recorded.Generation,
        From = step.Recorded.From,
        To = step.Recorded.To,
        Source = step.Source,
        WindowsTakenIn = step.Expected,
        WindowsFound = step.Found,
        Looks = step.Looks.Count,
        Verdict = step.Looks.Count == 0 ? null : step.Looks[^1].Report.Verdict,
        Metrics =
        [
            .. NamesIn(shown).Select(name => OfMetric(name, shown, _ =>
            {
                var spent = Spent(name, step.Recorded.Step, policy, budget, steps);
                return (spent, Stops(name, policy) ? budget.PerMetric - spent : 0);
            })),
        ],
    };

    private static MetricSeries OfMetric(string name, IReadOnlyList<ReplayedLook> shown, Func<MetricVerdict, (double Spent, double Left)> budgetOf)
    {
        var looks = shown
            .Select(l => (Look: l, Metric: l.Report.Metrics.FirstOrDefault(m => string.Equals(m.Metric, name, StringComparison.Ordinal))))
            .Where(l => l.Metric is not null)
            .Select(l => (l.Look, Metric: l.Metric!)) // The filter above left no null.
            .ToList();
        var (_, last) = looks[^1];
        var (spent, left) = budgetOf(last);
        return new MetricSeries
        {
            Metric = name,
            ComparedAs = ComparedAs(name),
            Tolerance = last.Tolerance,
            HarmNeeded = last.Harm?.Needed,
            HealthNeeded = last.Health?.Needed,
            BudgetSpent = spent,
            BudgetLeft = left,
            Message = last.Message,
            Points = [.. looks.Select(l => Point(l.Look, l.Metric))],
        };
    }

    private static bool Stops(string metric, GuardrailPolicy policy) =>
        WatchedMetrics.Of(policy).Any(m => m.Worst == Verdict.Harmful && string.Equals(m.Name, metric, StringComparison.Ordinal));

    // A quantile has an equal part for each step; a mean begins with half and bets an equal part of the rest in each.
    private static double Spent(string metric, int step, GuardrailPolicy policy, BudgetUse budget, int steps)
    {
        var begun = Math.Min(1, (step + 1.0) / steps);
        return WatchedMetrics.Of(policy).FirstOrDefault(m => string.Equals(m.Name, metric, StringComparison.Ordinal)) switch
        {
            { Worst: not Verdict.Harmful } or null => 0,
            WatchedMetric.Quantile => budget.PerMetric * begun,
            _ => budget.PerMetric * (0.5 + (0.5 * begun)),
        };
    }

    private static MetricPoint Point(ReplayedLook look, MetricVerdict metric) => new()
    {
        At = look.At,
        Verdict = metric.Verdict,
        Pairs = metric.Metric.StartsWith(OfShadowStep, StringComparison.Ordinal) ? look.Report.StableRequests : null,
        StableRequests = look.Report.StableRequests,
        CandidateRequests = look.Report.CandidateRequests,
        Stable = metric.Stable,
        Candidate = metric.Candidate,
        Effect = ComparedAs(metric.Metric) == Series.ComparedAs.Difference ? metric.Candidate - metric.Stable
            : metric.Stable > 0 ? metric.Candidate / metric.Stable
            : null,
        Interval = metric.Interval,
        Harm = metric.Harm?.Value,
        Health = metric.Health?.Value,
        TowardHarm = Progress(metric.Harm),
        TowardHealth = Progress(metric.Health),
    };
}

/// <summary>One step with the looks that are known of it.</summary>
/// <param name="Recorded">The step.</param>
/// <param name="Source">Where the looks come from.</param>
/// <param name="Looks">Oldest first.</param>
/// <param name="Expected">How many windows its looks took in then; null if that was not logged.</param>
/// <param name="Found">How many of them are stored still.</param>
/// <param name="Note">What is to be said of it; null for nothing.</param>
public sealed record SeenStep(RecordedStep Recorded, LookSource Source, IReadOnlyList<ReplayedLook> Looks, long? Expected, long Found, string? Note);
