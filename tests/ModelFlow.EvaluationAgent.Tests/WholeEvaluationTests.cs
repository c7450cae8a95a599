using Microsoft.Extensions.Logging.Abstractions;
using ModelFlow.Core.Evaluation;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Orchestration.Evaluation;
using ModelFlow.Testing.Azurite;

namespace ModelFlow.EvaluationAgent.Tests;

/// <summary>The host's side and the container's side together, over Azurite, with the real programs.</summary>
public sealed class WholeEvaluationTests(AzuriteFixture azurite) : IAsyncLifetime
{
    private static readonly string Image = $"registry.example/evaluator@{Sha256Digest.Of("image")}";

    private AgentBench _bench = null!; // set before each test

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _bench = await AgentBench.CreateAsync(azurite);

    public ValueTask DisposeAsync()
    {
        _bench.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Evaluation_started_twice_with_lost_answers_is_one_evaluation_whose_report_is_judged_and_kept()
    {
        using var platform = new ProcessPlatform(_bench, containersForAStart: 2);
        var job = await _bench.JobAsync(EvaluationMode.Evaluate, "v1.4.0-slice-regression", "v1.1.0-mlp", "eval.csv");

        var run = await UntilDoneAsync(platform, job);
        var again = await Runner(platform).RunAsync(job, Cancel);

        var evaluated = Assert.IsType<EvaluatorOutput.Evaluated>(Assert.IsType<EvaluationRun.Completed>(run).Output);
        Assert.False(Assert.Single(GateJudge.Judge(job.Policy!.Gates, evaluated.Report)).Passed);
        Assert.Equal(evaluated.Digest, Assert.IsType<EvaluatorOutput.Evaluated>(Assert.IsType<EvaluationRun.Completed>(again).Output).Digest);
        Assert.Equal(2, platform.Count);
        Assert.Equal(1, (await _bench.Handover.LookAsync(job.Id, Cancel)).Starts);
        var names = await _bench.Reports.ListAsync(job.Release, Cancel).ToListAsync(Cancel);
        Assert.Equal(["evaluate-" + job.Id + ".log", "evaluate-" + job.Id + ".run.json", "evaluation.json", "predictions.parquet"], names);
        await using var evidence = (await _bench.Reports.OpenAsync(job.Release, $"evaluate-{job.Id}.run.json", Cancel))!;
        Assert.Contains(Image, await new StreamReader(evidence).ReadToEndAsync(Cancel), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Container_that_ends_before_it_claims_is_started_again_and_answers()
    {
        using var platform = new ProcessPlatform(_bench, containersForAStart: 1) { Command = start => start == 1 ? ["--nonsense"] : [AgentBench.Evaluator] };
        var job = await _bench.JobAsync(EvaluationMode.Inspect, "v1.1.0-mlp", null, "golden.csv") with { Dataset = null };

        var run = await UntilDoneAsync(platform, job);

        Assert.IsType<EvaluatorOutput.Inspected>(Assert.IsType<EvaluationRun.Completed>(run).Output);
        Assert.Equal(2, (await _bench.Handover.LookAsync(job.Id, Cancel)).Starts);
    }

    [Fact]
    public async Task Hostile_version_is_refused_by_the_evaluator_in_the_container()
    {
        using var platform = new ProcessPlatform(_bench, containersForAStart: 1);
        var job = await _bench.JobAsync(EvaluationMode.Smoke, "v1.5.0-nan", null, "golden.csv");

        var refused = Assert.IsType<EvaluatorOutput.Refused>(Assert.IsType<EvaluationRun.Completed>(await UntilDoneAsync(platform, job)).Output);

        Assert.Equal("smoke", refused.By);
    }

    private async Task<EvaluationRun> UntilDoneAsync(ProcessPlatform platform, EvaluationJob job)
    {
        while (true)
        {
            // A new runner for each look: nothing may be remembered.
            var run = await Runner(platform).RunAsync(job, Cancel);
            if (run is not EvaluationRun.Running)
            {
                return run;
            }
        }
    }

    private RemoteEvaluationRunner Runner(ProcessPlatform platform) => new(
        new RemoteEvaluationSettings
        {
            Image = Image,
            Formats = new HashSet<string>(StringComparer.Ordinal) { "onnx" },
            Threads = 1,
            MemoryMiB = 2048,
            OutputMiB = 64,
            PollEvery = TimeSpan.FromSeconds(5),
            QueueLimit = TimeSpan.FromMinutes(5),
        },
        _bench.Handover,
        platform,
        new PinnedImageDigests(),
        _bench.Reports,
        NullLogger<RemoteEvaluationRunner>.Instance);
}
