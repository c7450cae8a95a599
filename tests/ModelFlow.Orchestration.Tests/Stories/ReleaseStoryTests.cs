using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;
using ModelFlow.Core.Traffic;
using ModelFlow.Orchestration.Intake;
using ModelFlow.Orchestration.Operations;
using ModelFlow.Testing.World;

namespace ModelFlow.Orchestration.Tests.Stories;

/// <summary>Whole releases through the real engine and commands, in virtual time.</summary>
public sealed class ReleaseStoryTests : IAsyncLifetime
{
    private static readonly ModelName Digits = ModelName.Parse("digits");
    private readonly InMemoryStores _stores = new();
    private readonly SimulatedWorld _world;

    public ReleaseStoryTests() => _world = new SimulatedWorld(_stores.AddTo);

    public async ValueTask InitializeAsync() => await _world.SetPolicyAsync();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task FirstVersion_everythingPasses_becomesStableWithoutARamp()
    {
        var state = await _world.RunAsync(await UploadAsync("v1.0.0-base"));

        Assert.Equal(Outcome.Stable, state.Outcome);
        var route = await RouteAsync();
        Assert.Equal((VersionName.Parse("v1.0.0-base"), 1), (route.Stable!.Value, (int)route.Generation));
        Assert.NotNull((await _world.Get<IVersionCatalog>().GetAsync(Digits, route.Stable.Value, CancellationToken.None))!.FirstStableAt);
        Assert.Empty(_stores.Blobs.List("incoming/"));
        Assert.Null(await _world.Get<IRampTurns>().GetAsync(Digits, CancellationToken.None));
    }

    [Fact]
    public async Task Evaluation_thatGoesOnElsewhere_isLookedAtUntilItAnswers()
    {
        _world.Evaluator.LooksBeforeAnswer = 3;
        var state = await _world.RunAsync(await UploadAsync("v1.0.0-base"));

        Assert.Equal(Outcome.Stable, state.Outcome);
        Assert.All(_world.Evaluator.Jobs.GroupBy(j => j.Id), looks => Assert.Equal(4, looks.Count()));
        Assert.Equal(3, _world.Evaluator.Jobs.Select(j => j.Id).Distinct(StringComparer.Ordinal).Count());
    }

