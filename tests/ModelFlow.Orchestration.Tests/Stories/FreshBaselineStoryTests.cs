using ModelFlow.Core.Analysis;
using ModelFlow.Core.Analysis.Series;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;
using ModelFlow.Core.Traffic;
using ModelFlow.Orchestration.Analysis;
using ModelFlow.Orchestration.Operations;
using ModelFlow.Testing.World;

namespace ModelFlow.Orchestration.Tests.Stories;

/// <summary>Releases that compare with a fresh instance of stable, in virtual time.</summary>
public sealed class FreshBaselineStoryTests : IAsyncLifetime
{
    private static readonly ModelName Digits = ModelName.Parse("digits");
    private static readonly VersionName Stable = VersionName.Parse("v1.0.0-base");
    private static readonly VersionName Candidate = VersionName.Parse("v1.1.0-mlp");
    private static readonly ReleaseId Release = ReleaseId.Parse("digits-v1.1.0-mlp-1");
    private static readonly VersionName Instance = BaselineInstance.NameFor(Release, Stable);
    private static readonly string Fresh = SimulatedWorld.Policy.Replace("ramp:\n", "ramp:\n  freshBaseline: true\n", StringComparison.Ordinal);

    private readonly InMemoryStores _stores = new();
    private readonly SimulatedWorld _world;

    public FreshBaselineStoryTests() => _world = new SimulatedWorld(_stores.AddTo);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await _world.SetPolicyAsync(Fresh);
        Assert.Equal(Outcome.Stable, (await _world.RunAsync(await UploadAsync("v1.0.0-base"))).Outcome);

        // Stable has been warm for long; whatever is loaded now takes three times as long, the candidate as well as stable itself.
        _world.Behave("v1.1.0-mlp", new VersionBehaviour { LatencyMs = 15 });
        _world.Behave(Instance.Value, new VersionBehaviour { LatencyMs = 15 });
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task Candidate_asColdAsTheFreshInstance_isHealthy_whereAgainstWarmStableItIsNot()
    {
        var state = await _world.RunAsync(await UploadAsync("v1.1.0-mlp"));

        Assert.Equal(Outcome.Stable, state.Outcome);
        Assert.Equal([(500, 500), (2_500, 2_500), (5_000, 5_000), (10_000, 0)], Splits());
        Assert.All(_world.Gateway.Pushed.Where(p => p.Route.Baseline is not null), p => Assert.Contains(Instance, p.Endpoints.Keys));

        await _world.SetPolicyAsync(SimulatedWorld.Policy);
        _world.Behave("v1.2.0-mlp", new VersionBehaviour { LatencyMs = 45 });
        Assert.Equal((Outcome.RolledBack, "guardrail"), await OutcomeAsync("v1.2.0-mlp"));
    }

    [Fact]
    public async Task Candidate_thatIsSlowerThanTheFreshInstance_isHarmful()
    {
        _world.Behave("v1.1.0-mlp", new VersionBehaviour { LatencyMs = 45 });

        Assert.Equal((Outcome.RolledBack, "guardrail"), await OutcomeAsync("v1.1.0-mlp"));
        await AssertOverAsync();
    }

    [Fact]
    public async Task Instance_isLoadedWithTheCandidate_andUnloadedAfterTheRelease()
    {
        var id = await UploadAsync("v1.1.0-mlp");
        await _world.RunAsync(id, s => s.Stage is Stage.Ramping { Phase: RampPhase.Baking });
        var during = (await _world.Get<IDeploymentStore>().GetAsync(Digits, Instance, Cancel))!;
        Assert.Equal((true, Stable, (DateTimeOffset?)null), (during.Loaded, during.InstanceOf!.Value, during.KeepUntil));
        Assert.Contains(await _world.Get<IModelServer>().ListAsync(Cancel), s => s.Version == Instance);
        Assert.Contains(await EventsAsync(id), e => e.Message.Contains($"a fresh instance of stable, {Instance}, was loaded", StringComparison.Ordinal));

        Assert.Equal(Outcome.Stable, (await _world.RunAsync(id)).Outcome);
        await AssertOverAsync();
    }

