using ModelFlow.Core.Evaluation;
using ModelFlow.Core.Naming;

namespace ModelFlow.Orchestration.Operations;

/// <summary>One version's column of a release's report.</summary>
internal sealed record FoundColumn(ReleaseId Release, ReportColumn Column);

/// <summary>Puts what evaluations measured of two versions side by side.</summary>
internal static class EvaluationComparison
{
    // An interval takes milliseconds, and a report may have a thousand slices.
    private const int MostIntervals = 100;

    public static EvaluationDifferences Compare(FoundColumn ofA, FoundColumn ofB, bool together, int predictions)
    {
        var (a, b) = (ofA.Column, ofB.Column);
        var pair = new ReportPair(a, b);
        return new EvaluationDifferences
        {
            Comparable = pair.SameRows,
            Together = together,
            Reason = (pair.SameRows, together) switch
            {
                (_, true) => null,
                (true, false) => "They were measured at different times: latencies, throughput and memory do not compare.",
                _ => $"They were measured on different rows: a on {a.Report.Dataset.Path}, b on {b.Report.Dataset.Path}.",
            },
            ReportOfA = ofA.Release,
            ReportOfB = ofB.Release,
            Confidence = ReportPair.Confidence,
            Metrics = [.. Metrics(a, b, pair).Where(m => m.A is not null || m.B is not null)],
            Slices = [.. Slices(a, b, pair)],
            Predictions = Predictions(pair, predictions),
        };
    }

    private static IEnumerable<MetricDifference> Metrics(ReportColumn a, ReportColumn b, ReportPair pair)
    {
        var (x, y, ofText, text) = (a.Of, b.Of, a.OfText, b.OfText);
        var gain = pair.Outcomes() is { } outcomes ? pair.AccuracyGain(outcomes, "") : null;
        return
        [
            new("accuracy", x.Accuracy, y.Accuracy, x.Accuracy is null || y.Accuracy is null ? null : gain),
            new("macroF1", x.MacroF1, y.MacroF1),
            new("calibrationError", x.CalibrationError, y.CalibrationError),
            new("perplexity", ofText?.Perplexity, text?.Perplexity),
            new("bitsPerByte", ofText?.BitsPerByte, text?.BitsPerByte, pair.BitsPerByteIncrease()),
            new("choiceAccuracy", ofText?.ChoiceAccuracy, text?.ChoiceAccuracy, ofText?.ChoiceAccuracy is null || text?.ChoiceAccuracy is null ? null : gain),
            new("timeToFirstTokenP95Ms", ofText?.TimeToFirstToken?.P95Ms, text?.TimeToFirstToken?.P95Ms),
            new("tokensPerSecond", ofText?.TokensPerSecond, text?.TokensPerSecond),
            new("latencyP50Ms", x.Latency.P50Ms, y.Latency.P50Ms),
            new("latencyP95Ms", x.Latency.P95Ms, y.Latency.P95Ms),
            new("latencyP99Ms", x.Latency.P99Ms, y.Latency.P99Ms),
            new("throughputRowsPerSecond", x.ThroughputRowsPerSecond, y.ThroughputRowsPerSecond),
            new("loadTimeMs", x.LoadTimeMs, y.LoadTimeMs),
            new("memoryBytes", x.MemoryBytes, y.MemoryBytes),
        ];
    }

    private static IEnumerable<SliceDifference> Slices(ReportColumn a, ReportColumn b, ReportPair pair)
    {
        var slicesOfA = a.Report.Slices.ToDictionary(NameOf, StringComparer.Ordinal);
        var slicesOfB = b.Report.Slices.ToDictionary(NameOf, StringComparer.Ordinal);
        var slices = slicesOfA.Keys.Union(slicesOfB.Keys, StringComparer.Ordinal)
            .Select(name => new BothSlices(name, slicesOfA.GetValueOrDefault(name), slicesOfB.GetValueOrDefault(name), a, b))
            .ToList();
        var farthest = slices.Where(s => s.Difference is not null).OrderByDescending(s => Math.Abs(s.Difference!.Value)).Take(MostIntervals).Select(s => s.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var slice in slices)
        {
            var gain = farthest.Contains(slice.Name) && pair.Outcomes(slice.InA!) is { } outcomes ? pair.AccuracyGain(outcomes, slice.Name) : null; // one with a difference is in both
            yield return new SliceDifference(slice.Name, "accuracy", slice.OfA?.Accuracy, slice.OfB?.Accuracy, gain);
            yield return new SliceDifference(slice.Name, "recall", slice.OfA?.Recall, slice.OfB?.Recall, slice.IsClass ? gain : null);
        }
    }

    private static PredictionDifferences? Predictions(ReportPair pair, int most) =>
        pair.Flipped() is { } flipped && pair.Outcomes() is { } outcomes
            ? new PredictionDifferences(outcomes.Rows, outcomes.BothCorrect, outcomes.OnlyBaselineCorrect, outcomes.OnlyCandidateCorrect, outcomes.NeitherCorrect, flipped.Count, [.. flipped.Take(most)])
            : null;

    private static string NameOf(SliceReport slice) => $"{slice.Column}={slice.Value}";

    private sealed record BothSlices(string Name, SliceReport? InA, SliceReport? InB, ReportColumn A, ReportColumn B)
    {
        public SliceScores? OfA => InA is null ? null : A.On(InA);

        public SliceScores? OfB => InB is null ? null : B.On(InB);

        public double? Difference => OfB?.Accuracy - OfA?.Accuracy;

        public bool IsClass => string.Equals((InA ?? InB)!.Column, A.Report.Label, StringComparison.Ordinal); // one of them has it
    }
}
