using ModelFlow.Core.Experiments;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;
using ModelFlow.Testing.World;

namespace ModelFlow.Orchestration.Tests.Stories;

/// <summary>Whole releases with an experiment in their ramp, in virtual time.</summary>
public sealed class ExperimentStoryTests : IAsyncLifetime
{
    private readonly InMemoryStores _stores = new();
    private readonly SimulatedWorld _world;

    public ExperimentStoryTests() => _world = new SimulatedWorld(_stores.AddTo);

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Theory]
    [InlineData("sequential", 0.5, 0.8, ExperimentVerdict.Winner)]
    [InlineData("sequential", 0.8, 0.5, ExperimentVerdict.Loser)]
    [InlineData("sequential", 0.5, 0.5, ExperimentVerdict.NoDifference)]
    [InlineData("fixed", 0.5, 0.8, ExperimentVerdict.Winner)]
    [InlineData("fixed", 0.8, 0.5, ExperimentVerdict.Loser)]
    public async Task Release_withAnExperiment_endsAsItsUsersSay(string mode, double stable, double candidate, ExperimentVerdict expected)
    {
        var (state, events) = await ReleaseAsync($"mode: {mode}, minimumEffect: 5 %, longest: 1h", stable, candidate);

        var report = Assert.Single(state.Experiments);
        Assert.Equal((expected, 2), (report.Verdict, report.Step));
        Assert.Equal(expected == ExperimentVerdict.Loser ? Outcome.RolledBack : Outcome.Stable, state.Outcome);
        Assert.Equal(expected == ExperimentVerdict.Loser ? "experiment" : null, state.Failure?.By);
        Assert.InRange(candidate - stable, report.Interval!.Low, report.Interval.High!.Value);
        Assert.Equal(["experimentBegun", "experimentDecided"], events.Where(e => e.Kind.StartsWith("experiment", StringComparison.Ordinal)).Select(e => e.Kind));
        Assert.Null(ReleaseEvents.Verify(events, state));
    }

    [Theory]
    [InlineData("continue", Outcome.Stable)]
    [InlineData("rollback", Outcome.RolledBack)]
    public async Task Experiment_withoutFeedback_isInconclusiveAfterItsTime_andThePolicyDecides(string rule, Outcome outcome)
    {
        var before = _world.Time.GetUtcNow();
        var (state, _) = await ReleaseAsync("minimumEffect: 5 %, longest: 10m", null, null, rule);

        var report = Assert.Single(state.Experiments);
        Assert.Equal((ExperimentVerdict.Inconclusive, outcome), (report.Verdict, state.Outcome));
        Assert.Equal((0, 0, null), (report.Stable.Outcomes, report.Candidate.Outcomes, report.Interval));
        Assert.True(report.DecidedAt - report.BegunAt >= TimeSpan.FromMinutes(10), $"decided at {report.DecidedAt}, begun at {before}");
    }

    [Fact]
    public async Task Operator_whoPromotesInTheMiddle_endsTheExperimentUndecided()
    {
        await _world.SetPolicyAsync(Policy("minimumEffect: 1 %, longest: 1h", "hold"));
        await _world.RunAsync(await UploadAsync("v1.0.0-base"));
        var id = await UploadAsync("v1.1.0-mlp");
        await _world.RunAsync(id, s => s is { Experiments.Count: 1, Pending: null, Stage: Stage.Ramping });
        await _world.SignalAsync(id, SignalKind.Promote);
        var state = await _world.RunAsync(id);

        Assert.Equal((Outcome.Stable, ExperimentVerdict.NotDecided), (state.Outcome, Assert.Single(state.Experiments).Verdict));
    }

    private async Task<(ReleaseState State, List<ReleaseEvent> Events)> ReleaseAsync(string experiment, double? stable, double? candidate, string whenInconclusive = "hold")
    {
        await _world.SetPolicyAsync(Policy(experiment, whenInconclusive));
        _world.Behave("v1.0.0-base", new VersionBehaviour { Liked = stable });
        _world.Behave("v1.1.0-mlp", new VersionBehaviour { Liked = candidate });
        await _world.RunAsync(await UploadAsync("v1.0.0-base"));
        var id = await UploadAsync("v1.1.0-mlp");
        var state = await _world.RunAsync(id);
        return (state, await _world.Get<IReleaseStore>().ReadEventsAsync(id, 0, CancellationToken.None).ToListAsync(TestContext.Current.CancellationToken));
    }

    private static string Policy(string experiment, string whenInconclusive) => SimulatedWorld.Policy
        .Replace("{ weight: 50%, bake: 20s }", $"{{ weight: 50%, bake: 20s, experiment: {{ {experiment} }} }}", StringComparison.Ordinal)
        .Replace("lookEvery: 5s", $"lookEvery: 5s\n  whenInconclusive: {whenInconclusive}", StringComparison.Ordinal);

    private async Task<ReleaseId> UploadAsync(string version) =>
        await _world.UploadAsync(_stores.PutIncomingAsync, "digits", version) ?? throw new InvalidOperationException($"{version} was not taken in.");
}
