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

    /// <summary>Makes the series.</summary>
    /// <param name="policy">What the release runs under.</param>
    /// <param name="attempt">Which attempt it is, from 1.</param>
    /// <param name="steps">The steps that were entered, with their looks, oldest first.</param>
    /// <param name="points">How many looks it may show in all, <see cref="LeastPoints"/> to <see cref="MostPoints"/>.</param>
    public static AnalysisSeries Build(Policy policy, int attempt, IReadOnlyList<SeenStep> steps, int points)
    {
        ArgumentNullException.ThrowIfNull(policy);
        ArgumentNullException.ThrowIfNull(steps);
        ArgumentOutOfRangeException.ThrowIfLessThan(points, LeastPoints);
        var guardrails = policy.GuardrailsOfRamp();
        var stopping = Math.Max(1, WatchedMetrics.Of(guardrails).Count(m => m.Worst == Verdict.Harmful));
        var before = Enumerable.Range(1, attempt - 1).Sum(guardrails.BudgetOf);
        var budget = new BudgetUse(
            guardrails.FalseAlarmBudget,
            before,
            guardrails.BudgetOf(attempt),
            guardrails.FalseAlarmBudget - before - guardrails.BudgetOf(attempt),
            guardrails.BudgetOf(attempt) / stopping);
        var looks = steps.Sum(s => s.Looks.Count);
        var thinned = steps.Select(s => Thinning.Of(s.Looks, looks <= points ? s.Looks.Count : Share(s.Looks.Count, looks, points, steps.Count))).ToList();
        return new AnalysisSeries
        {
            Budget = budget,
            Steps = [.. steps.Zip(thinned, (s, shown) => OfStep(s, shown, guardrails, budget, policy.Ramp.Steps.Count))],
            Looks = looks,
            Shown = thinned.Sum(t => t.Count),
            Complete = steps.All(s => s.Source == LookSource.Replayed),
            Notes = [.. Notes(steps)],
        };
    }

    /// <summary>How a metric of this name compares; shares by their difference unless the name says that it is about durations.</summary>
    public static ComparedAs ComparedAs(string metric) =>
        metric.StartsWith("latency", StringComparison.Ordinal) || metric.StartsWith("firstByte", StringComparison.Ordinal) || metric.StartsWith("firstToken", StringComparison.Ordinal)
            ? Series.ComparedAs.Ratio
            : Series.ComparedAs.Difference;

    /// <summary>How far evidence has come, 0 to 1: by its logarithm, as evidence multiplies.</summary>
    public static double? Progress(MetricEvidence? evidence) =>
        evidence is not { Needed: > 1 } e ? null : e.Value <= 1 ? 0 : Math.Min(1, Math.Log(e.Value) / Math.Log(e.Needed));

    // Three looks for each step, the rest by how many it has.
    private static int Share(int ofStep, int all, int points, int steps) => Math.Min(ofStep, 3 + (int)((points - (3L * steps)) * ofStep / all));

    private static IEnumerable<string> Notes(IReadOnlyList<SeenStep> steps)
    {
        foreach (var step in steps)
        {
            if (step.Note is { } note)
            {
                yield return $"Step {step.Recorded.Step + 1}: {note}";
            }
        }
    }

    private static StepSeries OfStep(SeenStep step, IReadOnlyList<ReplayedLook> shown, GuardrailPolicy policy, BudgetUse budget, int steps) => new()
    {
        Step = step.Recorded.Step,
        Weight = step.Recorded.Weight,
        Generation = step.Recorded.Generation,
        From = step.Recorded.From,
        To = step.Recorded.To,
        Source = step.Source,
        WindowsTakenIn = step.Expected,
        WindowsFound = step.Found,
        Looks = step.Looks.Count,
        Verdict = step.Looks.Count == 0 ? null : step.Looks[^1].Report.Verdict,
        Metrics = [.. shown.SelectMany(l => l.Report.Metrics).Select(m => m.Metric).Distinct(StringComparer.Ordinal).Select(name => OfMetric(name, step, shown, policy, budget, steps))],
    };

    private static MetricSeries OfMetric(string name, SeenStep step, IReadOnlyList<ReplayedLook> shown, GuardrailPolicy policy, BudgetUse budget, int steps)
    {
        var looks = shown
            .Select(l => (Look: l, Metric: l.Report.Metrics.FirstOrDefault(m => string.Equals(m.Metric, name, StringComparison.Ordinal))))
            .Where(l => l.Metric is not null)
            .Select(l => (l.Look, Metric: l.Metric!)) // The filter above left no null.
            .ToList();
        var (_, last) = looks[^1];
        var spent = Spent(name, step.Recorded.Step, policy, budget, steps);
        return new MetricSeries
        {
            Metric = name,
            ComparedAs = ComparedAs(name),
            Tolerance = last.Tolerance,
            HarmNeeded = last.Harm?.Needed,
            HealthNeeded = last.Health?.Needed,
            BudgetSpent = spent,
            BudgetLeft = Stops(name, policy) ? budget.PerMetric - spent : 0,
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
