using System.Net;
using System.Text;
using ModelFlow.Core.Evaluation;
using ModelFlow.Core.Evaluation.Remote;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Testing.Azurite;

namespace ModelFlow.EvaluationAgent.Tests;

public sealed class AgentTests(AzuriteFixture azurite) : IAsyncLifetime
{
    private static readonly ClaimTiming Quick = new(TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(2));

    private AgentBench _bench = null!; // set before each test

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _bench = await AgentBench.CreateAsync(azurite);

    public ValueTask DisposeAsync()
    {
        _bench.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Evaluation_with_the_real_programs_leaves_report_predictions_log_and_outcome()
    {
        var start = await _bench.PrepareAsync(mode: EvaluationMode.Evaluate, baseline: "v1.0.0-base", rows: "eval.csv");
        using var agent = _bench.Start(start, AgentBench.Evaluator);
        var said = await agent.StandardOutput.ReadToEndAsync(Cancel);
        var errors = await agent.StandardError.ReadToEndAsync(Cancel);
        await agent.WaitForExitAsync(Cancel);

        Assert.True(agent.ExitCode == 0, said + errors);
        var outcome = await _bench.OutcomeAsync();
        Assert.Equal((RemoteEnd.Answered, EvaluatorStatus.Completed), (outcome.End, outcome.Result!.Status));
        var report = await _bench.ReadAsync(RemoteFile.Report);
        Assert.Equal(outcome.Report, Sha256Digest.Of(report));
        Assert.True(EvaluationReportReader.TryRead(report, out var read, out _));
        Assert.NotNull(read.Baseline);
        Assert.Equal(outcome.Predictions, Sha256Digest.Of(await _bench.ReadAsync(RemoteFile.Predictions)));
        var log = Encoding.UTF8.GetString(await _bench.ReadAsync(RemoteFile.Log));
        Assert.Contains("progress 1.00 rows 597 of 597", log, StringComparison.Ordinal);
        Assert.DoesNotContain("sig=", log + said + errors, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_bench.Folder));
    }

    [Fact]
    public async Task Two_containers_at_once_yield_one_evaluation()
    {
        var start = await _bench.PrepareAsync();
        using var one = _bench.Start(start, AgentBench.Evaluator);
        using var two = _bench.Start(start, AgentBench.Evaluator);
        var said = await Task.WhenAll(one.StandardOutput.ReadToEndAsync(Cancel), two.StandardOutput.ReadToEndAsync(Cancel));
        await Task.WhenAll(one.WaitForExitAsync(Cancel), two.WaitForExitAsync(Cancel));

        Assert.Equal((0, 0), (one.ExitCode, two.ExitCode));
        Assert.Single(said, s => s.Contains("done: Answered", StringComparison.Ordinal));
        Assert.Single(said, s => s.Contains("nothing to do here: another container of this start", StringComparison.Ordinal));
        Assert.Equal(RemoteEnd.Answered, (await _bench.OutcomeAsync()).End);
    }

    [Fact]
    public async Task Killed_container_is_taken_over_by_a_later_start_once_its_claim_is_old()
    {
        var first = await _bench.PrepareAsync();
        using var agent = _bench.Start(first, "/bin/sh", "-c", "cat > /dev/null"); // ends with its parent
        await _bench.UntilAsync(s => s.Claim is not null);
        var second = await _bench.PrepareAsync(start: 2);

        var early = await _bench.RunAsync(second, AgentBench.Answer);
        agent.Kill();
        await agent.WaitForExitAsync(Cancel);
        await _bench.UntilAsync(s => s.ClaimAge > TimeSpan.FromSeconds(2));
        var again = await _bench.RunAsync(first, AgentBench.Answer, Quick);
        var taken = await _bench.RunAsync(second, AgentBench.Answer, Quick);

        Assert.Contains("start 1 evaluates it and gave a sign of life", Assert.IsType<AgentEnd.NotMine>(early).Reason, StringComparison.Ordinal);
        Assert.Contains("another container of this start", Assert.IsType<AgentEnd.NotMine>(again).Reason, StringComparison.Ordinal);
        Assert.IsType<AgentEnd.Finished>(taken);
        var state = await _bench.Handover.LookAsync(_bench.JobId, Cancel);
        Assert.Equal((2, true), (state.Claim!.Start, state.HasOutcome));
        Assert.Null(await _bench.Handover.ReadOutcomeAsync(_bench.JobId, 1, Cancel));
    }

