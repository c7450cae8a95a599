using ModelFlow.Core.Evaluation;
using ModelFlow.Core.Naming;

namespace ModelFlow.Evaluator.Text;

/// <summary>Turns losses, choices and times into the report.</summary>
internal static class TextReportBuilder
{
    public static EvaluationReport Build(JobSettings settings, TextRows rows, Sha256Digest digest, TextContestant candidate, TextContestant? baseline, string? baselineUnavailable)
    {
        PassageScores[] passages = [.. rows.Passages.Select((p, i) => new PassageScores(p.Id, p.Bytes, candidate.Passages[i], baseline?.Passages[i]))];
        ChoiceAnswers[] choices = [.. rows.Questions.Select((q, i) => new ChoiceAnswers(q.Id, q.Options.Count, q.Right, candidate.Choices[i], baseline?.Choices[i]))];
        return new EvaluationReport
        {
            Dataset = new EvaluatedDataset(settings.DatasetPath, digest, rows.Count),
            Label = settings.Label,
            Classes = [],
            BatchSize = 1,
            Candidate = Measure(candidate),
            Baseline = baseline is null ? null : Measure(baseline),
            BaselineUnavailable = baselineUnavailable,
            Slices = [],
            Text = new TextEvaluation
            {
                Passages = passages,
                Choices = choices,
                Candidate = Measure(candidate, TextScores.OfCandidate(passages, choices)),
                Baseline = baseline is null ? null : Measure(baseline, TextScores.OfBaseline(passages, choices)),
                Slices = [.. Slices(settings, rows, passages, choices, baseline is not null)],
            },
            Notes =
            [
                $"{candidate.AnswerMs.Count} answers timed after a warm-up, {settings.Threads} thread(s){(baseline is null ? "" : ", both versions by turns")}; a latency is that of a whole answer of up to 32 tokens",
                .. new[] { candidate, baseline }.OfType<TextContestant>().Select(c => $"{c.Version} {c.Model.Note}"),
            ],
        };
    }

    public static string Summary(EvaluationReport report, JobSettings settings)
    {
        var text = report.Text!; // Build made it.
        return text.Baseline is { } baseline ? $"{Numbers(text.Candidate)} ({settings.Baseline!.Version}: {Numbers(baseline)})" : Numbers(text.Candidate);
    }

    private static string Numbers(TextMeasurements numbers) => string.Join(", ", new[]
    {
        numbers.Perplexity is { } perplexity ? $"perplexity {perplexity:0.##}, {numbers.BitsPerByte:0.####} bits per byte" : null,
        numbers.ChoiceAccuracy is { } choice ? $"multiple choice {choice:0.0000}" : null,
        $"first token after {numbers.TimeToFirstToken?.P95Ms:0.#} ms (p95), {numbers.TokensPerSecond:0} tokens/s",
    }.OfType<string>());

    private static IEnumerable<TextSlice> Slices(JobSettings settings, TextRows rows, PassageScores[] passages, ChoiceAnswers[] choices, bool compares)
    {
        for (var s = 0; s < settings.Slices.Count; s++)
        {
            var column = s;
            foreach (var value in rows.Passages.Select(p => p.Slices[column]).Concat(rows.Questions.Select(q => q.Slices[column])).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal))
            {
                PassageScores[] p = [.. passages.Where((_, i) => string.Equals(rows.Passages[i].Slices[column], value, StringComparison.Ordinal))];
                ChoiceAnswers[] c = [.. choices.Where((_, i) => string.Equals(rows.Questions[i].Slices[column], value, StringComparison.Ordinal))];
                yield return new TextSlice
                {
                    Column = settings.Slices[s],
                    Value = value,
                    Passages = p.Length,
                    Choices = c.Length,
                    Candidate = TextScores.OfCandidate(p, c),
                    Baseline = compares ? TextScores.OfBaseline(p, c) : null,
                };
            }
        }
    }

    private static ModelMeasurements Measure(TextContestant contestant) => new()
    {
        ConfusionMatrix = [],
        LoadTimeMs = Round(contestant.Model.LoadTime.TotalMilliseconds),
        Latency = Latency(contestant.AnswerMs),
        ThroughputRowsPerSecond = contestant.AnswerMs.Sum() > 0 ? Round(contestant.AnswerMs.Count / contestant.AnswerMs.Sum() * 1000) : 0,
    };

    private static TextMeasurements Measure(TextContestant contestant, TextScores scores) => new()
    {
        Perplexity = scores.Perplexity,
        BitsPerByte = scores.BitsPerByte,
        ChoiceAccuracy = scores.ChoiceAccuracy,
        TimeToFirstToken = Latency(contestant.FirstMs),
        TokensPerSecond = contestant.TokensPerSecond.Count == 0 ? null : Round(Quantile.OfSorted([.. contestant.TokensPerSecond.Order()], 0.5)),
    };

    private static LatencyMeasurements Latency(List<double> milliseconds)
    {
        var sorted = milliseconds.Order().ToArray();
        return new LatencyMeasurements
        {
            P50Ms = Round(Quantile.OfSorted(sorted, 0.5)),
            P95Ms = Round(Quantile.OfSorted(sorted, 0.95)),
            P99Ms = Round(Quantile.OfSorted(sorted, 0.99)),
            SamplesMs = [.. milliseconds.Select(Round)],
        };
    }

    private static double Round(double value) => Math.Round(value, 4);
}
