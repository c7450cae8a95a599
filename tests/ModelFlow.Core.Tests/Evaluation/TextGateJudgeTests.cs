using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using ModelFlow.Core.Evaluation;
using ModelFlow.Core.Serialization;

namespace ModelFlow.Core.Tests.Evaluation;

/// <summary>The gates of language models, and what a report on them has to be.</summary>
public sealed class TextGateJudgeTests
{
    private static readonly double[] Stable = [.. Enumerable.Range(0, 30).Select(i => 100.0 + i)];

    public static TheoryData<string, double, bool> Limits => new()
    {
        { "maxPerplexity", 20, true },
        { "maxPerplexity", 12, false },
        { "maxBitsPerByte", 1.7, true },
        { "maxBitsPerByte", 1.6, false },
        { "minChoiceAccuracy", 0.75, true },
        { "minChoiceAccuracy", 0.8, false },
        { "maxTimeToFirstTokenMs", 5, true },
        { "maxTimeToFirstTokenMs", 4, false },
        { "minTokensPerSecond", 50, true },
        { "minTokensPerSecond", 51, false },
    };

    [Theory]
    [MemberData(nameof(Limits))]
    public void Judge_absoluteLimit_holds(string gate, double limit, bool passes)
    {
        // 30 passages of 40 tokens and 100 bytes with a mean loss of 114.5 nats: perplexity exp(2.8625) = 17.5, 1.652 bits a byte.
        var result = Assert.Single(GateJudge.Judge(Policy(gate, limit), TextReports.Of(Stable, null)));
        Assert.Equal((gate, passes), (result.Gate, result.Passed));
    }

    [Fact]
    public void Judge_classifier_doesNotPassWhatIsNotMeasured() =>
        Assert.All(Limits, l => Assert.False(Assert.Single(GateJudge.Judge(Policy(l.Data.Item1, l.Data.Item2), Reports.Of([0, 1], [0, 1], null))).Passed));

    [Fact]
    public void Judge_noiseAroundStable_passes_andEstablishedHarm_refuses()
    {
        double[] noisy = [.. Stable.Select((n, i) => n + (i % 2 == 0 ? 4 : -3.9))];
        double[] worse = [.. Stable.Select((n, i) => n + 6 + (i % 3))];
        foreach (var policy in new[] { new GatePolicy { MaxBitsPerByteIncrease = 0.02 }, new GatePolicy { MaxPerplexityRatio = 1.05 } })
        {
            Assert.True(Assert.Single(GateJudge.Judge(policy, TextReports.Of(noisy, Stable))).Passed);
            var refused = Assert.Single(GateJudge.Judge(policy, TextReports.Of(worse, Stable)));
            Assert.False(refused.Passed, refused.Message);
            Assert.Contains("30 passages", refused.Message, StringComparison.Ordinal);
            Assert.True(Assert.Single(GateJudge.Judge(policy, TextReports.Of(worse, null))).Passed, "without a stable version there is nothing to compare with");
        }
    }

    [Fact]
    public void Judge_otherTokenizer_bitsPerByteCompare_perplexitiesDoNot()
    {
        var report = TextReports.Of(Stable, Stable, baselineTokens: 55);
        Assert.True(Assert.Single(GateJudge.Judge(new GatePolicy { MaxBitsPerByteIncrease = 0.01 }, report)).Passed);
        var ratio = Assert.Single(GateJudge.Judge(new GatePolicy { MaxPerplexityRatio = 100 }, report));
        Assert.False(ratio.Passed);
        Assert.Contains("maxBitsPerByteIncrease", ratio.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Judge_choices_lossIsPaired()
    {
        // Stable answers all 40, the candidate 30.
        Assert.False(Assert.Single(GateJudge.Judge(new GatePolicy { MaxChoiceAccuracyLoss = 0.05 }, TextReports.Of(Stable, Stable))).Passed);
        Assert.True(Assert.Single(GateJudge.Judge(new GatePolicy { MaxChoiceAccuracyLoss = 0.2 }, TextReports.Of(Stable, Stable))).Passed);
    }

    [Fact]
    public void Judge_twice_isTheSameWordForWord() => Assert.Equal(
        GateJudge.Judge(new GatePolicy { MaxBitsPerByteIncrease = 0.02 }, TextReports.Of(Stable, Stable)),
        GateJudge.Judge(new GatePolicy { MaxBitsPerByteIncrease = 0.02 }, TextReports.Of(Stable, Stable)));

    [Theory]
    [InlineData("text.candidate.perplexity", "5")]
    [InlineData("text.candidate.bitsPerByte", "0.1")]
    [InlineData("text.candidate.choiceAccuracy", "1")]
    [InlineData("text.baseline.perplexity", "5")]
    [InlineData("text.baseline", "null")]
    [InlineData("text.passages.0.candidate.nats", "-1")]
    [InlineData("text.passages.0.candidate.tokens", "0")]
    [InlineData("text.passages.0.bytes", "0")]
    [InlineData("text.passages.0.baseline", "null")]
    [InlineData("text.passages.0", "null")]
    [InlineData("text.passages", "null")]
    [InlineData("text.choices.0.candidate", "4")]
    [InlineData("text.choices.0.options", "1")]
    [InlineData("text.candidate.tokensPerSecond", "-2")]
    [InlineData("text.candidate.timeToFirstToken.p50Ms", "99")]
    [InlineData("text.slices.0.passages", "31")]
    [InlineData("text.slices.0.candidate.perplexity", "0")]
    [InlineData("classes", """["a"]""")]
    [InlineData("dataset.rows", "10")]
    public void TryRead_valueThatDoesNotAddUp_isRefused(string path, string value)
    {
        var report = JsonSerializer.SerializeToNode(TextReports.Of(Stable, Stable), CoreJson.Options)!;
        Assert.True(EvaluationReportReader.TryRead(Encoding.UTF8.GetBytes(report.ToJsonString()), out _, out var errors), string.Join('\n', errors));
        var names = path.Split('.');
        var parent = names[..^1].Aggregate(report, (node, name) => int.TryParse(name, out var i) ? node[i]! : node[name]!);
        if (int.TryParse(names[^1], out var index))
        {
            parent.AsArray()[index] = JsonNode.Parse(value);
        }
        else
        {
            parent[names[^1]] = JsonNode.Parse(value);
        }

        Assert.False(EvaluationReportReader.TryRead(Encoding.UTF8.GetBytes(report.ToJsonString()), out _, out _));
    }

    private static GatePolicy Policy(string gate, double limit) => gate switch
    {
        "maxPerplexity" => new GatePolicy { MaxPerplexity = limit },
        "maxBitsPerByte" => new GatePolicy { MaxBitsPerByte = limit },
        "minChoiceAccuracy" => new GatePolicy { MinChoiceAccuracy = limit },
        "maxTimeToFirstTokenMs" => new GatePolicy { MaxTimeToFirstTokenMs = limit },
        _ => new GatePolicy { MinTokensPerSecond = limit },
    };
}
