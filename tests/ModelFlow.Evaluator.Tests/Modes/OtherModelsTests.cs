using ModelFlow.Core.Evaluation;
using ModelFlow.Testing;

namespace ModelFlow.Evaluator.Tests.Modes;

/// <summary>The real program on models and data made for the purpose.</summary>
public sealed class OtherModelsTests : IDisposable
{
    private readonly EvaluatorProcess _evaluator = new();

    [Theory]
    [InlineData("tflite", "there is no evaluator for the format 'tflite'; this one reads onnx and gguf")]
    [InlineData("safetensors", "this one reads onnx")]
    [InlineData("pickle", "can run any code")]
    [InlineData("pytorch", "can run any code")]
    public async Task Inspect_otherFormat_refusedByFormat(string format, string reason)
    {
        var run = await _evaluator.RunAsync(
            (EvaluatorContract.Mode, "inspect"),
            (EvaluatorContract.ModelDirectory, _evaluator.Version("v", ("model.bin", [1, 2, 3]))),
            (EvaluatorContract.Format, format));

        Assert.Equal("format", run.Result!.By);
        Assert.Contains(reason, run.Result.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Inspect_operatorThatDoesNotExist_refusedInTheRuntimesWords()
    {
        var run = await InspectAsync(OnnxBytes.Model(OnnxBytes.Node("Telepathy"), OnnxBytes.Value(11, "x"), OnnxBytes.Value(12, "y")));

        Assert.Equal("inspection", run.Result!.By);
        Assert.Contains("Telepathy", run.Result.Reason, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', run.Result.Reason!);
    }

    [Fact]
    public async Task Inspect_randomBytes_refused()
    {
        var bytes = new byte[4096];
        new Random(1).NextBytes(bytes);

        Assert.Contains("does not parse as ONNX", (await InspectAsync(bytes)).Result!.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Smoke_shapeOtherThanDeclared_refused()
    {
        // Declares FP32[-1,3] for what is four wide.
        var model = OnnxBytes.Model(
            OnnxBytes.Node("Identity"), OnnxBytes.Value(11, "x", 1, -1, -1), OnnxBytes.Value(12, "y", 1, -1, 3));

        var run = await SmokeAsync(model, "a.csv", "p0,p1,p2,p3\n1,2,3,4\n");

        Assert.Equal("smoke", run.Result!.By);
        Assert.Contains("shape [1,4]", run.Result.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Smoke_goldenRowsThatDoNotFit_refusedWithBothSizes()
    {
        var run = await SmokeAsync(OnnxBytes.Model(), "a.csv", "p0,p1,p2\n1,2,3\n");

        Assert.Contains("takes 4 values a row, the data set has 3", run.Result!.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Smoke_probabilitiesThatAreNone_refused()
    {
        var model = OnnxBytes.Model(OnnxBytes.Message(1, OnnxBytes.Text(1, "x"), OnnxBytes.Text(2, "probabilities"), OnnxBytes.Text(4, "Identity")), OnnxBytes.Value(11, "x"), OnnxBytes.Value(12, "probabilities"));

        var good = await SmokeAsync(model, "a.jsonl", """{"x": [0.1, 0.2, 0.3, 0.4]}""");
        var bad = await SmokeAsync(model, "b.jsonl", """{"x": [0.1, 0.2, 0.3, 0.9]}""");

        Assert.Equal(EvaluatorStatus.Completed, good.Result!.Status);
        Assert.Contains("must be 0 to 1 and add up to 1", bad.Result!.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Smoke_brokenDataset_faultedNotRefused()
    {
        var run = await SmokeAsync(OnnxBytes.Model(), "a.jsonl", "not json");

        Assert.Equal(EvaluatorContract.ExitFaulted, run.ExitCode);
        Assert.Equal(EvaluatorStatus.Faulted, run.Result!.Status);
        Assert.Contains("line 1 is no JSON", run.Result.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Evaluate_scoresAlone_classIsTheGreatest()
    {
        // The model gives its four inputs back as scores: row by row the class is where the greatest is.
        await EvaluateAsync(
            [Version("v", OnnxBytes.Model())],
            "a.jsonl",
            """
            {"x": [9, 0, 0, 0], "label": 0, "writer": "a"}
            {"x": [0, 9, 0, 0], "label": 1, "writer": "a"}
            {"x": [0, 0, 0, 9], "label": 3, "writer": "b"}
            {"x": [0, 0, 9, 0], "label": 3, "writer": "b"}
            """,
            (EvaluatorContract.Slices, """["writer"]"""));

        var report = _evaluator.Report();
        Assert.Equal(0.75, report.Candidate.Accuracy);
        Assert.Null(report.Candidate.CalibrationError); // scores are no probabilities
        Assert.Equal(["label=0", "label=1", "label=3", "writer=a", "writer=b"], report.Slices.Select(s => $"{s.Column}={s.Value}"), StringComparer.Ordinal);
        Assert.Equal([1, 1, 0.5, 1, 0.5], report.Slices.Select(s => s.Candidate.Accuracy));
        Assert.Equal([0, 0, 1, 1], report.Candidate.ConfusionMatrix[2]); // one 3 as 3, one as 2, which is no class here
        Assert.Equal(4, report.BatchSize);
    }

    [Fact]
    public async Task Evaluate_fixedBatchOfOne_runsRowByRow()
    {
        var model = OnnxBytes.Model(OnnxBytes.Node("Identity"), OnnxBytes.Value(11, "x", 1, 1, 4), OnnxBytes.Value(12, "y", 1, 1, 4));

        await EvaluateAsync([Version("v", model)], "a.csv", "label,a,b,c,d\n0,9,0,0,0\n3,0,0,0,9\n1,0,9,0,0\n");

        Assert.Equal(1, _evaluator.Report().Candidate.Accuracy);
    }

    [Fact]
    public async Task Evaluate_baselineMadeForOtherRows_saysSoAndRelativeGatesDoNotApply()
    {
        var wider = OnnxBytes.Model(OnnxBytes.Node("Identity"), OnnxBytes.Value(11, "x", 1, -1, 5), OnnxBytes.Value(12, "y", 1, -1, 5));

        await EvaluateAsync([Version("v", OnnxBytes.Model()), Version("stable", wider)], "a.jsonl", """{"x": [9, 0, 0, 0], "label": 0}""");

        var report = _evaluator.Report();
        Assert.Null(report.Baseline);
        var gate = Assert.Single(GateJudge.Judge(new GatePolicy { MaxAccuracyLoss = 0 }, report));
        Assert.True(gate.Passed);
        Assert.Contains("takes 5 values a row, the data set has 4", gate.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Evaluate_baselineThatDoesNotLoad_faulted()
    {
        var run = await EvaluateAsync([Version("v", OnnxBytes.Model()), Version("stable", [1, 2, 3])], "a.jsonl", """{"x": [9, 0, 0, 0], "label": 0}""");

        Assert.Equal(EvaluatorContract.ExitFaulted, run.ExitCode);
        Assert.Contains("the version to compare with", run.Result!.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("x,label\n1,2\n", "[\"writer\"]", "has no column 'writer'")]
    [InlineData("x,class\n1,2\n", "[]", "has no column 'label'")]
    public async Task Evaluate_columnMissing_faulted(string rows, string slices, string reason)
    {
        var run = await EvaluateAsync([Version("v", OnnxBytes.Model())], "a.csv", rows, (EvaluatorContract.Slices, slices));

        Assert.Contains(reason, run.Result!.Reason, StringComparison.Ordinal);
        Assert.Equal(EvaluatorStatus.Faulted, run.Result.Status);
    }

    [Fact]
    public async Task Evaluate_digestOtherThanAskedFor_faulted()
    {
        var run = await EvaluateAsync(
            [Version("v", OnnxBytes.Model())], "a.csv", "label,a,b,c,d\n0,9,0,0,0\n", (EvaluatorContract.DatasetSha256, new string('0', 64)));

        Assert.Contains("has the digest", run.Result!.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task AnyMode_badVariables_exitUsageAndEveryMistakeOnStandardError()
    {
        var run = await _evaluator.RunAsync((EvaluatorContract.Mode, "dance"), (EvaluatorContract.BatchSize, "-1"));

        Assert.Equal(EvaluatorContract.ExitUsage, run.ExitCode);
        Assert.Null(run.Result);
        Assert.Contains(EvaluatorContract.Mode, run.Error, StringComparison.Ordinal);
        Assert.Contains(EvaluatorContract.BatchSize, run.Error, StringComparison.Ordinal);
    }

    public void Dispose() => _evaluator.Dispose();

    private string Version(string name, byte[] model) => _evaluator.Version(name, ("model.onnx", model));

    private Task<EvaluatorRun> InspectAsync(byte[] model) =>
        _evaluator.RunAsync((EvaluatorContract.Mode, "inspect"), (EvaluatorContract.ModelDirectory, Version("v", model)));

    private Task<EvaluatorRun> SmokeAsync(byte[] model, string dataset, string rows) => _evaluator.RunAsync(
        (EvaluatorContract.Mode, "smoke"),
        (EvaluatorContract.ModelDirectory, Version("v", model)),
        (EvaluatorContract.Dataset, _evaluator.Dataset(dataset, rows)));

    private Task<EvaluatorRun> EvaluateAsync(string[] versions, string dataset, string rows, params (string, string)[] more) => _evaluator.RunAsync(
    [
        (EvaluatorContract.Mode, "evaluate"),
        (EvaluatorContract.ModelDirectory, versions[0]),
        (EvaluatorContract.BaselineDirectory, versions.Length > 1 ? versions[1] : ""),
        (EvaluatorContract.BaselineFormat, "onnx"),
        (EvaluatorContract.Dataset, _evaluator.Dataset(dataset, rows)),
        .. more,
    ]);
}
