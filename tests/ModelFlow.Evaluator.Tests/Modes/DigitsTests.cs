using ModelFlow.Core.Evaluation;
using ModelFlow.Core.Inspection;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Policies;
using Parquet;
using Parquet.Schema;

namespace ModelFlow.Evaluator.Tests.Modes;

/// <summary>The real program on the sample models, whose numbers are known (samples/README.md).</summary>
public sealed class DigitsTests : IDisposable
{
    private static readonly Policy SamplePolicy = Assert.IsType<ParsePolicy.Parsed>(PolicyReader.Read(File.ReadAllText(Path.Combine(EvaluatorProcess.Digits, "policy.yaml")))).Policy;

    // The demo's own gates; only latency has more room, for tests share the machine with others.
    private static readonly GatePolicy Gates = SamplePolicy.Evaluation.Gates with { MaxLatencyP95Ms = 1_000 };

    private readonly EvaluatorProcess _evaluator = new();

    [Theory]
    [InlineData("v1.0.0-base", "eval.jsonl", 0.8760)]
    [InlineData("v1.1.0-mlp", "eval.csv", 0.9749)]
    [InlineData("v1.1.1-mlp-tuned", "eval.jsonl", 0.9732)]
    [InlineData("v1.2.0-large", "eval.jsonl", 0.9883)]
    [InlineData("v1.3.0-broken-labels", "eval.csv", 0.6801)]
    [InlineData("v1.4.0-slice-regression", "eval.jsonl", 0.8961)]
    [InlineData("v2.0.0-schema", "eval.csv", 0.9749)]
    public async Task Evaluate_sample_hasItsKnownAccuracy(string version, string dataset, double accuracy)
    {
        var run = await EvaluateAsync(version, baseline: null, dataset);

        Assert.Equal(EvaluatorContract.ExitAnswered, run.ExitCode);
        Assert.Equal(EvaluatorStatus.Completed, run.Result!.Status);
        var report = _evaluator.Report();
        Assert.Equal(accuracy, Math.Round(report.Candidate.Accuracy!.Value, 4));
        Assert.Equal(597, report.Dataset.Rows);
        Assert.Equal(10, report.Classes.Count);
        Assert.Null(report.Baseline);
        Assert.InRange(report.Candidate.CalibrationError!.Value, 0.001, 0.6);
        Assert.True(report.Candidate.Latency.SamplesMs.Count >= 50);
        Assert.True(report.Candidate.Latency.P50Ms > 0 && report.Candidate.ThroughputRowsPerSecond > 0 && report.Candidate.LoadTimeMs > 0);
    }

    [Theory]
    [InlineData("v1.1.1-mlp-tuned", "v1.1.0-mlp", "")] // a difference within noise
    [InlineData("v1.2.0-large", "v1.1.0-mlp", "")] // many times slower and still fast enough
    [InlineData("v1.1.0-mlp", "v1.0.0-base", "")]
    [InlineData("v1.3.0-broken-labels", "v1.1.0-mlp", "minAccuracy maxAccuracyLoss maxSliceRecallLoss")]
    [InlineData("v1.4.0-slice-regression", "v1.1.0-mlp", "maxAccuracyLoss maxSliceRecallLoss")]
    [InlineData("v1.4.0-slice-regression", "v1.0.0-base", "maxSliceRecallLoss")] // better than base over all, and still lost a class
    public async Task Evaluate_againstBaseline_failsTheGatesItShould(string version, string baseline, string failed)
    {
        await EvaluateAsync(version, baseline, "eval.jsonl");

        var results = GateJudge.Judge(Gates, _evaluator.Report());

        Assert.Equal(failed, string.Join(' ', results.Where(r => !r.Passed).Select(r => r.Gate)));
    }

    [Fact]
    public void SamplePolicy_digests_areTheSamplesOwn()
    {
        foreach (var dataset in new[] { SamplePolicy.Smoke.Dataset, SamplePolicy.Evaluation.Dataset })
        {
            var file = Path.Combine(EvaluatorProcess.Digits, Path.GetFileName(dataset.Path));
            Assert.Equal(dataset.Sha256, Sha256Digest.Of(File.ReadAllBytes(file)));
        }
    }

    [Fact]
    public async Task Evaluate_sliceRegression_gateNamesTheSliceWithNumbers()
    {
        await EvaluateAsync("v1.4.0-slice-regression", "v1.1.0-mlp", "eval.jsonl");

        var slices = GateJudge.Judge(Gates, _evaluator.Report()).Single(r => r.Gate == "maxSliceRecallLoss");

        Assert.Matches(@"^recall of label=8 fell from 0\.9\d* to 0\.17\d*: 0\.7\d* lost on 58 rows \(99\.5 % interval", slices.Message);
    }