    [Fact]
    public async Task Holder_that_was_frozen_finds_that_it_lost_the_claim_and_puts_nothing()
    {
        var go = Path.Combine(_bench.Folder, "go");
        var frozen = new ClaimTiming(TimeSpan.FromHours(1), TimeSpan.FromHours(2));
        var first = _bench.RunAsync(await _bench.PrepareAsync(), $"until [ -e {go} ]; do sleep 0.05; done; {AgentBench.Answer}", frozen);
        await _bench.UntilAsync(s => s.Claim is not null);

        var second = await _bench.RunAsync(await _bench.PrepareAsync(start: 2), AgentBench.Answer, Quick with { StaleAfter = TimeSpan.Zero });
        await File.WriteAllTextAsync(go, "", Cancel);

        Assert.IsType<AgentEnd.Finished>(second);
        Assert.Contains("start 2 took the job over", Assert.IsType<AgentEnd.NotMine>(await first).Reason, StringComparison.Ordinal);
        Assert.Null(await _bench.Handover.ReadOutcomeAsync(_bench.JobId, 1, Cancel));
        Assert.Null(await _bench.Handover.OpenAsync(_bench.JobId, 1, RemoteFile.Log, Cancel));
    }

    [Fact]
    public async Task Running_holder_keeps_its_claim_young()
    {
        var go = Path.Combine(_bench.Folder, "go");
        var running = _bench.RunAsync(await _bench.PrepareAsync(), $"until [ -e {go} ]; do sleep 0.05; done; {AgentBench.Answer}", Quick);

        await _bench.UntilAsync(s => s.Claim?.Beat > 3);
        await File.WriteAllTextAsync(go, "", Cancel);

        Assert.IsType<AgentEnd.Finished>(await running);
    }

    [Fact]
    public async Task Stopped_job_ends_its_evaluator_at_the_next_heartbeat()
    {
        var running = _bench.RunAsync(await _bench.PrepareAsync(), "sleep 600", Quick);
        await _bench.UntilAsync(s => s.Claim is not null);

        await _bench.Handover.StopAsync(_bench.JobId, Cancel);

        Assert.Equal("the job was stopped", Assert.IsType<AgentEnd.NotMine>(await running).Reason);
        Assert.Equal("the job was stopped", Assert.IsType<AgentEnd.NotMine>(await _bench.RunAsync(await _bench.PrepareAsync(start: 2), AgentBench.Answer)).Reason);
        Assert.Null(await _bench.Handover.ReadOutcomeAsync(_bench.JobId, 1, Cancel));
    }

