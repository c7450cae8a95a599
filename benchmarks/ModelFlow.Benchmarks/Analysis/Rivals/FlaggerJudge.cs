namespace ModelFlow.Benchmarks.Analysis.Rivals;

/// <summary>The constants of a Flagger canary.</summary>
/// <param name="MostErrors">The largest share of failing requests: 100 less <c>request-success-rate.thresholdRange.min</c>, as a fraction.</param>
/// <param name="MostP99">The largest p99 of a minute in milliseconds: <c>request-duration.thresholdRange.max</c>.</param>
/// <param name="MostLostMarks">The largest mean loss of marks, a metric of the user's own; endless where there is none.</param>
/// <param name="FailedChecks">How many failed checks roll back: <c>analysis.threshold</c>.</param>
internal sealed record FlaggerRule(double MostErrors, double MostP99, double MostLostMarks, int FailedChecks)
{
    /// <summary>
    /// As its documentation has it (usage/metrics.md: success rate at least 99 %, p99 at most 500 ms, interval 1m; tutorials/istio-progressive-delivery.md: threshold 5).
    /// There is no built-in metric of quality.
    /// </summary>
    public static readonly FlaggerRule Documented = new(0.01, 500, double.PositiveInfinity, 5);
}

/// <summary>
/// Flagger's rule: github.com/fluxcd/flagger v1.44.0, commit 15bd6ad, <c>pkg/controller/scheduler.go</c> and <c>scheduler_metrics.go</c>. Once an interval (a minute) each
/// metric of the candidate is compared with a constant; one that is beyond it, or has no value ("no values found"), makes the check fail. Failed checks add up over the whole ramp and
/// are never taken back; at <see cref="FlaggerRule.FailedChecks"/> the candidate is rolled back. Stable's numbers play no part. Kinder than the original in three points:
/// the rollback comes with the last failed check (there one interval later), the p99 is exact to 1 % (there interpolated within coarse buckets), and the
/// weights are the ramp's (there they rise with each passed check).
/// </summary>
internal sealed class FlaggerJudge(FlaggerRule rule) : IRampJudge
{
    private int _failed;

    public string? Look(Second second, Minute? minute)
    {
        if (minute is null)
        {
            return null;
        }

        var failed = Failed(minute.Candidate, rule);
        _failed += failed is null ? 0 : 1;
        return failed is not null && _failed >= rule.FailedChecks ? failed : null;
    }

    /// <summary>Which metric fails a check, if any: one without a value does.</summary>
    public static string? Failed(SideOfMinute minute, FlaggerRule rule) =>
        minute.Requests == 0 ? "no values found"
        : minute.ErrorRate > rule.MostErrors ? "request-success-rate"
        : !(minute.Milliseconds(0.99) <= rule.MostP99) ? "request-duration"
        : double.IsFinite(rule.MostLostMarks) && !(minute.LostMarks <= rule.MostLostMarks) ? "quality"
        : null;
}
