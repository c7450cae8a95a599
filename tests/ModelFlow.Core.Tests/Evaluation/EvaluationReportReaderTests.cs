using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using ModelFlow.Core.Evaluation;
using ModelFlow.Core.Serialization;

namespace ModelFlow.Core.Tests.Evaluation;

public sealed class EvaluationReportReaderTests
{
    private static readonly EvaluationReport Good = Reports.Of([0, 1, 0, 1], [0, 1, 1, 1], [0, 0, 0, 1]);

    [Fact]
    public void TryRead_whatWasWritten_readsTheSame()
    {
        Assert.True(EvaluationReportReader.TryRead(JsonSerializer.SerializeToUtf8Bytes(Good, CoreJson.Options), out var report, out var errors));

        Assert.Empty(errors);
        Assert.Equal(JsonSerializer.Serialize(Good, CoreJson.Options), JsonSerializer.Serialize(report, CoreJson.Options));
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"schema":"modelflow/evaluation/v2"}""")]
    [InlineData("not json")]
    public void TryRead_noReport_errorsAndNoException(string text)
    {
        Assert.False(EvaluationReportReader.TryRead(Encoding.UTF8.GetBytes(text), out var report, out var errors));
        Assert.Null(report);
        Assert.NotEmpty(errors);
    }

    [Fact]
    public void Check_answersThatPairOtherwise_saysSo()
    {
        var report = Reports.Of([0, 0, 1], [0, 1, 1], [1, 0, 1]);

        var errors = EvaluationReportReader.Check(report with { Answers = report.Answers! with { Baseline = [0, 1, 1] } });

        Assert.Equal("answers", Assert.Single(errors).Path);
    }

    [Theory]
    [InlineData("candidate.accuracy", "1", "candidate.accuracy")]
    [InlineData("candidate.accuracy", "-0.1", "candidate.accuracy")]
    [InlineData("candidate.macroF1", "1.5", "candidate.macroF1")]
    [InlineData("candidate.confusionMatrix", "[[1,1,0]]", "candidate.confusionMatrix")]
    [InlineData("candidate.confusionMatrix", "[[1,1,0],[0,3,0]]", "candidate.confusionMatrix")]
    [InlineData("candidate.confusionMatrix", "[[9223372036854775807,1,0],[0,2,0]]", "candidate.confusionMatrix")]
    [InlineData("candidate.latency.p95Ms", "0.5", "candidate.latency")]
    [InlineData("candidate.latency.samplesMs", "null", "candidate")]
    [InlineData("candidate", "null", "")]
    [InlineData("baseline", "null", "paired")]
    [InlineData("paired.bothCorrect", "3", "paired")]
    [InlineData("paired.neitherCorrect", "-1", "paired")]
    [InlineData("dataset.rows", "5", "candidate.confusionMatrix")]
    [InlineData("dataset.rows", "0", "dataset.rows")]
    [InlineData("batchSize", "0", "batchSize")]
    [InlineData("classes", """["0","0"]""", "classes")]
    [InlineData("slices", "[]", "slices")]
    [InlineData("answers.truth", "null", "answers.truth")]
    [InlineData("answers.truth", "[0,1,0]", "answers.truth")]
    [InlineData("answers.truth", "[0,1,0,-1]", "answers.truth")]
    [InlineData("answers.truth", "[0,1,0,2]", "answers.truth")]
    [InlineData("answers.truth", "[1,0,0,1]", "answers.candidate")]
    [InlineData("answers.candidate", "[0,1,1,2]", "answers.candidate")]
    [InlineData("answers.candidate", "[0,1,1,-2]", "answers.candidate")]
    [InlineData("answers.candidate", "[0,1,1,0]", "answers.candidate")]
    [InlineData("answers.baseline", "null", "answers.baseline")]
    [InlineData("answers.baseline", "[0,0,0,-1]", "answers.baseline")]
    [InlineData("answers.ids", """["a","b","c"]""", "answers.ids")]
    [InlineData("answers.ids", """["a","b","c",null]""", "answers.ids")]
    public void TryRead_oneFieldWrong_saysWhich(string field, string value, string path)
    {
        var json = JsonSerializer.SerializeToNode(Good, CoreJson.Options)!;
        var parts = field.Split('.');
        var parent = parts[..^1].Aggregate(json, (node, part) => node[part]!);
        parent[parts[^1]] = JsonNode.Parse(value);

        Assert.False(EvaluationReportReader.TryRead(Encoding.UTF8.GetBytes(json.ToJsonString()), out _, out var errors));
        Assert.Contains(errors, e => string.Equals(e.Path, path, StringComparison.Ordinal));
    }

    [Fact]
    public void TryRead_sliceThatDoesNotAddUp_saysWhich()
    {
        var slices = Good.Slices.ToList();
        slices[1] = slices[1] with { Paired = slices[1].Paired! with { BothCorrect = 2 } };

        Assert.Contains(EvaluationReportReader.Check(Good with { Slices = slices }), e => e.Path.StartsWith("slices[1]", StringComparison.Ordinal));
    }
}
