using System.Text.Json.Nodes;
using ModelFlow.Core.Evaluation;
using ModelFlow.Testing;

namespace ModelFlow.Evaluator.Tests.Text;

/// <summary>The evaluator with real language models in the real engine.</summary>
[Trait("Speed", "Slow")]
public sealed class AustenTests : IDisposable
{
    private static readonly string Samples = Path.Combine(RepositoryRoot.Find(), "samples", "austen");

    private readonly EvaluatorProcess _evaluator = new();

    public void Dispose() => _evaluator.Dispose();

    [Fact]
    public async Task Inspect_model_givesTheSignature()
    {
        var run = await RunAsync("inspect", "v1.0.0-small");
        Assert.Equal(EvaluatorStatus.Completed, run.Result?.Status);
        var text = run.Result!.Signature!.Text!;
        Assert.Equal((256, 1024), (text.ContextLength, text.VocabularySize));
        Assert.Contains("llama, 430.75 k parameters", run.Result.Summary, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Inspect_cutFile_isRefusedBeforeAnyEngineSeesIt()
    {
        var run = await RunAsync("inspect", "v1.4.0-truncated", (EvaluatorContract.Engine, """["/no/such/engine", "{model}", "{port}"]"""));
        Assert.Equal(("inspection", EvaluatorStatus.Refused), (run.Result?.By, run.Result!.Status));
        Assert.Contains("cut off or is damaged", run.Result.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Inspect_engineMissing_isNoFaultOfTheModel()
    {
        var run = await RunAsync("inspect", "v1.0.0-small", (EvaluatorContract.Engine, """["/no/such/engine", "{model}", "{port}"]"""));
        Assert.Equal(EvaluatorStatus.Faulted, run.Result?.Status);
    }

    [Fact]
    public async Task Smoke_goldenRows_areAnswered()
    {
        var run = await RunAsync("smoke", "v1.0.0-small", (EvaluatorContract.Dataset, Path.Combine(Samples, "golden.jsonl")));
        Assert.True(run.Result?.Status == EvaluatorStatus.Completed, run.Result?.Reason + run.Error);
        Assert.Contains("5 prompts were answered", run.Result!.Summary, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Evaluate_twoVersions_perplexitiesAreThoseOfTheirTraining_andTheGateSeesTheWrongTokenizer()
    {
        var rows = File.ReadLines(Path.Combine(Samples, "eval.jsonl")).ToList();
        var few = rows.Take(60).Where((_, i) => i % 3 == 0).Concat(rows.Skip(60).Take(4)).Select((l, i) =>
        {
            var row = JsonNode.Parse(l)!;
            row["half"] = i % 2 == 0 ? "even" : "odd";
            return row.ToJsonString();
        });
        var dataset = _evaluator.Dataset("eval.jsonl", string.Join('\n', few));
        var run = await RunAsync(
            "evaluate",
            "v1.3.0-wrong-tokenizer",
            (EvaluatorContract.Dataset, dataset),
            (EvaluatorContract.Slices, """["half"]"""),
            (EvaluatorContract.BaselineDirectory, Version("v1.0.0-small")),
            (EvaluatorContract.BaselineFormat, "gguf"),
            (EvaluatorContract.BaselineVersion, "v1.0.0-small"));
        Assert.True(run.Result?.Status == EvaluatorStatus.Completed, run.Result?.Reason + run.Error);

        var report = _evaluator.Report();
        var text = report.Text!;
        Assert.Equal((20, 4, 2), (text.Passages.Count, text.Choices.Count, text.Slices.Count));
        Assert.InRange(text.Baseline!.Perplexity!.Value, 21, 26);
        Assert.InRange(text.Candidate.Perplexity!.Value, 5_000, 50_000);
        Assert.True(text.Baseline.TokensPerSecond > 0 && text.Baseline.TimeToFirstToken!.SamplesMs.Count >= 3);
        var gates = GateJudge.Judge(new GatePolicy { MaxPerplexity = 30, MaxBitsPerByteIncrease = 0.02 }, report);
        Assert.All(gates, g => Assert.False(g.Passed, g.Message));
    }

    private Task<EvaluatorRun> RunAsync(string mode, string version, params (string, string)[] more) => _evaluator.RunAsync(
        [(EvaluatorContract.Mode, mode), (EvaluatorContract.Format, "gguf"), (EvaluatorContract.Version, version), (EvaluatorContract.ModelDirectory, Version(version)), .. more]);

    private string Version(string version) => _evaluator.Version(version, ($"{version}.gguf", File.ReadAllBytes(Path.Combine(Samples, $"{version}.gguf"))));
}
