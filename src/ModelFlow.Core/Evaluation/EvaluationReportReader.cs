using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using ModelFlow.Core.Serialization;

namespace ModelFlow.Core.Evaluation;

/// <summary>
/// Reads <c>evaluation.json</c>. The evaluator is a program of its own, perhaps somebody else's, that ran hostile native input:
/// what it wrote is checked before anything is decided on it.
/// </summary>
public static class EvaluationReportReader
{
    /// <summary>The most classes, and the most slices, a report may have.</summary>
    public const int MostClasses = 1_000;

    /// <summary>The most batches whose latency a report may hold.</summary>
    public const int MostSamples = 10_000;

    private const int LongestText = 1_000;

    /// <summary>Reads a report, or says in <paramref name="errors"/> everything that is wrong with it.</summary>
    public static bool TryRead(ReadOnlySpan<byte> utf8, [NotNullWhen(true)] out EvaluationReport? report, out IReadOnlyList<FieldError> errors)
    {
        report = null;
        try
        {
            report = JsonSerializer.Deserialize<EvaluationReport>(utf8, CoreJson.Options);
        }
        catch (JsonException e)
        {
            errors = [new FieldError((e.Path ?? "").TrimStart('$', '.'), $"is not a {EvaluationReport.CurrentSchema} report: {e.Message}")];
            return false;
        }

        errors = report is null ? [new FieldError("", "The report is null.")] : Check(report);
        if (errors.Count > 0)
        {
            report = null;
        }

        return report is not null;
    }

    /// <summary>Everything in <paramref name="report"/> that is out of range or does not add up; empty when all is well.</summary>
    public static IReadOnlyList<FieldError> Check(EvaluationReport report)
    {
        var errors = new List<FieldError>();
        if (!string.Equals(report.Schema, EvaluationReport.CurrentSchema, StringComparison.Ordinal))
        {
            errors.Add(new FieldError("schema", $"must be '{EvaluationReport.CurrentSchema}'."));
            return errors;
        }

        // A required member may still be null in JSON.
        if (report.Dataset is null || report.Label is null || report.Classes is null || report.Candidate is null || report.Slices is null || report.Notes is null
            || report.Classes.Any(c => c is null) || report.Slices.Any(s => s is null) || report.Notes.Any(n => n is null))
        {
            errors.Add(new FieldError("", "dataset, label, classes, candidate, slices and notes must be there and not null."));
            return errors;
        }

        Expect(errors, report.Dataset.Rows >= 1, "dataset.rows", "must be 1 or more.");
        Expect(errors, report.Dataset.Path is { Length: > 0 and <= LongestText }, "dataset.path", $"must have 1 to {LongestText} characters.");
        Expect(errors, report.Dataset.Sha256.Hex.Length > 0, "dataset.sha256", "must be there.");
        Expect(errors, report.Label.Length is > 0 and <= LongestText, "label", $"must have 1 to {LongestText} characters.");
        Expect(errors, report.BatchSize is >= 1 and <= 4_096, "batchSize", "must be 1 to 4096.");
        Expect(errors, report.Text is not null || report.Classes.Count is >= 1 and <= MostClasses, "classes", $"must be 1 to {MostClasses}.");
        Expect(errors, report.Classes.Distinct(StringComparer.Ordinal).Count() == report.Classes.Count, "classes", "must differ from each other.");
        Expect(errors, report.Classes.All(c => c.Length <= LongestText), "classes", $"must have at most {LongestText} characters each.");
        Expect(errors, report.PeakMemoryBytes is null or >= 0, "peakMemoryBytes", "must not be negative.");
        Expect(errors, report.Notes.Count <= 100 && report.Notes.All(n => n.Length <= LongestText), "notes", $"must be at most 100 of at most {LongestText} characters.");
        Expect(errors, report.BaselineUnavailable is null || (report.Baseline is null && report.BaselineUnavailable.Length <= LongestText), "baselineUnavailable", $"must be at most {LongestText} characters, and only there without a baseline.");
        Expect(errors, report.Text is not null || report.Baseline is null == report.Paired is null, "paired", "must be there with a baseline, and only then.");
        Expect(errors, report.Text is null || report.Answers is null, "answers", "must not be there with text, whose questions have their own.");
        CheckModel(errors, report, report.Candidate, "candidate");
        if (report.Baseline is not null)
        {
            CheckModel(errors, report, report.Baseline, "baseline");
        }

        if (errors.Count == 0 && report.Text is { } text)
        {
            TextEvaluationChecks.Check(errors, report, text);
        }
        else if (errors.Count == 0)
        {
            CheckPaired(errors, report);
            CheckSlices(errors, report);
            CheckAnswers(errors, report);
        }

        return errors;
    }

