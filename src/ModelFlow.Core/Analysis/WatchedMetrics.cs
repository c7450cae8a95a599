using ModelFlow.Core.Traffic;

namespace ModelFlow.Core.Analysis;

/// <summary>A metric that a policy watches.</summary>
internal abstract record WatchedMetric(string Name, string Title)
{
    /// <summary>The outcomes of one cell that the metric is about: how many, and the sum of what counts as bad.</summary>
    /// <param name="cell">The cell.</param>
    /// <param name="threshold">The version's <see cref="ThresholdOf"/>.</param>
    public abstract (double Trials, double Sum) Of(TrafficCell cell, int threshold);

    /// <summary>The bin above which durations of a version count as bad; 0 where the metric is of no durations.</summary>
    public virtual int ThresholdOf(TrafficTotals own) => 0;

    /// <summary>The most verdict it can have: <see cref="Verdict.Inconclusive"/> for what keeps a version from being healthy and stops none.</summary>
    public Verdict Worst { get; init; } = Verdict.Harmful;

    /// <summary>A mean of values from 0 to 1 of which less is better.</summary>
    public sealed record Mean(
        string Name, string Title, MeanTolerance Tolerance, Func<TrafficCell, (double Trials, double Sum)> Select, Func<TrafficTotals, (double Trials, double Sum)> Total) : WatchedMetric(Name, Title)
    {
        /// <summary>What its trials are.</summary>
        public string Unit { get; init; } = "requests";

        public override (double Trials, double Sum) Of(TrafficCell cell, int threshold) => Select(cell);
    }

    /// <summary>A quantile of durations.</summary>
    public sealed record Quantile(string Name, string Title, double Level, double Ratio, bool FirstByte) : WatchedMetric(Name, Title)
    {
        // Bad is what lies above the version's own quantile: only how groups of users differ in it matters.
        public override int ThresholdOf(TrafficTotals own) =>
            Durations(own) is { IsEmpty: false } all ? all.BinAtRank(Math.Clamp((long)Math.Ceiling(Level * all.Count), 1, all.Count)) : 0;

        public override (double Trials, double Sum) Of(TrafficCell cell, int threshold)
        {
            if ((FirstByte ? cell.TimeToFirstByte : cell.Latency) is not { IsEmpty: false } durations)
            {
                return (0, 0);
            }

            var above = 0L;
            for (var i = durations.Bins.Length - 1; i >= 0 && durations.Bins[i] > threshold; i--)
            {
                above += durations.Counts[i];
            }

            return (durations.Count, above);
        }

        public LogHistogram Durations(TrafficTotals totals) => FirstByte ? totals.TimeToFirstByte : totals.Latency;
    }
}

/// <summary>Which metrics a policy watches.</summary>
internal static class WatchedMetrics
{
    public static IReadOnlyList<WatchedMetric> Of(GuardrailPolicy policy)
    {
        var watched = new List<WatchedMetric>();
        if (policy.ErrorRateIncrease is not null || policy.ErrorRateRatio is not null)
        {
            var tolerance = new MeanTolerance(policy.ErrorRateRatio ?? 1, policy.ErrorRateIncrease ?? 0);
            watched.Add(new WatchedMetric.Mean("errorRateIncrease", "error rate", tolerance, c => (c.Requests, c.Errors), t => (t.Requests, t.Errors)));

            // The client's mistakes are not held against a version, and one client that repeats a bad request is no reason to stop a ramp.
            // But as keys are split at random, a version that refuses clearly more than stable is not healthy until somebody looked.
            watched.Add(new WatchedMetric.Mean("clientErrorRateIncrease", "rate of 4xx answers", tolerance, c => (c.Requests, c.ClientErrors), t => (t.Requests, t.ClientErrors))
            {
                Worst = Verdict.Inconclusive,
            });
        }

        if (policy.FeedbackDrop is { } drop)
        {
            watched.Add(new WatchedMetric.Mean("feedbackDrop", "lost marks of feedback", new MeanTolerance(1, drop), c => Lost(c.Feedback), t => Lost(t.Feedback)) { Unit = "marks" });
        }

        Add("latencyP50Ratio", "latency p50", 0.5, policy.LatencyP50Ratio, firstByte: false);
        Add("latencyP95Ratio", "latency p95", 0.95, policy.LatencyP95Ratio, firstByte: false);
        Add("latencyP99Ratio", "latency p99", 0.99, policy.LatencyP99Ratio, firstByte: false);
        Add("firstByteP50Ratio", "time to first byte p50", 0.5, policy.FirstByteP50Ratio, firstByte: true);
        Add("firstByteP95Ratio", "time to first byte p95", 0.95, policy.FirstByteP95Ratio, firstByte: true);
        return watched;

        static (double Trials, double Sum) Lost(FeedbackTotals marks) => (marks.Count, Math.Clamp(marks.Count - marks.Sum, 0, marks.Count));

        void Add(string name, string title, double quantile, double? ratio, bool firstByte)
        {
            if (ratio is { } r)
            {
                watched.Add(new WatchedMetric.Quantile(name, title, quantile, r, firstByte));
            }
        }
    }
}
