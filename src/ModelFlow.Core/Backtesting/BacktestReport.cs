using ModelFlow.Core.Naming;
using ModelFlow.Core.Releases;

namespace ModelFlow.Core.Backtesting;

/// <summary>What past releases say of a policy.</summary>
public sealed record BacktestReport
{
    /// <summary>The digest of the tested policy.</summary>
    public required Sha256Digest Policy { get; init; }

    /// <summary>Where randomness came from.</summary>
    public required string Seed { get; init; }

    /// <summary>Each release that could be played, newest first.</summary>
    public required IReadOnlyList<BacktestedRelease> Releases { get; init; }

    /// <summary>Each release that could not, and why.</summary>
    public required IReadOnlyList<SkippedRelease> Skipped { get; init; }

    /// <summary>What the policy does to releases as they were.</summary>
    public required PastSummary Past { get; init; }

    /// <summary>What it does to each injected fault.</summary>
    public required IReadOnlyList<FaultSummary> Faults { get; init; }

    /// <summary>How long its steps are watched, against how long recorded ones were.</summary>
    public required IReadOnlyList<StepSummary> Steps { get; init; }

    /// <summary>What a reader has to know, in sentences.</summary>
    public required IReadOnlyList<string> Notes { get; init; }
}

/// <summary>A past release under the tested policy.</summary>
/// <param name="Release">The release.</param>
/// <param name="Outcome">How it ended.</param>
/// <param name="HarmFound">Whether a guardrail had found harm in it.</param>
/// <param name="Unchanged">Its traffic as it was.</param>
/// <param name="Faults">Its traffic with each fault; only of releases that became stable.</param>
public sealed record BacktestedRelease(ReleaseId Release, Outcome Outcome, bool HarmFound, BacktestRun Unchanged, IReadOnlyList<FaultRun> Faults);

/// <summary>A release's traffic with a fault.</summary>
/// <param name="Fault">The fault, for example <c>errors+5pp</c>.</param>
/// <param name="Standing">What the policy makes of it.</param>
/// <param name="Run">How it goes.</param>
public sealed record FaultRun(string Fault, FaultStanding Standing, BacktestRun Run);

/// <summary>A release that was left out.</summary>
/// <param name="Release">The release.</param>
/// <param name="Why">For example because its traffic windows are no longer stored.</param>
public sealed record SkippedRelease(ReleaseId Release, string Why);

/// <summary>Counts of releases as they were.</summary>
/// <param name="EndedWell">Releases that became stable.</param>
/// <param name="FalseAlarms">Of them: would have been stopped.</param>
/// <param name="EndedWellUndecided">Of them: would have been held as inconclusive, or have too little recorded traffic to say.</param>
/// <param name="Harmful">Releases in which a guardrail found harm.</param>
/// <param name="FoundAgain">Of them: would be stopped again.</param>
/// <param name="Missed">Of them: would have passed every step.</param>
public sealed record PastSummary(int EndedWell, int FalseAlarms, int EndedWellUndecided, int Harmful, int FoundAgain, int Missed);

/// <summary>What became of one fault in all releases that it was put into.</summary>
public sealed record FaultSummary
{
    /// <summary>The fault.</summary>
    public required string Fault { get; init; }

    /// <summary>What the policy makes of it, in the first release.</summary>
    public required FaultStanding Standing { get; init; }

    /// <summary>Releases it was put into.</summary>
    public required int Runs { get; init; }

    /// <summary>Stopped by a guardrail.</summary>
    public required int Stopped { get; init; }

    /// <summary>Passed every step.</summary>
    public required int Passed { get; init; }

    /// <summary>Neither: held as inconclusive, or too little recorded traffic.</summary>
    public required int Undecided { get; init; }

    /// <summary>The median of the candidate's requests until it was stopped; absent where it never was.</summary>
    public double? RequestsUntilStopped { get; init; }

    /// <summary>The median of the time until it was stopped.</summary>
    public TimeSpan? TimeUntilStopped { get; init; }