    private static void CheckModel(List<FieldError> errors, EvaluationReport report, ModelMeasurements model, string path)
    {
        if (model.ConfusionMatrix is null || model.Latency?.SamplesMs is null)
        {
            errors.Add(new FieldError(path, "must have a confusionMatrix and latency.samplesMs."));
            return;
        }

        var classes = report.Classes.Count;
        var rows = report.Dataset.Rows;
        var cellsGood = model.ConfusionMatrix.Count == classes
            && model.ConfusionMatrix.All(r => r is not null && r.Count == classes + 1 && r.All(c => c >= 0 && c <= rows));
        Expect(errors, cellsGood, $"{path}.confusionMatrix", $"must have {classes} rows of {classes + 1} counts from 0 to {rows}.");
        if (cellsGood && report.Text is null)
        {
            Expect(errors, model.ConfusionMatrix.Sum(r => r.Sum()) == rows, $"{path}.confusionMatrix", $"must add up to the {rows} rows of the data set.");
            Expect(errors, model.Accuracy is null || Near(model.Accuracy.Value, Correct(model) / (double)rows), $"{path}.accuracy", "must be what the confusion matrix says.");
        }

        Expect(errors, IsShare(model.Accuracy), $"{path}.accuracy", "must be 0 to 1.");
        Expect(errors, IsShare(model.MacroF1), $"{path}.macroF1", "must be 0 to 1.");
        Expect(errors, IsShare(model.CalibrationError), $"{path}.calibrationError", "must be 0 to 1.");
        Expect(errors, IsAmount(model.LoadTimeMs), $"{path}.loadTimeMs", "must be finite and not negative.");
        Expect(errors, IsAmount(model.ThroughputRowsPerSecond), $"{path}.throughputRowsPerSecond", "must be finite and not negative.");
        Expect(errors, model.MemoryBytes is null or >= 0, $"{path}.memoryBytes", "must not be negative.");
        CheckLatency(errors, model.Latency, $"{path}.latency");
    }

    internal static void CheckLatency(List<FieldError> errors, LatencyMeasurements latency, string path)
    {
        Expect(errors, IsAmount(latency.P50Ms) && latency.P50Ms <= latency.P95Ms && latency.P95Ms <= latency.P99Ms && double.IsFinite(latency.P99Ms), path, "must be finite, not negative, and rise from p50 over p95 to p99.");
        Expect(errors, latency.SamplesMs.Count <= MostSamples && latency.SamplesMs.All(IsAmount), $"{path}.samplesMs", $"must be at most {MostSamples} finite numbers, none negative.");
    }

    private static void CheckPaired(List<FieldError> errors, EvaluationReport report)
    {
        if (report is { Paired: { } paired, Baseline: { } baseline })
        {
            Expect(errors, AddsUp(paired, report.Dataset.Rows), "paired", "must add up to the rows of the data set.");
            Expect(errors, paired.BothCorrect + paired.OnlyCandidateCorrect == Correct(report.Candidate), "paired", "must agree with the candidate's confusion matrix.");
            Expect(errors, paired.BothCorrect + paired.OnlyBaselineCorrect == Correct(baseline), "paired", "must agree with the baseline's confusion matrix.");
        }
    }

    private static void CheckSlices(List<FieldError> errors, EvaluationReport report)
    {
        Expect(errors, report.Slices.Count is >= 1 and <= MostClasses, "slices", $"must be 1 to {MostClasses}.");
        for (var i = 0; i < report.Slices.Count; i++)
        {
            var slice = report.Slices[i];
            var path = $"slices[{i}]";
            if (slice.Column is null || slice.Value is null || slice.Candidate is null)
            {
                errors.Add(new FieldError(path, "must have a column, a value and the candidate's numbers."));
                continue;
            }

            Expect(errors, slice.Column.Length <= LongestText && slice.Value.Length <= LongestText, path, $"must have a column and a value of at most {LongestText} characters.");
            Expect(errors, slice.Rows >= 1 && slice.Rows <= report.Dataset.Rows, $"{path}.rows", "must be 1 to the rows of the data set.");
            Expect(errors, IsScore(slice.Candidate) && (slice.Baseline is null || IsScore(slice.Baseline)), path, "must have accuracies and recalls from 0 to 1.");
            Expect(errors, slice.Paired is null == report.Baseline is null && slice.Baseline is null == report.Baseline is null, path, "must compare with the baseline if there is one, and only then.");
            if (slice.Paired is { } paired)
            {
                Expect(errors, AddsUp(paired, slice.Rows), $"{path}.paired", "must add up to the slice's rows.");
                Expect(errors, slice.Rows < 1 || Near(slice.Candidate.Accuracy, (paired.BothCorrect + paired.OnlyCandidateCorrect) / (double)slice.Rows), $"{path}.candidate.accuracy", "must be what the paired outcomes say.");
            }
        }

        var repeated = report.Slices.GroupBy(s => (s.Column, s.Value)).Any(g => g.Count() > 1);
        Expect(errors, !repeated, "slices", "must differ from each other.");
        foreach (var (name, i) in report.Classes.Select((c, i) => (c, i)))
        {
            var expected = report.Candidate.ConfusionMatrix[i].Sum();
            var slice = report.Slices.FirstOrDefault(s => string.Equals(s.Column, report.Label, StringComparison.Ordinal) && string.Equals(s.Value, name, StringComparison.Ordinal));
            Expect(errors, slice?.Rows == expected, "slices", $"must have one for the class '{name}' with {expected} rows.");
        }
    }

