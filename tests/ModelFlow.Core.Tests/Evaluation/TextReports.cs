using ModelFlow.Core.Evaluation;
using ModelFlow.Core.Naming;

namespace ModelFlow.Core.Tests.Evaluation;

/// <summary>Consistent reports on language models over made-up passages.</summary>
internal static class TextReports
{
    /// <summary>Passages of 100 bytes and 40 tokens with a loss each.</summary>
    public static EvaluationReport Of(double[] candidate, double[]? baseline, int baselineTokens = 40)
    {
        PassageScores[] passages = [.. candidate.Select((nats, i) => new PassageScores($"t{i}", 100, new TokenLoss(40, nats), baseline is null ? null : new TokenLoss(baselineTokens, baseline[i])))];
        ChoiceAnswers[] choices = [.. Enumerable.Range(0, 40).Select(i => new ChoiceAnswers($"c{i}", 4, i % 4, i < 30 ? i % 4 : (i + 1) % 4, baseline is null ? null : i % 4))];
        return new EvaluationReport
        {
            Dataset = new EvaluatedDataset("made/up.jsonl", Sha256Digest.Of("made up"), passages.Length + choices.Length),
            Label = "label",
            Classes = [],
            BatchSize = 1,
            Candidate = Measure(),
            Baseline = baseline is null ? null : Measure(),
            Slices = [],
            Text = new TextEvaluation
            {
                Passages = passages,
                Choices = choices,
                Candidate = Measure(TextScores.OfCandidate(passages, choices)),
                Baseline = baseline is null ? null : Measure(TextScores.OfBaseline(passages, choices)),
                Slices =
                [
                    new TextSlice
                    {
                        Column = "book", Value = "Emma", Passages = passages.Length, Choices = choices.Length,
                        Candidate = TextScores.OfCandidate(passages, choices), Baseline = baseline is null ? null : TextScores.OfBaseline(passages, choices),
                    },
                ],
            },
        };
    }

    private static ModelMeasurements Measure() => new() { ConfusionMatrix = [], LoadTimeMs = 5, Latency = Reports.Latency(10, 11, 12), ThroughputRowsPerSecond = 90 };

    private static TextMeasurements Measure(TextScores scores) => new()
    {
        Perplexity = scores.Perplexity,
        BitsPerByte = scores.BitsPerByte,
        ChoiceAccuracy = scores.ChoiceAccuracy,
        TimeToFirstToken = Reports.Latency(3, 4, 5),
        TokensPerSecond = 50,
    };
}
