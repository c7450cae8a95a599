using ModelFlow.Core.Evaluation;
using ModelFlow.Core.Naming;

namespace ModelFlow.Core.Tests.Evaluation;

/// <summary>Consistent reports over made-up rows: built through the same scores as real ones.</summary>
internal static class Reports
{
    public static EvaluationReport Of(int[] truth, int[] candidate, int[]? baseline, int classes = 2)
    {
        var all = Enumerable.Range(0, truth.Length).ToList();
        return new EvaluationReport
        {
            Dataset = new EvaluatedDataset("made/up.csv", Sha256Digest.Of("made up"), truth.Length),
            Label = "label",
            Classes = [.. Enumerable.Range(0, classes).Select(c => $"{c}")],
            BatchSize = 64,
            Candidate = Measure(classes, truth, candidate, 1.0),
            Baseline = baseline is null ? null : Measure(classes, truth, baseline, 1.0),
            Paired = baseline is null ? null : ClassificationScores.Pair(all, truth, candidate, baseline),
            Answers = new EvaluatedAnswers { Truth = truth, Candidate = candidate, Baseline = baseline },
            Slices =
            [
                .. Enumerable.Range(0, classes).Select(c =>
                {
                    var rows = all.Where(r => truth[r] == c).ToList();
                    return new SliceReport
                    {
                        Column = "label",
                        Value = $"{c}",
                        Rows = rows.Count,
                        Candidate = ClassificationScores.Slice(rows, truth, candidate),
                        Baseline = baseline is null ? null : ClassificationScores.Slice(rows, truth, baseline),
                        Paired = baseline is null ? null : ClassificationScores.Pair(rows, truth, candidate, baseline),
                    };
                }),
            ],
        };
    }

    public static LatencyMeasurements Latency(params double[] samples)
    {
        var sorted = samples.Order().ToArray();
        return new LatencyMeasurements
        {
            P50Ms = Quantile.OfSorted(sorted, 0.5),
            P95Ms = Quantile.OfSorted(sorted, 0.95),
            P99Ms = Quantile.OfSorted(sorted, 0.99),
            SamplesMs = samples,
        };
    }

    private static ModelMeasurements Measure(int classes, int[] truth, int[] answers, double latencyMs)
    {
        var confusion = ClassificationScores.Confusion(classes, truth, answers);
        return new ModelMeasurements
        {
            Accuracy = ClassificationScores.Accuracy(confusion),
            MacroF1 = ClassificationScores.MacroF1(confusion),
            CalibrationError = 0.02,
            ConfusionMatrix = confusion,
            LoadTimeMs = 5,
            Latency = Latency(latencyMs, latencyMs, latencyMs),
            ThroughputRowsPerSecond = 64_000,
        };
    }
}