    [Fact]
    public async Task Rollback_inTheRamp_givesItsTrafficBackToStable()
    {
        var id = await UploadAsync("v1.1.0-mlp");
        await _world.RunAsync(id, s => s.Stage is Stage.Ramping { Step: 1, Phase: RampPhase.Baking });

        var done = Assert.IsType<RolledBackModel.Done>(await _world.Get<RollbackModel>().RollbackAsync(Digits, null, false, "bo", "no", "r1", Cancel));

        Assert.Equal((Stable, (BaselineTarget?)null), (done.Route.Stable!.Value, done.Route.Baseline));
        Assert.Equal(Outcome.RolledBack, (await _world.RunAsync(id)).Outcome);
        await AssertOverAsync();
    }

    [Fact]
    public async Task Instance_thatCannotBeLoaded_isNotTheVersionsFault_andNoTrafficMoves()
    {
        _world.Behave(Instance.Value, new VersionBehaviour { LoadRefusal = "no memory" });

        var state = await _world.RunAsync(await UploadAsync("v1.1.0-mlp"));

        Assert.Equal(Outcome.Failed, state.Outcome);
        Assert.Contains("cannot load v1.0.0-base a second time", state.Failure!.Reason, StringComparison.Ordinal);
        Assert.All(_world.Gateway.Pushed, p => Assert.Empty(p.Route.Candidates));
    }

    [Fact]
    public async Task Series_isWhatTheLooksFound_andNamesTheInstance()
    {
        var state = await _world.RunAsync(await UploadAsync("v1.1.0-mlp"));

        var series = (await _world.Get<AnalyzeRelease>().RunAsync(state.Id, SeriesBuilder.MostPoints, Cancel))!.Series;

        Assert.True(series.Complete, string.Join('\n', series.Notes));
        Assert.Equal([Instance, Instance, Instance, null], series.Steps.Select(s => s.FreshBaseline));
        var split = series.Steps[0].Metrics.Single(m => m.Metric == "sampleRatio").Points[^1];
        Assert.Equal((0.5, 0.5, Verdict.Healthy), (split.Stable, split.Candidate, split.Verdict));
        Assert.Equal(split.StableRequests, split.CandidateRequests);
        Assert.Equal(Verdict.Healthy, series.Steps[^1].Verdict);
    }

    [Fact]
    public async Task Version_calledLikeAnInstance_isRefused()
    {
        var state = await _world.RunAsync(await UploadAsync("v1.4.0-baseline.kqmvjrhg"));

        Assert.Equal((Outcome.Rejected, "name"), (state.Outcome, state.Failure!.By));
    }

    private List<(int Candidate, int Baseline)> Splits() =>
    [
        .. _world.Gateway.Pushed.Where(p => p.Route.Release == Release).DistinctBy(p => p.Route.Generation)
            .Select(p => (p.Route.Candidates.SingleOrDefault()?.Weight.BasisPoints ?? 0, p.Route.Baseline?.Weight.BasisPoints ?? 0)),
    ];

    private async Task<(Outcome?, string?)> OutcomeAsync(string version)
    {
        var state = await _world.RunAsync(await UploadAsync(version));
        return (state.Outcome, state.Failure?.By);
    }

    private async Task<ReleaseId> UploadAsync(string version) =>
        await _world.UploadAsync(_stores.PutIncomingAsync, "digits", version) ?? throw new InvalidOperationException($"{version} was not taken in.");

    private async Task<List<ReleaseEvent>> EventsAsync(ReleaseId id) => await _world.Get<IReleaseStore>().ReadEventsAsync(id, 0, Cancel).ToListAsync(Cancel);

    // No route has the instance, and it is to be unloaded soon: long before a version that was stable.
    private async Task AssertOverAsync()
    {
        var route = (await _world.Get<IRouteStore>().GetAsync(Digits, Cancel))!.Route;
        Assert.Null(route.Baseline);
        var instance = (await _world.Get<IDeploymentStore>().GetAsync(Digits, Instance, Cancel))!;
        Assert.InRange(instance.KeepUntil!.Value, _world.Time.GetUtcNow(), _world.Time.GetUtcNow().AddMinutes(1));
    }
}