    /// <summary>The median of the requests or marks that were made worse until it was stopped.</summary>
    public double? HarmedUntilStopped { get; init; }
}

/// <summary>How long a step of the policy is watched in releases as they were.</summary>
/// <param name="Step">The step, counted from 0.</param>
/// <param name="Weight">Its weight.</param>
/// <param name="Releases">Releases that reached it.</param>
/// <param name="Watched">The median of how long it was watched.</param>
/// <param name="RecordedWatched">The median of how long the recorded steps that stand in for it had lasted; absent where none had ended.</param>
/// <param name="HealthyAfter">The median of how long it took until it was healthy; absent where it never was.</param>
/// <param name="CutShort">In how many the recorded traffic ended before its bake time did, in good health or not.</param>
public sealed record StepSummary(int Step, Weight Weight, int Releases, TimeSpan Watched, TimeSpan? RecordedWatched, TimeSpan? HealthyAfter, int CutShort);

/// <summary>Counts what became of releases.</summary>
public static class BacktestSummaries
{
    /// <summary>Of releases as they were.</summary>
    public static PastSummary Past(IReadOnlyList<BacktestedRelease> releases)
    {
        var (well, harmful) = (releases.Where(r => r.Outcome == Outcome.Stable).ToList(), releases.Where(r => r.HarmFound).ToList());
        return new PastSummary(
            well.Count,
            well.Count(r => r.Unchanged.End == BacktestEnd.Stopped),
            well.Count(r => r.Unchanged.End is BacktestEnd.Inconclusive or BacktestEnd.NotEnoughTraffic),
            harmful.Count,
            harmful.Count(r => r.Unchanged.End == BacktestEnd.Stopped),
            harmful.Count(r => r.Unchanged.End == BacktestEnd.Passed));
    }

    /// <summary>Of each fault, in the order in which they were asked for.</summary>
    public static IReadOnlyList<FaultSummary> Faults(IReadOnlyList<BacktestedRelease> releases) =>
    [
        .. releases.SelectMany(r => r.Faults).GroupBy(f => f.Fault, StringComparer.Ordinal).Select(g =>
        {
            var stopped = g.Where(f => f.Run.End == BacktestEnd.Stopped).Select(f => f.Run).ToList();
            return new FaultSummary
            {
                Fault = g.Key,
                Standing = g.First().Standing,
                Runs = g.Count(),
                Stopped = stopped.Count,
                Passed = g.Count(f => f.Run.End == BacktestEnd.Passed),
                Undecided = g.Count(f => f.Run.End is BacktestEnd.Inconclusive or BacktestEnd.NotEnoughTraffic),
                RequestsUntilStopped = Median(stopped.Select(r => (double)r.CandidateRequests)),
                TimeUntilStopped = MedianTime(stopped.Select(r => (TimeSpan?)r.Watched)),
                HarmedUntilStopped = Median(stopped.Select(r => (double)r.HarmedRequests)),
            };
        }),
    ];

    /// <summary>Of each step.</summary>
    public static IReadOnlyList<StepSummary> Steps(IReadOnlyList<BacktestedRelease> releases) =>
    [
        .. releases.SelectMany(r => r.Unchanged.Steps).GroupBy(s => (s.Step, s.Weight)).OrderBy(g => g.Key.Step).Select(g => new StepSummary(
            g.Key.Step,
            g.Key.Weight,
            g.Count(),
            MedianTime(g.Select(s => (TimeSpan?)s.Watched)) ?? TimeSpan.Zero,
            MedianTime(g.Select(s => s.RecordedWatched)),
            MedianTime(g.Select(s => s.HealthyAfter)),
            g.Count(s => s.CutShort))),
    ];

    private static TimeSpan? MedianTime(IEnumerable<TimeSpan?> times) =>
        Median(times.OfType<TimeSpan>().Select(t => (double)t.Ticks)) is { } ticks ? TimeSpan.FromTicks((long)ticks) : null;

    private static double? Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToList();
        return sorted.Count == 0 ? null : (sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2]) / 2;
    }
}