    [Fact]
    public async Task LastStep_ofAReleaseThatKeptNoEvidence_isComparedWithTheStepBefore()
    {
        await ReleaseAsync("v1.0.0-base");
        var id = await UploadAsync("v1.1.0-mlp");
        await _world.RunAsync(id, s => s is { Stage: Stage.Ramping { Step: 3 }, Pending.Command: Command.LookAtTraffic });

        // As a version of ModelFlow left it that read all windows at every look.
        var snapshot = (await _world.Get<IReleaseStore>().LoadAsync(id, CancellationToken.None))!;
        var looked = Assert.IsType<CommandResult.Looked>(await _world.ExecuteAsync(snapshot with { State = snapshot.State with { Evidence = null } }));

        Assert.True(looked.Report.StableRequests > 0);
        Assert.Equal(snapshot.State.RouteGeneration, looked.Evidence!.Generation);
        Assert.All(looked.Report.Metrics, m => Assert.Contains("in the step before", m.Message, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Hold_isSetBeforeTraffic_andNoReleaseFailsForIt(bool refused)
    {
        _stores.Holds.IsOn = true;
        _stores.Holds.Instead = (_, _) => refused ? new SetHold.Refused("no right") : null;
        await ReleaseAsync("v1.0.0-base");
        var id = await UploadAsync("v1.1.0-mlp");

        await _world.RunAsync(id, s => s.Stage is Stage.Ramping);
        var held = _stores.Blobs.List("models/digits/v1.1.0-mlp/").All(f => _stores.Blobs.Find(f)!.Held);
        var state = await _world.RunAsync(id);

        Assert.Equal((!refused, Outcome.Stable), (held, state.Outcome));
        Assert.Equal([(VersionName.Parse("v1.0.0-base"), true), (VersionName.Parse("v1.1.0-mlp"), true)], _stores.Holds.Calls);
        var noted = (await _world.Get<IDeploymentStore>().GetAsync(Digits, VersionName.Parse("v1.1.0-mlp"), CancellationToken.None))!.Hold!;
        Assert.Equal((refused, refused ? "no right" : null), (noted.SeenAt is null, noted.Problem));
    }

    [Fact]
    public async Task Holds_off_asksTheStorageForNone()
    {
        await ReleaseAsync("v1.0.0-base");

        Assert.Empty(_stores.Holds.Calls);
        Assert.Null((await _world.Get<IDeploymentStore>().GetAsync(Digits, VersionName.Parse("v1.0.0-base"), CancellationToken.None))!.Hold);
    }

    [Fact]
    public async Task SecondVersion_healthy_rampsThroughEveryStepInOrder()
    {
        await ReleaseAsync("v1.0.0-base");
        var state = await _world.RunAsync(await UploadAsync("v1.1.0-mlp"));

        Assert.Equal(Outcome.Stable, state.Outcome);
        var weights = _world.Gateway.Pushed.Where(p => p.Route.Release is not null).DistinctBy(p => p.Route.Generation)
            .Select(p => p.Route.Candidates.Single().Weight.BasisPoints);
        Assert.Equal([500, 2_500, 5_000, 10_000], weights);
        Assert.Equal(VersionName.Parse("v1.1.0-mlp"), (await RouteAsync()).Stable);
        var before = await _world.Get<IDeploymentStore>().GetAsync(Digits, VersionName.Parse("v1.0.0-base"), CancellationToken.None);
        Assert.True(before!.Loaded);
        Assert.True(before.KeepUntil > _world.Time.GetUtcNow());
    }

    [Fact]
    public async Task SlowVersion_underLiveTraffic_isTakenBackWithTheNumbers()
    {
        await ReleaseAsync("v1.0.0-base");
        _world.Behave("v1.2.0-large", new VersionBehaviour { LatencyMs = 50 });
        var state = await _world.RunAsync(await UploadAsync("v1.2.0-large"));

        Assert.Equal((Outcome.RolledBack, "guardrail"), (state.Outcome, state.Failure!.By));
        Assert.Contains("latency", state.Failure.Reason, StringComparison.OrdinalIgnoreCase);
        var route = await RouteAsync();
        Assert.Equal(VersionName.Parse("v1.0.0-base"), route.Stable);
        Assert.Empty(route.Candidates);
    }

    [Fact]
    public async Task FailingVersion_underLiveTraffic_isTakenBackInTheFirstStep()
    {
        await ReleaseAsync("v1.0.0-base");
        _world.Behave("v1.2.0-broken", new VersionBehaviour { ErrorRate = 1 });
        var state = await _world.RunAsync(await UploadAsync("v1.2.0-broken"));

        Assert.Equal((Outcome.RolledBack, "guardrail"), (state.Outcome, state.Failure!.By));
        Assert.DoesNotContain(_world.Gateway.Pushed, p => p.Route.Candidates.Any(c => c.Weight > new Weight(500)));
    }

    public static TheoryData<string, VersionBehaviour, string> Refused => new()
    {
        { "v1.3.0-wrong", new VersionBehaviour { Accuracy = 0.68 }, "gate" },
        { "v1.5.0-nan", new VersionBehaviour { SmokeRefusal = "30 of 30 outputs are not finite" }, "smoke" },
        { "v1.6.0-truncated", new VersionBehaviour { InspectionRefusal = "the file is cut" }, "inspection" },
        { "v2.0.0-schema", new VersionBehaviour { OtherInputs = true }, "signature" },
        { "v1.7.1-cold", new VersionBehaviour { WarmUpFailure = "request 1 of 10 failed" }, "warm-up" },
        { "v1.7.0-huge", new VersionBehaviour { LoadRefusal = "no memory" }, "load" },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public async Task BadVersion_isRefusedByItsStage_andNeverSeesARequest(string version, VersionBehaviour behaviour, string by)
    {
        await ReleaseAsync("v1.0.0-base");
        _world.Behave(version, behaviour);
        var state = await _world.RunAsync(await UploadAsync(version));

        Assert.Equal((Outcome.Rejected, by), (state.Outcome, state.Failure!.By));
        Assert.DoesNotContain(_world.Gateway.Pushed, p => p.Route.Versions.Contains(VersionName.Parse(version)));
        Assert.Null(await _world.Get<IRampTurns>().GetAsync(Digits, CancellationToken.None));
    }

    [Fact]
    public async Task BreakingVersion_underACutOverPolicy_goesLiveInOneStep()
    {
        await _world.SetPolicyAsync(SimulatedWorld.Policy + "\nsignature: { breaking: cutOver }\n");
        await ReleaseAsync("v1.0.0-base");
        _world.Behave("v2.0.0-schema", new VersionBehaviour { OtherInputs = true });
        var state = await _world.RunAsync(await UploadAsync("v2.0.0-schema"));

        Assert.Equal(Outcome.Stable, state.Outcome);
        Assert.DoesNotContain(_world.Gateway.Pushed, p => p.Route.Candidates.Count > 0);
    }

    [Theory]
    [InlineData("latest", "name")]
    [InlineData("v1.0.0+build", "name")]
    public async Task Upload_badName_isKeptInQuarantineWithItsReason(string version, string by)
    {
        Assert.Null(await _world.UploadAsync(_stores.PutIncomingAsync, "digits", version));

        Assert.Empty(_stores.Blobs.List("incoming/"));
        var refusals = await _world.Get<IUploadStore>().ListRefusalsAsync(CancellationToken.None).ToListAsync(CancellationToken.None);
        Assert.Equal(by, Assert.Single(refusals).By);
    }

    [Fact]
    public async Task Upload_ofARegisteredVersionWithOtherBytes_isRefusedAndTheVersionUntouched()
    {
        await ReleaseAsync("v1.0.0-base");
        var before = await _world.Get<IVersionCatalog>().GetAsync(Digits, VersionName.Parse("v1.0.0-base"), CancellationToken.None);
        Assert.Null(await _world.UploadAsync(_stores.PutIncomingAsync, "digits", "v1.0.0-base", "other bytes"));

        var refusal = Assert.Single(await _world.Get<IUploadStore>().ListRefusalsAsync(CancellationToken.None).ToListAsync(CancellationToken.None));
        Assert.Equal("exists", refusal.By);
        Assert.Equal(before!.Digest, (await _world.Get<IVersionCatalog>().GetAsync(Digits, before.Version, CancellationToken.None))!.Digest);
        Assert.StartsWith("model bytes", _stores.ReadText("models/digits/v1.0.0-base/model.onnx"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Upload_ofAFormatNobodyCanRun_isRefusedAndKept()
    {
        await _stores.PutIncomingAsync("digits/v1.0.0-base.gguf", "GGUF"u8.ToArray());
        var id = Assert.Single(await _world.Get<IncomingSweep>().SweepAsync(CancellationToken.None));
        var state = await _world.RunAsync(id);

        Assert.Equal((Outcome.Rejected, "format"), (state.Outcome, state.Failure!.By));
        Assert.NotEmpty(_stores.Blobs.List("quarantine/"));
        Assert.Null(await _world.Get<IVersionCatalog>().GetAsync(Digits, VersionName.Parse("v1.0.0-base"), CancellationToken.None));
    }

    [Fact]
    public async Task Upload_againAfterARefusal_isASecondAttempt()
    {
        await _stores.PutIncomingAsync("digits/v1.0.0-base.gguf", "GGUF"u8.ToArray());
        await _world.RunAsync(Assert.Single(await _world.Get<IncomingSweep>().SweepAsync(CancellationToken.None)));

        Assert.Equal(2, (await UploadAsync("v1.0.0-base")).Attempt);
    }

    [Fact]
    public async Task Rollback_afterARelease_movesAllTrafficBackInOneCall()
    {
        await ReleaseAsync("v1.0.0-base");
        await ReleaseAsync("v1.1.0-mlp");
        var done = Assert.IsType<RolledBackModel.Done>(await RollbackAsync(null));

        Assert.Equal(VersionName.Parse("v1.0.0-base"), done.Route.Stable);
        Assert.IsType<RolledBackModel.NothingBefore>(await RollbackAsync(null, "again"));
        Assert.IsType<RolledBackModel.AlreadyThere>(await RollbackAsync("v1.0.0-base", "named"));
        var repeated = Assert.IsType<RolledBackModel.Done>(await RollbackAsync(null));
        Assert.Equal(done.Route, repeated.Route);
        Assert.Single(await _world.Get<IAuditLog>().ReadAsync("model:digits", CancellationToken.None).ToListAsync(CancellationToken.None));
    }

    [Fact]
    public async Task Rollback_repeatedAfterALaterChange_changesNothingAgain()
    {
        await ReleaseAsync("v1.0.0-base");
        await ReleaseAsync("v1.1.0-mlp");
        var done = Assert.IsType<RolledBackModel.Done>(await RollbackAsync(null));
        Assert.IsType<RolledBackModel.Done>(await RollbackAsync("v1.1.0-mlp", "forward"));
        var now = await RouteAsync();

        var repeated = Assert.IsType<RolledBackModel.Done>(await RollbackAsync(null));

        Assert.Equal(done.Route, repeated.Route);
        Assert.Equal(now, await RouteAsync());
    }

    [Theory]
    [InlineData(500)]
    [InlineData(5_000)]
    [InlineData(10_000)]
    public async Task Rollback_duringARamp_fencesTheReleaseOut(int basisPoints)
    {
        await ReleaseAsync("v1.0.0-base");
        var id = await UploadAsync("v1.1.0-mlp");
        await _world.RunAsync(id, s => s.Stage is Stage.Ramping { Phase: RampPhase.Baking } r && r.Step == Step(basisPoints));
        Assert.IsType<RolledBackModel.Done>(await RollbackAsync(null));
        var generation = (await RouteAsync()).Generation;
        var state = await _world.RunAsync(id);

        Assert.Equal((Outcome.RolledBack, "operator"), (state.Outcome, state.Failure!.By));
        Assert.Equal(generation, (await RouteAsync()).Generation);
        Assert.Equal(VersionName.Parse("v1.0.0-base"), (await RouteAsync()).Stable);

        static int Step(int points) => points switch { 500 => 0, 2_500 => 1, 5_000 => 2, _ => 3 };
    }

    [Fact]
    public async Task Rollback_toAVersionThatIsNotLoaded_saysHowLongLoadingTakes_orLoadsItFirst()
    {
        await ReleaseAsync("v1.0.0-base");
        await ReleaseAsync("v1.1.0-mlp");
        await _world.Get<IDeploymentStore>().UpdateAsync(Digits, VersionName.Parse("v1.0.0-base"), d => d! with { Loaded = false }, CancellationToken.None);

        var refused = Assert.IsType<RolledBackModel.NotLoaded>(await RollbackAsync(null));
        Assert.Equal(TimeSpan.FromMilliseconds(20), refused.Estimate);
        Assert.IsType<RolledBackModel.Done>(await RollbackAsync(null, "load", load: true));
    }

    [Fact]
    public async Task TwoReleasesOfAModel_rampOneAfterTheOther()
    {
        await ReleaseAsync("v1.0.0-base");
        var first = await UploadAsync("v1.1.0-mlp");
        await _world.RunAsync(first, s => s.Stage is Stage.Ramping { Phase: RampPhase.Baking });
        var second = await UploadAsync("v1.2.0-next");
        var waiting = await _world.RunAsync(second, s => s.Stage is Stage.AwaitingTurn t && t.Reason.Contains(first.ToString(), StringComparison.Ordinal));
        Assert.Null(waiting.Outcome);

        Assert.Equal(Outcome.Stable, (await _world.RunAsync(first)).Outcome);
        var evaluations = _world.Evaluator.Jobs.Count;
        var state = await _world.RunAsync(second);

        // The stable version changed while it waited: it was evaluated again, against the new one, and approved again.
        Assert.Equal((Outcome.Stable, VersionName.Parse("v1.1.0-mlp")), (state.Outcome, state.Baseline!.Value));
        Assert.True(_world.Evaluator.Jobs.Count >= evaluations + 3);
    }

    [Fact]
    public async Task Freeze_duringARamp_holdsTheWeightUntilLifted()
    {
        await ReleaseAsync("v1.0.0-base");
        var id = await UploadAsync("v1.1.0-mlp");
        await _world.RunAsync(id, s => s.Stage is Stage.Ramping { Step: 1, Phase: RampPhase.Baking });
        var freezes = _world.Get<IFreezeStore>();
        await freezes.PutAsync(new Core.Freezes.Freeze("digits", "ada", _world.Time.GetUtcNow(), "holidays"), CancellationToken.None);
        await _world.RunAsync(id, s => s.Stage is Stage.Ramping { Phase: RampPhase.Frozen });
        Assert.Equal(2_500, (await RouteAsync()).Candidates.Single().Weight.BasisPoints);

        await freezes.RemoveAsync("digits", CancellationToken.None);
        Assert.Equal(Outcome.Stable, (await _world.RunAsync(id)).Outcome);
    }

    [Fact]
    public async Task Gateways_silent_theLeaseIsNotRenewedAndNothingMovesOn()
    {
        await ReleaseAsync("v1.0.0-base");
        var id = await UploadAsync("v1.1.0-mlp");
        await _world.RunAsync(id, s => s.Stage is Stage.Ramping { Step: 0, Phase: RampPhase.Baking });
        _world.Gateway.IsUp = false;
        var state = await _world.RunAsync(id, s => s.Stage is Stage.Ramping { Phase: RampPhase.Holding });

        Assert.False(state.LeaseHeld);
        Assert.True((await _world.Get<IRouteStore>().GetAsync(Digits, CancellationToken.None))!.LeaseUntil < _world.Time.GetUtcNow());
        Assert.Equal(500, (await RouteAsync()).Candidates.Single().Weight.BasisPoints);
    }

    [Fact]
    public async Task Approval_expires_releaseIsRejected()
    {
        var state = await _world.RunAsync(await UploadAsync("v1.0.0-base"), approve: false);

        Assert.Equal((Outcome.Rejected, "expiry"), (state.Outcome, state.Failure!.By));
    }

    [Fact]
    public async Task Approval_unknownUploader_needsTwoDifferentPeople()
    {
        var id = await UploadAsync("v1.0.0-base");
        await _world.RunAsync(id, s => s.Stage is Stage.AwaitingApproval, approve: false);
        await _world.SignalAsync(id, SignalKind.Approve, "bo");
        _world.Time.Advance(TimeSpan.FromSeconds(1));
        await _world.SignalAsync(id, SignalKind.Approve, "bo");
        var state = await _world.RunAsync(id, s => s.EventCount > 0 && s.Approvals.Count == 1, approve: false);
        Assert.IsType<Stage.AwaitingApproval>(state.Stage);

        await _world.SignalAsync(id, SignalKind.Approve, "cy");
        Assert.Equal(Outcome.Stable, (await _world.RunAsync(id, approve: false)).Outcome);
    }

    [Fact]
    public async Task Events_ofAWholeRelease_verify_andATamperedOneDoesNot()
    {
        await ReleaseAsync("v1.0.0-base");
        var id = await UploadAsync("v1.1.0-mlp");
        var state = await _world.RunAsync(id);
        var events = await _world.Get<IReleaseStore>().ReadEventsAsync(id, 0, CancellationToken.None).ToListAsync(CancellationToken.None);

        Assert.Null(ReleaseEvents.Verify(events, state));
        Assert.NotNull(ReleaseEvents.Verify(events.Skip(1), state));
        Assert.NotNull(ReleaseEvents.Verify(events.SkipLast(1), state));
        events[3] = events[3] with { By = "mallory" };
        Assert.NotNull(ReleaseEvents.Verify(events, state));
    }

    [Fact]
    public async Task Retry_afterARejection_startsAtInspectionWithTheNextAttempt()
    {
        await ReleaseAsync("v1.0.0-base");
        _world.Behave("v1.3.0-wrong", new VersionBehaviour { Accuracy = 0.5 });
        await _world.RunAsync(await UploadAsync("v1.3.0-wrong"));
        _world.Behave("v1.3.0-wrong", new VersionBehaviour());
        var started = Assert.IsType<StartedRelease.Started>(
            await _world.Get<StartRelease>().StartAsync(Digits, VersionName.Parse("v1.3.0-wrong"), "ada", CancellationToken.None));

        Assert.Equal(2, started.Id.Attempt);
        Assert.Equal(Outcome.Stable, (await _world.RunAsync(started.Id)).Outcome);
    }

    private async Task<ReleaseId> UploadAsync(string version) =>
        await _world.UploadAsync(_stores.PutIncomingAsync, "digits", version) ?? throw new InvalidOperationException($"{version} was not taken in.");

    private async Task ReleaseAsync(string version) => Assert.Equal(Outcome.Stable, (await _world.RunAsync(await UploadAsync(version))).Outcome);

    private async Task<Route> RouteAsync() => (await _world.Get<IRouteStore>().GetAsync(Digits, CancellationToken.None))!.Route;

    private Task<RolledBackModel> RollbackAsync(string? to, string requestId = "r1", bool load = false) => _world.Get<RollbackModel>()
        .RollbackAsync(Digits, to is null ? null : VersionName.Parse(to), load, "ada", "numbers look wrong", requestId, CancellationToken.None);
}
