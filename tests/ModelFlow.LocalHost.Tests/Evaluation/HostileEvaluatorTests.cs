using System.Diagnostics;
using ModelFlow.Core.Evaluation;
using ModelFlow.Core.Ports;
using ModelFlow.EvaluatorProcess;
using ModelFlow.LocalHost.Evaluation;
using ModelFlow.LocalHost.Processes;

namespace ModelFlow.LocalHost.Tests.Evaluation;

/// <summary>Programs that do what a hostile model could make the evaluator do: each ends as a value with a clear reason.</summary>
public sealed class HostileEvaluatorTests : IDisposable
{
    private const string Answer = """printf '{"schema":"modelflow/evaluator-result/v1","status":"completed","summary":"fine"}' > "$MODELFLOW_OUTPUT_DIR/result.json" """;

    private readonly EvaluationBench _bench = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("kill -SEGV $$", "segmentation fault (SIGSEGV)")]
    [InlineData("kill -ABRT $$", "abort (SIGABRT)")]
    [InlineData("echo 'out of tensors' >&2; exit 1", "exit code 1. Its last words: out of tensors")]
    public async Task Crash_modelAtFaultWithSignalOrLastWords(string script, string reason)
    {
        var run = await SmokeAsync(script);

        Assert.Contains(reason, Assert.IsType<EvaluationRun.ModelAtFault>(run).Reason, StringComparison.Ordinal);
        Assert.Contains(reason.Split(". ")[0], _bench.Report("smoke.log"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("kill -KILL $$", "ended from outside by kill (SIGKILL)")]
    [InlineData("exit 2", "did not understand its job")]
    [InlineData("exit 127", "cannot be started")]
    public async Task EndThatIsNotTheModelsDoing_faulted(string script, string reason) =>
        Assert.Contains(reason, Assert.IsType<EvaluationRun.Faulted>(await SmokeAsync(script)).Reason, StringComparison.Ordinal);

    [Theory]
    [InlineData("sleep 600")]
    [InlineData("sleep 600 & sleep 600")]
    [InlineData("setsid sleep 600 & setsid sh -c 'sleep 600 & sleep 600' & trap '' TERM HUP; sleep 600")]
    public async Task Hang_killedAtTheTimeLimitWithAllItsChildren(string script)
    {
        var began = Stopwatch.GetTimestamp();

        var run = await SmokeAsync(script, TimeSpan.FromSeconds(1));

        Assert.Contains("did not end within 00:00:01", Assert.IsType<EvaluationRun.ModelAtFault>(run).Reason, StringComparison.Ordinal);
        Assert.True(Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(20));
        Assert.Equal(0, EvaluationBench.MarkedProcesses(_bench.Folder));
    }

    [Fact]
    public async Task ChildLeftBehindByAnAnsweringEvaluator_killed()
    {
        var run = await SmokeAsync($"setsid sleep 600 & {Answer}");

        Assert.Equal(new EvaluationRun.Completed(new EvaluatorOutput.SmokeTested("fine")), run);
        Assert.Equal(0, EvaluationBench.MarkedProcesses(_bench.Folder));
    }

    [Fact]
    public async Task TooMuchMemory_killedWithTheNumbers()
    {
        // tail keeps what it may have to print.
        var run = await SmokeAsync("head -c 700M /dev/zero | tail -c 699M | sleep 600", memoryMiB: 256);

        Assert.Matches("held [0-9]{3} MiB of memory, at most 256 MiB", Assert.IsType<EvaluationRun.ModelAtFault>(run).Reason);
    }

    [Theory]
    [InlineData("head -c 100M /dev/zero > \"$MODELFLOW_OUTPUT_DIR/evaluation.json\"; sleep 600")]
    [InlineData("for i in 1 2 3 4 5 6 7 8 9; do head -c 2M /dev/zero > \"$MODELFLOW_OUTPUT_DIR/$i\"; done; sleep 600")]
    [InlineData("for i in 1 2 3 4 5 6 7 8 9; do head -c 2M /dev/zero > \"$TMPDIR/$i\"; done")]
    public async Task TooMuchOutput_killed(string script)
    {
        var run = await SmokeAsync(script, outputMiB: 8);

        Assert.Matches("at most 8 MiB are allowed|file too large", Assert.IsType<EvaluationRun.ModelAtFault>(run).Reason);
    }

    [Fact]
    public async Task EndlessTalk_logIsBounded()
    {
        var run = await SmokeAsync($"echo begin; yes 0123456789 | head -c 300M; echo end; {Answer}", logKiB: 16);

        Assert.IsType<EvaluationRun.Completed>(run);
        var log = _bench.Report("smoke.log")!;
        Assert.InRange(log.Length, 10_000, 17_000);
        Assert.Contains("begin", log, StringComparison.Ordinal);
        Assert.Contains("characters left out", log, StringComparison.Ordinal);
        Assert.Contains("ended after", log, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("true", "it wrote no result.json")]
    [InlineData(": > \"$MODELFLOW_OUTPUT_DIR/result.json\"", "result.json has 0 bytes")]
    [InlineData("mkfifo \"$MODELFLOW_OUTPUT_DIR/result.json\"", "result.json has 0 bytes")]
    [InlineData("mkdir \"$MODELFLOW_OUTPUT_DIR/result.json\"", "it wrote no result.json")]
    [InlineData("ln -s /etc/passwd \"$MODELFLOW_OUTPUT_DIR/result.json\"", "result.json is not a plain file")]
    [InlineData("head -c 2M /dev/urandom > \"$MODELFLOW_OUTPUT_DIR/result.json\"", "result.json has 2097152 bytes")]
    [InlineData("head -c 1K /dev/urandom > \"$MODELFLOW_OUTPUT_DIR/result.json\"", "not a modelflow/evaluator-result/v1")]
    [InlineData("echo '{\"status\":\"completed\"}' > \"$MODELFLOW_OUTPUT_DIR/result.json\"", "no summary")]
    [InlineData("echo '{\"status\":\"refused\",\"by\":\"me\",\"reason\":\"x\"}' > \"$MODELFLOW_OUTPUT_DIR/result.json\"", "a refusal must be by")]
    public async Task UnusableAnswer_faultedWithTheReason(string script, string reason) =>
        Assert.Contains(reason, Assert.IsType<EvaluationRun.Faulted>(await SmokeAsync(script)).Reason, StringComparison.Ordinal);

    [Theory]
    [InlineData(Answer, "it wrote no evaluation.json")]
    [InlineData(Answer + "; echo '{}' > \"$MODELFLOW_OUTPUT_DIR/evaluation.json\"", "evaluation.json cannot be used")]
    [InlineData(Answer + "; echo not json > \"$MODELFLOW_OUTPUT_DIR/evaluation.json\"", "evaluation.json cannot be used")]
    [InlineData(Answer + "; ln -s /etc/passwd \"$MODELFLOW_OUTPUT_DIR/evaluation.json\"", "evaluation.json is not a plain file")]
    public async Task UnusableReport_faultedAndNotKept(string script, string reason)
    {
        var run = await _bench.Script(script).RunAsync(_bench.Job(EvaluationMode.Evaluate, "v1.0.0-base", dataset: "golden.csv"), Cancel);

        Assert.Contains(reason, Assert.IsType<EvaluationRun.Faulted>(run).Reason, StringComparison.Ordinal);
        Assert.Null(_bench.Report("evaluation.json"));
    }

    [Fact]
    public async Task ReportAboutAnotherDataset_faulted()
    {
        // An answer that was right for another job must not pass for this one's.
        var other = _bench.Job(EvaluationMode.Evaluate, "v1.0.0-base", dataset: "golden.jsonl");
        Assert.IsType<EvaluationRun.Completed>(await _bench.Runner().RunAsync(other, Cancel));
        var kept = Path.Combine(_bench.Folder, "kept.json");
        await File.WriteAllTextAsync(kept, _bench.Report("evaluation.json"), Cancel);
        _bench.Blobs.Delete($"reports/{EvaluationBench.Release}/evaluation.json");

        var run = await _bench.Script($"cp {kept} \"$MODELFLOW_OUTPUT_DIR/evaluation.json\"; {Answer}")
            .RunAsync(_bench.Job(EvaluationMode.Evaluate, "v1.0.0-base", dataset: "golden.csv"), Cancel);

        Assert.Contains("about another data set", Assert.IsType<EvaluationRun.Faulted>(run).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Environment_holdsTheJobAndNothingOfTheHosts()
    {
        Environment.SetEnvironmentVariable("MODELFLOW_TEST_SECRET", "hush");

        await SmokeAsync($"env; {Answer}");

        var log = _bench.Report("smoke.log")!;
        Assert.Contains("MODELFLOW_MODE=smoke", log, StringComparison.Ordinal);
        Assert.DoesNotContain("hush", log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cancelled_processEndsAndNothingIsKept()
    {
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        cancel.CancelAfter(TimeSpan.FromSeconds(1));

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            _bench.Script("sleep 600").RunAsync(_bench.Job(EvaluationMode.Inspect, "v1.0.0-base"), cancel.Token));

        Assert.Equal(0, EvaluationBench.MarkedProcesses(_bench.Folder));
        Assert.Empty(_bench.Blobs.List("reports/"));
    }

    [Fact]
    public async Task SecondTry_logOfTheFirstStays()
    {
        var runner = _bench.Script("echo try; exit 1");
        var job = _bench.Job(EvaluationMode.Inspect, "v1.0.0-base");
        await runner.RunAsync(job, Cancel);
        await runner.RunAsync(job, Cancel);

        Assert.NotNull(_bench.Report("inspect.log"));
        Assert.NotNull(_bench.Report("inspect-2.log"));
    }

    [Fact]
    public async Task EndOrphans_evaluatorOfADeadHost_endedAndItsFolderRemoved()
    {
        var folder = JobFolder.Create(Path.Combine(_bench.Folder, "jobs"));
        var start = new ProcessStartInfo("/usr/bin/setsid", ["sh", "-c", "sleep 600 & sleep 600"]) { UseShellExecute = false };
        start.Environment[JobFolder.MarkName] = Path.GetFileName(folder.Root);
        start.Environment["TMPDIR"] = folder.Temporary;
        using var orphan = Process.Start(start)!;
        folder.NoteProcess(ProcessIdentity.Find(orphan.Id)!.Value);

        Assert.Equal(1, await _bench.Runner().EndOrphansAsync(Cancel));

        await orphan.WaitForExitAsync(Cancel);
        Assert.Equal(0, EvaluationBench.MarkedProcesses(_bench.Folder));
        Assert.False(Directory.Exists(folder.Root));
    }

    [Fact]
    public async Task EndOrphans_idGivenToAnotherProcess_leavesItAlone()
    {
        using var stranger = Process.Start(new ProcessStartInfo("/usr/bin/setsid", ["sleep", "600"]) { UseShellExecute = false })!;
        try
        {
            var folder = JobFolder.Create(Path.Combine(_bench.Folder, "jobs"));
            folder.NoteProcess(ProcessIdentity.Find(stranger.Id)!.Value with { StartTicks = 1 });

            Assert.Equal(0, await _bench.Runner().EndOrphansAsync(Cancel));

            Assert.False(stranger.HasExited);
            Assert.False(Directory.Exists(folder.Root));
        }
        finally
        {
            stranger.Kill();
        }
    }

    public void Dispose() => _bench.Dispose();

    private Task<EvaluationRun> SmokeAsync(string script, TimeSpan? limit = null, int memoryMiB = 512, int outputMiB = 64, int logKiB = 64) =>
        _bench.Script(script, memoryMiB, outputMiB, logKiB)
            .RunAsync(_bench.Job(EvaluationMode.Smoke, "v1.0.0-base", dataset: "golden.csv") with { TimeLimit = limit ?? TimeSpan.FromMinutes(1) }, Cancel);
}
