using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;
using ModelFlow.Core.Traffic;
using ModelFlow.Orchestration.Operations;
using ModelFlow.Testing.World;

namespace ModelFlow.Orchestration.Tests.Stories;

/// <summary>Releases under a policy with a shadow step, in virtual time.</summary>
public sealed class ShadowStoryTests : IAsyncLifetime
{
    private static readonly ModelName Digits = ModelName.Parse("digits");
    private static readonly VersionName Stable = VersionName.Parse("v1.0.0-base");
    private static readonly VersionName Candidate = VersionName.Parse("v1.1.0-mlp");

    private static readonly string Policy = SimulatedWorld.Policy.Replace(
        "ramp:\n", "ramp:\n  shadow: { share: 20%, bake: 20s, minPairs: 100 }\n", StringComparison.Ordinal);

    private readonly InMemoryStores _stores = new();
    private readonly SimulatedWorld _world;

    public ShadowStoryTests() => _world = new SimulatedWorld(_stores.AddTo);

    public async ValueTask InitializeAsync()
    {
        await _world.SetPolicyAsync(Policy);
        Assert.Equal(Outcome.Stable, (await _world.RunAsync(await UploadAsync("v1.0.0-base"))).Outcome);
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task Shadow_agrees_isFollowedByTheWeights()
    {
        var state = await _world.RunAsync(await UploadAsync("v1.1.0-mlp"));

        Assert.Equal(Outcome.Stable, state.Outcome);
        Assert.Equal([(2_000, 0), (0, 500), (0, 2_500), (0, 5_000), (0, 10_000)], Splits());
        Assert.True(state.Shadow!.Pairs.Pairs >= 100);
        Assert.Equal(Stable, state.Shadow.Stable);
        Assert.DoesNotContain(await EventsAsync(state.Id), e => e.Message.Contains("Infinity", StringComparison.Ordinal));
    }

    public static TheoryData<VersionBehaviour, string> Harmful => new()
    {
        { new VersionBehaviour { Disagreement = 0.4 }, "answers disagree in 40 %" },
        { new VersionBehaviour { ErrorRate = 0.5 }, "alone the candidate failed on 50 %" },
        { new VersionBehaviour { LatencyMs = 50 }, "took longer than 1.5 times" },
    };

    [Theory]
    [MemberData(nameof(Harmful))]
    public async Task Shadow_harmful_isRejectedBeforeAnyUserWasTouched(VersionBehaviour behaviour, string reason)
    {
        _world.Behave("v1.1.0-mlp", behaviour);
        var state = await _world.RunAsync(await UploadAsync("v1.1.0-mlp"));

        Assert.Equal((Outcome.Rejected, "shadow"), (state.Outcome, state.Failure!.By));
        Assert.Contains(reason, state.Failure.Reason, StringComparison.Ordinal);
        Assert.All(_world.Gateway.Pushed, p => Assert.Empty(p.Route.Candidates));
        await AssertOverAsync();
    }

    [Fact]
    public async Task Shadow_withoutTraffic_waitsForAnOperator_whoMayBeginWithTheFirstWeight()
    {
        _world.Gateway.RequestsPerSecond = 0;
        var id = await UploadAsync("v1.1.0-mlp");
        await _world.RunAsync(id, s => s.Stage is Stage.Shadowing { Phase: RampPhase.Holding });
        _world.Gateway.RequestsPerSecond = 200;
        await _world.SignalAsync(id, SignalKind.Promote);
        var state = await _world.RunAsync(id, s => s.Stage is Stage.Ramping { Phase: RampPhase.Baking });

        Assert.Equal([(2_000, 0), (0, 500)], Splits());
        Assert.Equal(0, Assert.IsType<Stage.Ramping>(state.Stage).Step);
    }

    [Theory]
    [InlineData("rollback", Outcome.Rejected)]
    [InlineData("continue", Outcome.Stable)]
    public async Task Shadow_inconclusiveAtItsLimit_doesWhatThePolicySays(string rule, Outcome outcome)
    {
        await _world.SetPolicyAsync(Policy.Replace("extendUpTo: 1m", $"extendUpTo: 1m\n  whenInconclusive: {rule}", StringComparison.Ordinal)
            .Replace("minPairs: 100", "minPairs: 1000000", StringComparison.Ordinal));
        var state = await _world.RunAsync(await UploadAsync("v1.1.0-mlp"));
        Assert.Equal(outcome, state.Outcome);
    }

    [Theory]
    [InlineData(SignalKind.Abort, Outcome.Aborted)]
    [InlineData(SignalKind.Supersede, Outcome.Superseded)]
    [InlineData(SignalKind.Revoked, Outcome.Rejected)]
    public async Task Shadow_endedByASignal_mirrorsNoMore(SignalKind signal, Outcome outcome)
    {
        var id = await UploadAsync("v1.1.0-mlp");
        await _world.RunAsync(id, s => s.Stage is Stage.Shadowing { Phase: RampPhase.Baking });
        await _world.SignalAsync(id, signal);
        Assert.Equal(outcome, (await _world.RunAsync(id)).Outcome);
        await AssertOverAsync();
    }

    [Fact]
    public async Task Shadow_rolledBack_endsAndLeavesStableWhereItIs()
    {
        var id = await UploadAsync("v1.1.0-mlp");
        await _world.RunAsync(id, s => s.Stage is Stage.Shadowing { Phase: RampPhase.Baking });
        var done = Assert.IsType<RolledBackModel.Done>(await _world.Get<RollbackModel>().RollbackAsync(Digits, null, false, "bo", "no", "r1", CancellationToken.None));

        Assert.Equal((Stable, (ShadowTarget?)null), (done.Route.Stable!.Value, done.Route.Shadow));
        Assert.Equal(Outcome.RolledBack, (await _world.RunAsync(id)).Outcome);
        await AssertOverAsync();
    }

    [Fact]
    public async Task Shadow_rolledBackByAnother_fencesTheFirstWeightOut()
    {
        var id = await UploadAsync("v1.1.0-mlp");
        await _world.RunAsync(id, s => s is { Stage: Stage.Ramping { Step: 0 }, Pending.Command: Command.ShiftTraffic });
        await _world.Get<RollbackModel>().RollbackAsync(Digits, null, false, "bo", "no", "r1", CancellationToken.None);

        Assert.Equal(Outcome.RolledBack, (await _world.RunAsync(id)).Outcome);
        Assert.All(_world.Gateway.Pushed, p => Assert.Empty(p.Route.Candidates));
    }

    [Fact]
    public async Task Shadow_paused_takesNoStepAndIsWatched()
    {
        var id = await UploadAsync("v1.1.0-mlp");
        await _world.RunAsync(id, s => s.Stage is Stage.Shadowing { Phase: RampPhase.Baking });
        await _world.SignalAsync(id, SignalKind.Pause);
        var from = _world.Time.GetUtcNow();
        var paused = await _world.RunAsync(id, _ => _world.Time.GetUtcNow() > from.AddMinutes(10));
        Assert.IsType<Stage.Shadowing>(paused.Stage);
        Assert.True(paused.LeaseHeld);

        // Its guards stay on.
        _world.Behave("v1.1.0-mlp", new VersionBehaviour { Disagreement = 1 });
        Assert.Equal(Outcome.Rejected, (await _world.RunAsync(id)).Outcome);
    }

    [Fact]
    public async Task Shadow_frozenBeforeTheFirstWeight_goesOnBeingWatched()
    {
        var id = await UploadAsync("v1.1.0-mlp");
        await _world.RunAsync(id, s => s is { Stage: Stage.Ramping { Step: 0 }, Pending.Command: Command.ShiftTraffic });
        var freezes = _world.Get<IFreezeStore>();
        await freezes.PutAsync(new Core.Freezes.Freeze("digits", "ada", _world.Time.GetUtcNow(), "holidays"), CancellationToken.None);
        var frozen = await _world.RunAsync(id, s => s.Stage is Stage.Shadowing { Phase: RampPhase.Frozen });
        var generation = frozen.RouteGeneration;
        await _world.RunAsync(id, s => s is { Stage: Stage.Shadowing { Phase: RampPhase.Frozen }, Pending: null } && s.CommandSeq > frozen.CommandSeq + 3);
        await freezes.RemoveAsync("digits", CancellationToken.None);
        var state = await _world.RunAsync(id);

        Assert.Equal((Outcome.Stable, generation + 5), (state.Outcome, state.RouteGeneration));
        Assert.Equal([(2_000, 0), (0, 500), (0, 2_500), (0, 5_000), (0, 10_000)], Splits());
    }

    [Fact]
    public async Task Shadow_gatewaysSilent_leaseIsNotRenewed()
    {
        var id = await UploadAsync("v1.1.0-mlp");
        await _world.RunAsync(id, s => s.Stage is Stage.Shadowing { Phase: RampPhase.Baking });
        var lease = (await _world.Get<IRouteStore>().GetAsync(Digits, CancellationToken.None))!.LeaseUntil;
        Assert.NotNull(lease);
        Assert.Equal(lease, _world.Gateway.Pushed.Last().LeaseUntil);

        _world.Gateway.IsUp = false;
        var state = await _world.RunAsync(id, s => s is { Stage: Stage.Shadowing, LeaseHeld: false });
        Assert.Contains(await EventsAsync(id), e => e.Kind == "leaseLapsing" && e.Message.Contains("mirroring stops", StringComparison.Ordinal));
        Assert.Equal(lease, (await _world.Get<IRouteStore>().GetAsync(Digits, CancellationToken.None))!.LeaseUntil);
        Assert.Null(state.Failure);
    }

    private List<(int Share, int Weight)> Splits() =>
    [
        .. _world.Gateway.Pushed.Where(p => p.Route.Release is not null).DistinctBy(p => p.Route.Generation)
            .Select(p => (p.Route.Shadow?.Share.BasisPoints ?? 0, p.Route.Candidates.SingleOrDefault()?.Weight.BasisPoints ?? 0)),
    ];

    private async Task<ReleaseId> UploadAsync(string version) =>
        await _world.UploadAsync(_stores.PutIncomingAsync, "digits", version) ?? throw new InvalidOperationException($"{version} was not taken in.");

    private async Task<List<ReleaseEvent>> EventsAsync(ReleaseId id) => await _world.Get<IReleaseStore>().ReadEventsAsync(id, 0, CancellationToken.None).ToListAsync(CancellationToken.None);

    // The route is stable's alone, the turn is free, and the version is to be unloaded.
    private async Task AssertOverAsync()
    {
        var route = (await _world.Get<IRouteStore>().GetAsync(Digits, CancellationToken.None))!.Route;
        Assert.Equal((Stable, (ShadowTarget?)null), (route.Stable!.Value, route.Shadow));
        Assert.Empty(route.Candidates);
        Assert.Null(await _world.Get<IRampTurns>().GetAsync(Digits, CancellationToken.None));
        Assert.NotNull((await _world.Get<IDeploymentStore>().GetAsync(Digits, Candidate, CancellationToken.None))!.KeepUntil);
    }
}
