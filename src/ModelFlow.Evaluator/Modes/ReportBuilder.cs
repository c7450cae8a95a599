using ModelFlow.Core.Evaluation;
using ModelFlow.Core.Naming;
using ModelFlow.Evaluator.Data;

namespace ModelFlow.Evaluator.Modes;

/// <summary>Turns answers and times into the report.</summary>
internal static class ReportBuilder
{
    public static EvaluationReport Build(
        JobSettings settings,
        LabelledRows rows,
        Sha256Digest digest,
        long? peakMemory,
        Contestant candidate,
        long? candidateMemory,
        Contestant? baseline,
        long? baselineMemory,
        string baselineReason)
    {
        var notes = new List<string>();
        var candidateNumbers = Measure(settings.Candidate.Version, rows, candidate, candidateMemory, notes);
        var baselineNumbers = baseline is null || settings.Baseline is null ? null : Measure(settings.Baseline.Version, rows, baseline, baselineMemory, notes);
        notes.Add($"{candidate.SamplesMs.Count} batches timed after a warm-up, {settings.Threads} thread(s), inference alone{(baseline is null ? "" : ", both versions by turns")}");
        return new EvaluationReport
        {
            Dataset = new EvaluatedDataset(settings.DatasetPath, digest, rows.Table.Rows),
            Label = settings.Label,
            Classes = rows.Classes,
            BatchSize = Math.Min(settings.BatchSize, rows.Table.Rows),
            Candidate = candidateNumbers,
            Baseline = baselineNumbers,
            BaselineUnavailable = settings.Baseline is not null && baseline is null ? baselineReason : null,
            Paired = baseline is null ? null : ClassificationScores.Pair(Enumerable.Range(0, rows.Truth.Length), rows.Truth, candidate.Answers, baseline.Answers),
            Slices =
            [
                .. rows.Slices.Select(s => new SliceReport
                {
                    Column = s.Column,
                    Value = s.Value,
                    Rows = s.Rows.Count,
                    Candidate = ClassificationScores.Slice(s.Rows, rows.Truth, candidate.Answers),
                    Baseline = baseline is null ? null : ClassificationScores.Slice(s.Rows, rows.Truth, baseline.Answers),
                    Paired = baseline is null ? null : ClassificationScores.Pair(s.Rows, rows.Truth, candidate.Answers, baseline.Answers),
                }),
            ],
            Answers = Answers(rows, candidate, baseline),
            PeakMemoryBytes = peakMemory,
            Notes = notes,
        };
    }

    public static string Summary(EvaluationReport report, JobSettings settings)
    {
        var stable = report.Baseline is { } b ? $" ({settings.Baseline!.Version}: {b.Accuracy:0.0000})" : "";
        var stableLatency = report.Baseline is { } l ? $" ({settings.Baseline!.Version}: {l.Latency.P95Ms:0.###} ms)" : "";
        return $"accuracy {report.Candidate.Accuracy:0.0000}{stable} on {report.Dataset.Rows} rows; "
            + $"p95 {report.Candidate.Latency.P95Ms:0.###} ms{stableLatency} for a batch of {report.BatchSize}";
    }

    private static EvaluatedAnswers? Answers(LabelledRows rows, Contestant candidate, Contestant? baseline)
    {
        if (rows.Truth.Length > EvaluatedAnswers.MostRows)
        {
            return null;
        }

        string[]? ids = rows.Table.Find(LabelledRows.Id) is { Width: 1 } id ? [.. Enumerable.Range(0, rows.Truth.Length).Select(r => id.Text(r))] : null;
        return new EvaluatedAnswers
        {
            Ids = ids?.All(i => i.Length <= EvaluatedAnswers.LongestId) == true ? ids : null,
            Truth = rows.Truth,
            Candidate = candidate.Answers,
            Baseline = baseline?.Answers,
        };
    }

    private static ModelMeasurements Measure(string version, LabelledRows rows, Contestant contestant, long? memory, List<string> notes)
    {
        var confusion = ClassificationScores.Confusion(rows.Classes.Count, rows.Truth, contestant.Answers);
        var sorted = contestant.SamplesMs.Order().ToArray();
        double? calibration = null;
        if (contestant.Confidence is not null && contestant.ScoresAreProbabilities)
        {
            bool[] right = [.. rows.Truth.Select((t, i) => t == contestant.Answers[i])];
            calibration = ClassificationScores.CalibrationError(right, contestant.Confidence);
        }
        else
        {
            notes.Add($"{version} gives no probabilities, so its calibration is not measured");
        }

        if (contestant.Note is not null)
        {
            notes.Add($"{version}: {contestant.Note}");
        }

        if (contestant.DeviceNote is not null)
        {
            notes.Add($"{version} {contestant.DeviceNote}");
        }

        return new ModelMeasurements
        {
            Accuracy = ClassificationScores.Accuracy(confusion),
            MacroF1 = ClassificationScores.MacroF1(confusion),
            CalibrationError = calibration,
            ConfusionMatrix = confusion,
            LoadTimeMs = Round(contestant.LoadTime.TotalMilliseconds),
            Latency = new LatencyMeasurements
            {
                P50Ms = Round(Quantile.OfSorted(sorted, 0.5)),
                P95Ms = Round(Quantile.OfSorted(sorted, 0.95)),
                P99Ms = Round(Quantile.OfSorted(sorted, 0.99)),
                SamplesMs = [.. contestant.SamplesMs.Select(Round)],
            },
            ThroughputRowsPerSecond = Math.Round(contestant.RowsPerSecond),
            MemoryBytes = memory,
        };
    }

    // A tenth of a microsecond is finer than the clock is steady.
    private static double Round(double milliseconds) => Math.Round(milliseconds, 4);
}