    private static void CheckAnswers(List<FieldError> errors, EvaluationReport report)
    {
        if (report.Answers is not { } answers || errors.Count > 0)
        {
            return;
        }

        var rows = report.Dataset.Rows;
        Expect(errors, rows <= EvaluatedAnswers.MostRows, "answers", $"must be left out with more than {EvaluatedAnswers.MostRows} rows.");
        Expect(errors, AreClasses(answers.Truth, least: 0), "answers.truth", "must have the index of a class for each row of the data set.");
        Expect(errors, AreClasses(answers.Candidate, ClassificationScores.OtherClass), "answers.candidate", "must have the index of a class, or -1, for each row of the data set.");
        Expect(errors, answers.Baseline is null == report.Baseline is null, "answers.baseline", "must be there with a baseline, and only then.");
        Expect(errors, answers.Baseline is null || AreClasses(answers.Baseline, ClassificationScores.OtherClass), "answers.baseline", "must have the index of a class, or -1, for each row of the data set.");
        var idsGood = answers.Ids is null || (answers.Ids.Count == rows && answers.Ids.All(i => i is { Length: <= EvaluatedAnswers.LongestId }));
        Expect(errors, idsGood, "answers.ids", $"must have an id of at most {EvaluatedAnswers.LongestId} characters for each row of the data set.");
        if (errors.Count > 0)
        {
            return;
        }

        int[] truth = [.. answers.Truth];
        Expect(errors, Says(report.Candidate, truth, answers.Candidate), "answers.candidate", "must be what the confusion matrix counts.");
        Expect(errors, report.Baseline is null || Says(report.Baseline, truth, answers.Baseline!), "answers.baseline", "must be what the confusion matrix counts."); // there, as checked above
        if (answers.Baseline is { } baseline)
        {
            var paired = ClassificationScores.Pair(Enumerable.Range(0, truth.Length), truth, [.. answers.Candidate], [.. baseline]);
            Expect(errors, paired == report.Paired, "answers", "must be what the paired outcomes count.");
        }

        bool AreClasses(IReadOnlyList<int>? indices, int least) => indices is not null && indices.Count == rows && indices.All(i => i >= least && i < report.Classes.Count);
    }

    private static bool Says(ModelMeasurements model, int[] truth, IReadOnlyList<int> answers) =>
        ClassificationScores.Confusion(model.ConfusionMatrix.Count, truth, [.. answers]).Zip(model.ConfusionMatrix).All(r => r.First.SequenceEqual(r.Second));

    private static long Correct(ModelMeasurements model) => model.ConfusionMatrix.Select((r, i) => r[i]).Sum();

    private static bool AddsUp(PairedOutcomes p, long rows) =>
        new[] { p.BothCorrect, p.OnlyCandidateCorrect, p.OnlyBaselineCorrect, p.NeitherCorrect }.All(c => c >= 0 && c <= rows) && p.Rows == rows;

    private static bool IsScore(SliceScores s) => IsShare(s.Accuracy) && IsShare(s.Recall);

    private static bool IsShare(double? value) => value is null or (>= 0 and <= 1);

    private static bool IsAmount(double value) => double.IsFinite(value) && value >= 0;

    private static bool Near(double a, double b) => Math.Abs(a - b) < 1e-6;

    private static void Expect(List<FieldError> errors, bool holds, string path, string message)
    {
        if (!holds && errors.Count < 100)
        {
            errors.Add(new FieldError(path, message));
        }
    }
}