    [Fact]
    public async Task Evaluate_twoVersions_everyRowsAnswersAsParquet()
    {
        await EvaluateAsync("v1.1.1-mlp-tuned", "v1.1.0-mlp", "eval.jsonl");
        var report = _evaluator.Report();

        await using var reader = await ParquetReader.CreateAsync(Path.Combine(_evaluator.OutputDirectory, EvaluatorContract.PredictionsFile), cancellationToken: TestContext.Current.CancellationToken);
        var fields = reader.Schema.GetDataFields();
        using var group = reader.OpenRowGroupReader(0);

        Assert.Equal(597, group.RowCount);
        Assert.Contains(fields, f => f.Name == "id");
        Assert.Contains(fields, f => f.Name == "candidate_score_9");
        Assert.Contains(fields, f => f.Name == "baseline_answer");
        var candidate = await CorrectAsync("candidate_correct");
        var baseline = await CorrectAsync("baseline_correct");
        Assert.Equal(report.Paired!.BothCorrect, candidate.Zip(baseline).Count(p => p.First && p.Second));
        Assert.Equal(report.Paired.OnlyBaselineCorrect, candidate.Zip(baseline).Count(p => !p.First && p.Second));
        Assert.Equal(candidate, report.Answers!.Candidate.Zip(report.Answers.Truth, (answer, truth) => answer == truth));
        Assert.Equal(baseline, report.Answers.Baseline!.Zip(report.Answers.Truth, (answer, truth) => answer == truth));
        Assert.Equal(597, report.Answers.Ids!.Distinct(StringComparer.Ordinal).Count());

        async Task<bool[]> CorrectAsync(string name)
        {
            var values = new bool[597];
            await group.ReadAsync<bool>(fields.Single(f => f.Name == name), values.AsMemory(), cancellationToken: TestContext.Current.CancellationToken);
            return values;
        }
    }

    [Theory]
    [InlineData("v1.0.0-base")]
    [InlineData("v1.2.0-large")]
    [InlineData("v1.5.0-nan")] // nothing is wrong with its format
    public async Task Inspect_soundFile_givesItsSignature(string version)
    {
        var run = await RunAsync("inspect", version, null);

        Assert.Equal(EvaluatorStatus.Completed, run.Result!.Status);
        Assert.Equal(
            new ModelSignature(
                [new TensorSignature("pixels", "FP32", [-1, 64])],
                [new TensorSignature("label", "INT64", [-1]), new TensorSignature("probabilities", "FP32", [-1, 10])]),
            run.Result.Signature);
    }

    [Fact]
    public async Task Inspect_newSignature_breaksWithTheOld()
    {
        var old = (await RunAsync("inspect", "v1.1.0-mlp", null)).Result!.Signature!;
        var candidate = (await RunAsync("inspect", "v2.0.0-schema", null)).Result!.Signature!;

        Assert.Equal(SignatureChange.Breaking, SignatureComparison.Compare(old, candidate).Change);
    }

    [Theory]
    [InlineData("inspect")]
    [InlineData("smoke")]
    [InlineData("evaluate")]
    public async Task AnyMode_truncatedFile_refusedByInspection(string mode)
    {
        var run = await RunAsync(mode, "v1.6.0-truncated", "golden.jsonl");

        Assert.Equal(EvaluatorContract.ExitAnswered, run.ExitCode);
        Assert.Equal(EvaluatorStatus.Refused, run.Result!.Status);
        Assert.Equal("inspection", run.Result.By);
        Assert.Contains("cut off", run.Result.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("golden.csv")]
    [InlineData("golden.jsonl")]
    public async Task Smoke_soundModel_completes(string dataset)
    {
        var run = await RunAsync("smoke", "v1.1.0-mlp", dataset);

        Assert.Equal(EvaluatorStatus.Completed, run.Result!.Status);
        Assert.StartsWith("30 golden rows ran", run.Result.Summary, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Smoke_notANumber_refusedWithCounts()
    {
        var run = await RunAsync("smoke", "v1.5.0-nan", "golden.csv");

        Assert.Equal("smoke", run.Result!.By);
        Assert.Equal("the output 'probabilities' is not finite (NaN or infinite) in 30 of 30 golden rows (300 of 300 values)", run.Result.Reason);
    }

    public void Dispose() => _evaluator.Dispose();

    private Task<EvaluatorRun> EvaluateAsync(string version, string? baseline, string dataset)
    {
        var variables = new List<(string, string)>
        {
            (EvaluatorContract.Mode, "evaluate"),
            (EvaluatorContract.ModelDirectory, _evaluator.Sample(version)),
            (EvaluatorContract.Dataset, Path.Combine(EvaluatorProcess.Digits, dataset)),
        };
        if (baseline is not null)
        {
            variables.Add((EvaluatorContract.BaselineDirectory, _evaluator.Sample(baseline)));
            variables.Add((EvaluatorContract.BaselineFormat, "onnx"));
        }

        return _evaluator.RunAsync([.. variables]);
    }

    private Task<EvaluatorRun> RunAsync(string mode, string version, string? dataset) => _evaluator.RunAsync(
        (EvaluatorContract.Mode, mode),
        (EvaluatorContract.ModelDirectory, _evaluator.Sample(version)),
        (EvaluatorContract.Dataset, dataset is null ? "" : Path.Combine(EvaluatorProcess.Digits, dataset)));
}
