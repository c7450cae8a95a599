namespace ModelFlow.Core.Evaluation;

/// <summary>Checks what an evaluator wrote of language models: every number is in range, and the totals are what the rows say.</summary>
internal static class TextEvaluationChecks
{
    private const int LongestText = 1_000;

    public static void Check(List<FieldError> errors, EvaluationReport report, TextEvaluation text)
    {
        if (text.Passages is null || text.Choices is null || text.Candidate is null || text.Slices is null
            || text.Passages.Any(p => p?.Candidate is null) || text.Choices.Any(c => c is null) || text.Slices.Any(s => s?.Column is null || s.Value is null || s.Candidate is null))
        {
            errors.Add(new FieldError("text", "passages, choices, candidate and slices must be there and not null."));
            return;
        }

        var compares = report.Baseline is not null;
        Expect(errors, report.Classes.Count == 0 && report.Slices.Count == 0 && report.Paired is null && report.Candidate.ConfusionMatrix.Count == 0 && report.Baseline?.ConfusionMatrix.Count is null or 0, "classes", "classes, slices, paired and confusion matrices must be empty with 'text'.");
        Expect(errors, text.Passages.Count + text.Choices.Count <= report.Dataset.Rows, "text", "must have no more rows than the data set.");
        Expect(errors, text.Passages.Count <= EvaluationReportReader.MostSamples && text.Choices.Count <= EvaluationReportReader.MostSamples, "text", $"must have at most {EvaluationReportReader.MostSamples} passages and questions each.");
        Expect(errors, text.Passages.All(p => p.Bytes >= 1 && IsShort(p.Id) && IsSound(p.Candidate) && p.Baseline is null != compares && (p.Baseline is null || IsSound(p.Baseline))), "text.passages", "must have a length, tokens and a finite loss that is not negative, of the baseline if there is one and only then.");
        Expect(errors, text.Choices.All(c => c.Options is >= 2 and <= 26 && IsShort(c.Id) && IsOption(c, c.Right) && IsOption(c, c.Candidate) && c.Baseline is null != compares && (c.Baseline is null || IsOption(c, c.Baseline.Value))), "text.choices", "must have 2 to 26 options and choices among them, of the baseline if there is one and only then.");
        Expect(errors, text.Baseline is null != compares, "text.baseline", "must be there with a baseline, and only then.");
        if (errors.Count > 0)
        {
            return;
        }

        CheckModel(errors, text.Candidate, TextScores.OfCandidate(text.Passages, text.Choices), "text.candidate");
        if (text.Baseline is { } baseline)
        {
            CheckModel(errors, baseline, TextScores.OfBaseline(text.Passages, text.Choices), "text.baseline");
        }

        CheckSlices(errors, text, compares);
    }

    private static void CheckModel(List<FieldError> errors, TextMeasurements model, TextScores rows, string path)
    {
        Expect(errors, Near(model.Perplexity, rows.Perplexity), $"{path}.perplexity", "must be what the passages say.");
        Expect(errors, Near(model.BitsPerByte, rows.BitsPerByte), $"{path}.bitsPerByte", "must be what the passages say.");
        Expect(errors, Near(model.ChoiceAccuracy, rows.ChoiceAccuracy), $"{path}.choiceAccuracy", "must be what the choices say.");
        Expect(errors, model.TokensPerSecond is null or >= 0 && double.IsFinite(model.TokensPerSecond ?? 0), $"{path}.tokensPerSecond", "must be finite and not negative.");
        Expect(
            errors,
            model.TimeToFirstToken is null or { SamplesMs: not null },
            $"{path}.timeToFirstToken",
            "must have samplesMs.");
        if (model.TimeToFirstToken is { SamplesMs: not null } latency)
        {
            EvaluationReportReader.CheckLatency(errors, latency, $"{path}.timeToFirstToken");
        }
    }

    private static void CheckSlices(List<FieldError> errors, TextEvaluation text, bool compares)
    {
        Expect(errors, text.Slices.Count <= EvaluationReportReader.MostClasses, "text.slices", $"must be at most {EvaluationReportReader.MostClasses}.");
        for (var i = 0; i < text.Slices.Count; i++)
        {
            var slice = text.Slices[i];
            var path = $"text.slices[{i}]";
            Expect(errors, slice.Column.Length <= LongestText && slice.Value.Length <= LongestText, path, $"must have a column and a value of at most {LongestText} characters.");
            Expect(errors, slice.Passages >= 0 && slice.Choices >= 0 && slice.Passages <= text.Passages.Count && slice.Choices <= text.Choices.Count, path, "must have no more rows than there are.");
            Expect(errors, slice.Baseline is null != compares, $"{path}.baseline", "must be there with a baseline, and only then.");
            Expect(errors, IsSound(slice.Candidate) && (slice.Baseline is null || IsSound(slice.Baseline)), path, "must have a perplexity of 1 or more, bits per byte that are not negative and an accuracy from 0 to 1.");
        }

        Expect(errors, !text.Slices.GroupBy(s => (s.Column, s.Value)).Any(g => g.Count() > 1), "text.slices", "must differ from each other.");
    }

    private static bool IsSound(TokenLoss loss) => loss.Tokens >= 1 && double.IsFinite(loss.Nats) && loss.Nats >= 0;

    private static bool IsSound(TextScores scores) =>
        scores is { Perplexity: null or (>= 1 and < double.PositiveInfinity), BitsPerByte: null or (>= 0 and < double.PositiveInfinity), ChoiceAccuracy: null or (>= 0 and <= 1) };

    private static bool IsShort(string? id) => id is null || id.Length <= LongestText;

    private static bool IsOption(ChoiceAnswers question, int index) => index >= 0 && index < question.Options;

    private static bool Near(double? a, double? b) => (a, b) switch
    {
        (null, null) => true,
        ({ } x, { } y) => Math.Abs(x - y) <= 1e-6 * Math.Max(1, Math.Abs(y)),
        _ => false,
    };

    private static void Expect(List<FieldError> errors, bool holds, string path, string message)
    {
        if (!holds && errors.Count < 100)
        {
            errors.Add(new FieldError(path, message));
        }
    }
}
