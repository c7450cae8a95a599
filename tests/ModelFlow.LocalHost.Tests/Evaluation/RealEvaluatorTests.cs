using ModelFlow.Core.Evaluation;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.LocalHost.Evaluation;
using ModelFlow.Testing;

namespace ModelFlow.LocalHost.Tests.Evaluation;

/// <summary>The runner with the real evaluator program under its real limits.</summary>
public sealed class RealEvaluatorTests : IDisposable
{
    private readonly EvaluationBench _bench = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Inspect_soundVersion_givesItsSignature()
    {
        var run = await _bench.Runner().RunAsync(_bench.Job(EvaluationMode.Inspect, "v1.1.0-mlp"), Cancel);

        var inspected = Output<EvaluatorOutput.Inspected>(run);
        Assert.Equal("pixels FP32[-1,64]", Assert.Single(inspected.Signature.Inputs).ToString());
        Assert.Contains("operator sets ai.onnx 13", inspected.Summary, StringComparison.Ordinal);
        Assert.Contains("completed: ONNX", _bench.Report("inspect.log"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Inspect_truncatedVersion_refused()
    {
        var run = await _bench.Runner().RunAsync(_bench.Job(EvaluationMode.Inspect, "v1.6.0-truncated"), Cancel);

        Assert.Equal("inspection", Output<EvaluatorOutput.Refused>(run).By);
    }

    [Fact]
    public async Task Smoke_notANumber_refused()
    {
        var run = await _bench.Runner().RunAsync(_bench.Job(EvaluationMode.Smoke, "v1.5.0-nan", dataset: "golden.jsonl"), Cancel);

        var refused = Output<EvaluatorOutput.Refused>(run);
        Assert.Equal("smoke", refused.By);
        Assert.Contains("30 of 30", refused.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Smoke_modelThatNeverEnds_atFaultAtTheTimeLimit()
    {
        var job = _bench.Job(EvaluationMode.Smoke, OnnxBytes.Endless(), "a,b,c,d\n1,2,3,4\n") with { TimeLimit = TimeSpan.FromSeconds(4) };

        var run = await _bench.Runner().RunAsync(job, Cancel);

        Assert.Contains("did not end within 00:00:04", Assert.IsType<EvaluationRun.ModelAtFault>(run).Reason, StringComparison.Ordinal);
        Assert.Equal(0, EvaluationBench.MarkedProcesses(_bench.Folder));
    }

    // 1 GiB shows in resident memory and is killed; 64 GiB the runtime cannot get and says so.
    [Theory]
    [InlineData(1)]
    [InlineData(64)]
    public async Task Smoke_modelThatAsksForTooMuchMemory_endsWithAReason(int gibibytes)
    {
        var job = _bench.Job(EvaluationMode.Smoke, OnnxBytes.Greedy(gibibytes), "a,b,c,d\n1,2,3,4\n");

        var run = await _bench.Runner(new EvaluationOptions { MemoryMiB = 512 }).RunAsync(job, Cancel);

        var reason = run is EvaluationRun.ModelAtFault fault ? fault.Reason : Output<EvaluatorOutput.Refused>(run).Reason;
        Assert.Matches("at most 512 MiB|[Mm]emory|bad_alloc|allocat", reason);
    }

    [Fact]
    public async Task Evaluate_sliceRegression_reportKeptAndGateFails()
    {
        var job = _bench.Job(EvaluationMode.Evaluate, "v1.4.0-slice-regression", "v1.1.0-mlp", "eval.jsonl");

        var evaluated = Output<EvaluatorOutput.Evaluated>(await _bench.Runner().RunAsync(job, Cancel));

        Assert.Equal(evaluated.Digest, Sha256Digest.Of(_bench.Report("evaluation.json")!));
        Assert.Equal("digits/eval.jsonl", evaluated.Report.Dataset.Path);
        Assert.StartsWith("PAR1", _bench.Report("predictions.parquet"), StringComparison.Ordinal);
        Assert.Contains("progress 1.00 rows 597 of 597", _bench.Report("evaluate.log"), StringComparison.Ordinal);
        var gate = Assert.Single(GateJudge.Judge(job.Policy!.Gates, evaluated.Report));
        Assert.False(gate.Passed);
        Assert.Contains("label=8", gate.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(Path.Combine(_bench.Folder, "jobs")));
    }

    [Fact]
    public async Task Evaluate_sameJobAgain_sameOutputsWithoutRunning()
    {
        var job = _bench.Job(EvaluationMode.Evaluate, "v1.0.0-base", dataset: "eval.csv");
        var first = Output<EvaluatorOutput.Evaluated>(await _bench.Runner().RunAsync(job, Cancel));

        var second = Output<EvaluatorOutput.Evaluated>(await _bench.Script("exit 1").RunAsync(job, Cancel));

        Assert.Equal(first.Digest, second.Digest);
    }

    [Fact]
    public async Task Inspect_sameJobAgain_sameOutputsWithoutRunning()
    {
        var job = _bench.Job(EvaluationMode.Inspect, "v1.0.0-base");
        var first = await _bench.Runner().RunAsync(job, Cancel);

        Assert.Equal(first, await _bench.Script("exit 1").RunAsync(job, Cancel));
    }

    [Fact]
    public async Task Version_usedTwice_downloadedOnce()
    {
        var runner = _bench.Runner();
        await runner.RunAsync(_bench.Job(EvaluationMode.Inspect, "v1.0.0-base"), Cancel);
        await runner.RunAsync(_bench.Job(EvaluationMode.Smoke, "v1.0.0-base", dataset: "golden.csv"), Cancel);

        Assert.Equal(2, _bench.Downloads);
    }

    [Fact]
    public async Task Version_changedInTheCache_downloadedAgain()
    {
        var runner = _bench.Runner();
        await runner.RunAsync(_bench.Job(EvaluationMode.Inspect, "v1.0.0-base"), Cancel);
        var file = Directory.EnumerateFiles(Path.Combine(_bench.Folder, "cache", "versions"), "*", SearchOption.AllDirectories).Single();
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        await File.WriteAllTextAsync(file, "something else", Cancel);
        await File.WriteAllTextAsync(Path.Combine(Path.GetDirectoryName(file)!, "planted.pkl"), "x", Cancel);

        var run = await runner.RunAsync(_bench.Job(EvaluationMode.Inspect, "v1.0.0-base", id: "another"), Cancel);

        Output<EvaluatorOutput.Inspected>(run);
        Assert.Equal(2, _bench.Downloads);
    }

    [Fact]
    public async Task Version_linksPlantedInTheCache_removedAndNotFollowed()
    {
        var runner = _bench.Runner();
        await runner.RunAsync(_bench.Job(EvaluationMode.Inspect, "v1.0.0-base"), Cancel);
        var file = Directory.EnumerateFiles(Path.Combine(_bench.Folder, "cache", "versions"), "*", SearchOption.AllDirectories).Single();
        var outside = Directory.CreateDirectory(Path.Combine(_bench.Folder, "outside")).FullName;
        var precious = Path.Combine(outside, "precious.txt");
        await File.WriteAllTextAsync(precious, "stay", Cancel);
        File.CreateSymbolicLink(Path.Combine(Path.GetDirectoryName(file)!, "folder"), outside);
        File.Move(file, Path.Combine(outside, "model.onnx"));
        File.CreateSymbolicLink(file, Path.Combine(outside, "model.onnx"));

        Output<EvaluatorOutput.Inspected>(await runner.RunAsync(_bench.Job(EvaluationMode.Inspect, "v1.0.0-base", id: "another"), Cancel));

        Assert.True(File.Exists(precious));
        Assert.Null(new FileInfo(file).LinkTarget);
        Assert.Equal([file], Directory.EnumerateFileSystemEntries(Path.GetDirectoryName(file)!), StringComparer.Ordinal);
        Assert.Equal(2, _bench.Downloads);
    }

    [Theory]
    [InlineData("models/digits/v1.0.0-base/model.onnx")]
    [InlineData("datasets/digits/golden.csv")]
    public async Task Storage_otherBytesThanPinned_faulted(string path)
    {
        var job = _bench.Job(EvaluationMode.Smoke, "v1.0.0-base", dataset: "golden.csv");
        _bench.Blobs.Put(path, _bench.Blobs.Find(path)!.Content.Reverse().ToArray());

        var run = await _bench.Runner().RunAsync(job, Cancel);

        Assert.Contains("has the digest", Assert.IsType<EvaluationRun.Faulted>(run).Reason, StringComparison.Ordinal);
        Assert.DoesNotContain(Directory.EnumerateFiles(Path.Combine(_bench.Folder, "cache"), "*", SearchOption.AllDirectories), f => f.EndsWith(".partial", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Dataset_missing_faultedAndSaysWhich()
    {
        var job = _bench.Job(EvaluationMode.Smoke, "v1.0.0-base", dataset: "golden.csv");
        _bench.Blobs.Delete("datasets/digits/golden.csv");

        var run = await _bench.Runner().RunAsync(job, Cancel);

        Assert.Contains("no data set 'digits/golden.csv'", Assert.IsType<EvaluationRun.Faulted>(run).Reason, StringComparison.Ordinal);
    }

    public void Dispose() => _bench.Dispose();

    private static T Output<T>(EvaluationRun run)
        where T : EvaluatorOutput =>
        Assert.IsType<T>(run is EvaluationRun.Completed completed ? completed.Output : Fail(run));

    private static EvaluatorOutput? Fail(EvaluationRun run)
    {
        Assert.Fail(run.ToString());
        return null;
    }
}