    [Fact]
    public async Task Corrupt_input_is_a_fault_and_is_not_evaluated()
    {
        var start = await _bench.PrepareAsync();
        await _bench.DamageModelAsync("v1.1.0-mlp");

        await _bench.RunAsync(start, AgentBench.Answer);

        var outcome = await _bench.OutcomeAsync();
        Assert.Equal(RemoteEnd.Faulted, outcome.End);
        Assert.Contains("model.onnx in storage has the digest", outcome.Reason, StringComparison.Ordinal);
        Assert.Contains("has the digest", Encoding.UTF8.GetString(await _bench.ReadAsync(RemoteFile.Log)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("head -c 100M /dev/zero > \"$MODELFLOW_OUTPUT_DIR/evaluation.json\"; sleep 600", RemoteEnd.ModelAtFault, "at most 8 MiB are allowed|file too large")]
    [InlineData("sleep 600 & sleep 600", RemoteEnd.ModelAtFault, "did not end within 00:00:03")]
    [InlineData("kill -SEGV $$", RemoteEnd.ModelAtFault, "segmentation fault")]
    [InlineData("kill -KILL $$", RemoteEnd.Faulted, "ended from outside")]
    [InlineData("true", RemoteEnd.Faulted, "it wrote no result.json")]
    [InlineData(AgentBench.Answer + "; ln -s /etc/passwd \"$MODELFLOW_OUTPUT_DIR/evaluation.json\"", RemoteEnd.Faulted, "evaluation.json is not a plain file")]
    public async Task Evaluator_that_does_not_answer_is_told_with_the_reason(string script, RemoteEnd end, string reason)
    {
        await _bench.RunAsync(await _bench.PrepareAsync(limit: TimeSpan.FromSeconds(3), outputMiB: 8), script);

        var outcome = await _bench.OutcomeAsync();
        Assert.Equal(end, outcome.End);
        Assert.Matches(reason, outcome.Reason);
    }

    [Theory]
    [InlineData("outcome.json", false)]
    [InlineData("outcome.json", true)]
    [InlineData("log.txt", true)]
    [InlineData("claim.json", false)]
    [InlineData("claim.json", true)]
    [InlineData("model.onnx", true)]
    public async Task Request_that_is_cut_off_is_made_again(string name, bool answerOnly)
    {
        using var handler = new CutOff(name, answerOnly);

        var end = await _bench.RunAsync(await _bench.PrepareAsync(), AgentBench.Answer, handler: handler);

        Assert.Equal(2, handler.Cuts);
        Assert.Equal(RemoteEnd.Answered, Assert.IsType<AgentEnd.Finished>(end).Outcome.End);
        Assert.Equal("fine", (await _bench.OutcomeAsync()).Result!.Summary);
    }

    [Fact]
    public async Task Job_of_another_address_is_a_failure_that_names_no_secret()
    {
        var start = await _bench.PrepareAsync();
        var wrong = start with { Description = new UriBuilder(start.Description) { Path = start.Description.AbsolutePath.Replace("job.json", "jab.json", StringComparison.Ordinal) }.Uri };

        var end = Assert.IsType<AgentEnd.Failed>(await _bench.RunAsync(wrong, AgentBench.Answer));

        Assert.Contains("description", end.Reason, StringComparison.Ordinal);
        Assert.DoesNotContain("sig=", end.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Evaluator_does_not_see_the_address()
    {
        var start = await _bench.PrepareAsync();
        using var agent = _bench.Start(start, "/bin/sh", "-c", $"env; cat /proc/$PPID/environ; cat /proc/1/environ | tr '\\0' '\\n' | grep ADDRESS; {AgentBench.Answer}");
        await agent.WaitForExitAsync(Cancel);

        var log = Encoding.UTF8.GetString(await _bench.ReadAsync(RemoteFile.Log));
        Assert.Contains("MODELFLOW_MODE=smoke", log, StringComparison.Ordinal);
        Assert.DoesNotContain("sig=", log, StringComparison.Ordinal);
    }

    /// <summary>Cuts off the first two requests for a file: before they are sent, or after they took effect.</summary>
    private sealed class CutOff(string name, bool answerOnly) : DelegatingHandler(new HttpClientHandler())
    {
        private int _cuts;

        public int Cuts => Math.Min(_cuts, 2);

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var isIt = request.RequestUri!.AbsolutePath.EndsWith("/" + name, StringComparison.Ordinal) && Interlocked.Increment(ref _cuts) <= 2;
            if (isIt && !answerOnly)
            {
                throw new HttpRequestException("cut off", null, HttpStatusCode.ServiceUnavailable);
            }

            var response = await base.SendAsync(request, cancellationToken);
            if (isIt)
            {
                response.Dispose();
                throw new HttpRequestException("the answer was lost");
            }

            return response;
        }
    }
}
