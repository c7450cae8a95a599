using Microsoft.DurableTask.Client;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;
using ModelFlow.Core.Traffic;
using ModelFlow.Functions.Driving;
using ModelFlow.Orchestration.Operations;
using ModelFlow.Testing.World;

namespace ModelFlow.Functions.Tests.Driving;

/// <summary>Whole releases, driven by the orchestrator.</summary>
public sealed class ReleaseOrchestratorTests : IAsyncLifetime
{
    private static readonly ModelName Digits = ModelName.Parse("digits");
    private DurableWorld _world = null!; // Set before each test.

    public async ValueTask InitializeAsync() => _world = await DurableWorld.StartAsync();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task GoodVersions_rampThroughEveryStep_andBecomeStable()
    {
        Assert.Equal(Outcome.Stable, (await _world.ReleaseAsync("v1.0.0-base")).Outcome);
        Assert.Equal(Outcome.Stable, (await _world.ReleaseAsync("v1.1.0-mlp")).Outcome);

        var weights = _world.World.Gateway.Pushed.Where(p => p.Route.Release is not null).DistinctBy(p => p.Route.Generation)
            .Select(p => p.Route.Candidates.Single().Weight.BasisPoints);
        Assert.Equal([500, 2_500, 5_000, 10_000], weights);
        Assert.Equal(VersionName.Parse("v1.1.0-mlp"), (await RouteAsync()).Stable);
        Assert.Equal(6, _world.World.Evaluator.Jobs.Count);
    }

    [Fact]
    public async Task WorseVersion_isRefusedByTheGate()
    {
        await _world.ReleaseAsync("v1.0.0-base");
        _world.World.Behave("v1.3.0-wrong", new VersionBehaviour { Accuracy = 0.68 });
        var id = await _world.UploadAsync("v1.3.0-wrong");
        await _world.DriveAsync(id);

        var state = await _world.EndAsync(id);

        Assert.Equal((Outcome.Rejected, "gate"), (state.Outcome, state.Failure!.By));
    }

    [Fact]
    public async Task SlowVersion_isTakenBackByTheGuardrail()
    {
        await _world.ReleaseAsync("v1.0.0-base");
        _world.World.Behave("v1.2.0-large", new VersionBehaviour { LatencyMs = 50 });

        var state = await _world.ReleaseAsync("v1.2.0-large");

        Assert.Equal((Outcome.RolledBack, "guardrail"), (state.Outcome, state.Failure!.By));
        Assert.Empty((await RouteAsync()).Candidates);
    }

    [Fact]
    public async Task Approval_thatNobodyGives_expires()
    {
        _world.Hold = _ => false;
        var id = await _world.UploadAsync("v1.0.0-base");
        await _world.DriveAsync(id);

        var state = await _world.EndAsync(id);

        Assert.Equal((Outcome.Rejected, "expiry"), (state.Outcome, state.Failure!.By));
    }

    [Fact]
    public async Task Pause_inMidBake_holdsTheStepUntilResumed()
    {
        await _world.ReleaseAsync("v1.0.0-base");
        var id = await RampAsync("v1.1.0-mlp", step: 1);

        await _world.SendAsync(id, SignalKind.Pause);
        await _world.UntilAsync(id, s => s.PausedAt is not null);
        Assert.Equal(2_500, (await RouteAsync()).Candidates.Single().Weight.BasisPoints);
        _world.Hold = _ => false;
        await _world.SendAsync(id, SignalKind.Resume);

        Assert.Equal(Outcome.Stable, (await _world.EndAsync(id)).Outcome);
    }

    [Theory]
    [InlineData("registering")]
    [InlineData("inspecting")]
    [InlineData("smokeTesting")]
    [InlineData("evaluating")]
    [InlineData("loading")]
    [InlineData("ramping")]
    public async Task Abort_whileACommandRuns_endsTheRelease(string stage)
    {
        await _world.ReleaseAsync("v1.0.0-base");
        var (reached, goOn) = (new TaskCompletionSource(), new TaskCompletionSource());
        _world.BeforeCommand = async state =>
        {
            if (state.Stage.Name == stage && state.Outcome is null && reached.TrySetResult())
            {
                await goOn.Task;
            }
        };
        var id = await _world.UploadAsync("v1.1.0-mlp");
        await _world.DriveAsync(id);
        if (stage is "loading" or "ramping")
        {
            await _world.ApproveAsync(id);
        }

        await reached.Task.WaitAsync(TimeSpan.FromSeconds(30), DurableWorld.Cancel);
        await _world.SendAsync(id, SignalKind.Abort);

        // Taken in although the command has not ended.
        await _world.UntilAsync(id, s => s.Failure is not null);
        goOn.SetResult();

        Assert.Equal(Outcome.Aborted, (await _world.EndAsync(id)).Outcome);
        var route = await RouteAsync();
        Assert.Equal(VersionName.Parse("v1.0.0-base"), route.Stable);
        Assert.Empty(route.Candidates);
    }

    [Fact]
    public async Task Abort_whileItWaitsForPeople_endsTheRelease()
    {
        var id = await _world.UploadAsync("v1.0.0-base");
        await _world.DriveAsync(id);
        await _world.UntilAsync(id, s => s.Stage is Stage.AwaitingApproval);

        await _world.SendAsync(id, SignalKind.Abort);

        Assert.Equal(Outcome.Aborted, (await _world.EndAsync(id)).Outcome);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public async Task Abort_inMidBake_givesTheTrafficBack(int step)
    {
        await _world.ReleaseAsync("v1.0.0-base");
        var id = await RampAsync("v1.1.0-mlp", step);

        await _world.SendAsync(id, SignalKind.Abort);

        Assert.Equal(Outcome.Aborted, (await _world.EndAsync(id)).Outcome);
        Assert.Empty((await RouteAsync()).Candidates);
    }

    [Fact]
    public async Task Abort_whileAnEvaluationGoesOnElsewhere_isTakenInAtOnce()
    {
        _world.World.Evaluator.LooksBeforeAnswer = int.MaxValue;
        _world.Hold = s => s.Stage is Stage.Inspecting;
        var id = await _world.UploadAsync("v1.0.0-base");
        await _world.DriveAsync(id);
        await _world.UntilAsync(id, _ => !_world.World.Evaluator.Jobs.IsEmpty);

        await _world.SendAsync(id, SignalKind.Abort);

        Assert.Equal(Outcome.Aborted, (await _world.EndAsync(id)).Outcome);
    }

    [Fact]
    public async Task Evaluation_thatGoesOnElsewhere_isLookedAtUntilItAnswers()
    {
        _world.World.Evaluator.LooksBeforeAnswer = 3;

        Assert.Equal(Outcome.Stable, (await _world.ReleaseAsync("v1.0.0-base")).Outcome);
        Assert.All(_world.World.Evaluator.Jobs.GroupBy(j => j.Id), looks => Assert.Equal(4, looks.Count()));
    }

    [Fact]
    public async Task Rollback_duringARamp_endsTheReleaseAndKeepsTheRoute()
    {
        await _world.ReleaseAsync("v1.0.0-base");
        var id = await RampAsync("v1.1.0-mlp", step: 1);

        Assert.IsType<RolledBackModel.Done>(await _world.World.Get<RollbackModel>()
            .RollbackAsync(Digits, null, false, "operator-1", "numbers look wrong", "r1", DurableWorld.Cancel));
        var generation = (await RouteAsync()).Generation;
        await _world.RingAsync(id);
        var state = await _world.EndAsync(id);

        Assert.Equal((Outcome.RolledBack, "operator"), (state.Outcome, state.Failure!.By));
        Assert.Equal(generation, (await RouteAsync()).Generation);
    }

    [Fact]
    public async Task Doorbell_lost_theSliceFindsTheSignal()
    {
        var id = await _world.UploadAsync("v1.0.0-base");
        await _world.DriveAsync(id, DurableWorld.Pace with { Slice = TimeSpan.FromMilliseconds(100) });

        await _world.ApproveAsync(id, ring: false);

        Assert.Equal(Outcome.Stable, (await _world.EndAsync(id)).Outcome);
    }

    [Fact]
    public async Task Doorbells_manyAtOnce_areOneOrAFew_andNothingIsLost()
    {
        var id = await _world.UploadAsync("v1.0.0-base");
        await _world.DriveAsync(id, DurableWorld.Pace with { StepsPerLife = 2 });
        await _world.UntilAsync(id, s => s.Stage is Stage.AwaitingApproval);

        await Task.WhenAll(Enumerable.Range(0, 40).Select(_ => DurableDoorbell.RingAsync(_world.Client, id, DurableWorld.Cancel)));
        await _world.ApproveAsync(id);

        Assert.Equal(Outcome.Stable, (await _world.EndAsync(id)).Outcome);
        Assert.Equal(3, _world.World.Evaluator.Jobs.Count);
    }

    [Fact]
    public async Task Start_twiceAtOnce_isOneOrchestration()
    {
        var (reached, goOn) = (new TaskCompletionSource(), new TaskCompletionSource());
        _world.BeforeCommand = _ => reached.TrySetResult() ? goOn.Task : Task.CompletedTask;
        var id = await _world.UploadAsync("v1.0.0-base");

        await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ =>
        {
            var doorbell = _world.NewDoorbell();
            doorbell.Ring(id);
            await doorbell.DeliverAsync(_world.Client, DurableWorld.Cancel);
        }));
        await reached.Task.WaitAsync(TimeSpan.FromSeconds(30), DurableWorld.Cancel);
        await _world.RingAsync(id);
        goOn.SetResult();
        await _world.ApproveAsync(id);

        Assert.Equal(Outcome.Stable, (await _world.EndAsync(id)).Outcome);
        Assert.Equal(3, _world.World.Evaluator.Jobs.Count);
    }

    [Fact]
    public async Task Decisions_changedInMidBake_takeEffectAtTheNextStepAndBreakNoReplay()
    {
        await _world.ReleaseAsync("v1.0.0-base");
        var id = await RampAsync("v1.1.0-mlp", step: 0);

        // The new decisions look at traffic in three pieces where the old ones waited once.
        var more = 3;
        _world.Redecide = step => step.Kind == StepKind.Run && Interlocked.Decrement(ref more) >= 0
            ? new DriverStep { Kind = StepKind.Wait, Wait = TimeSpan.FromSeconds(1), Status = step.Status }
            : step;
        _world.Hold = _ => false;
        await _world.RingAsync(id);

        Assert.Equal(Outcome.Stable, (await _world.EndAsync(id)).Outcome);
        Assert.True(more < 0);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(30)]
    public async Task Activities_thatFailForLong_areOutlived(int times)
    {
        await _world.ReleaseAsync("v1.0.0-base");
        var id = await RampAsync("v1.1.0-mlp", step: 1);

        _world.Fail(times);
        _world.Hold = _ => false;
        await _world.RingAsync(id);

        Assert.Equal(Outcome.Stable, (await _world.EndAsync(id)).Outcome);
    }

    [Fact]
    public async Task Life_ofOneStep_continuesAsNewThroughTheWholeStory()
    {
        await _world.ReleaseAsync("v1.0.0-base", DurableWorld.Pace with { StepsPerLife = 1 });

        Assert.Equal(Outcome.Stable, (await _world.ReleaseAsync("v1.1.0-mlp", DurableWorld.Pace with { StepsPerLife = 1 })).Outcome);
    }

    [Fact]
    public async Task CustomStatus_saysStageWeightAndWhenItGoesOn()
    {
        await _world.ReleaseAsync("v1.0.0-base");
        var id = await RampAsync("v1.1.0-mlp", step: 1);

        // The status is there once the orchestrator has taken the step in.
        using var client = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        DriverStatus? status;
        do
        {
            client.Token.ThrowIfCancellationRequested();
            var instance = await _world.InstanceAsync(id);
            Assert.True((instance.SerializedCustomStatus ?? "").Length < 1_000);
            status = instance.SerializedCustomStatus is null ? null : instance.ReadCustomStatusAs<DriverStatus>();
        }
        while (status is not { Weight: "25 %" });

        Assert.Equal("ramping", status.Stage);
        Assert.True(status.NextDue > _world.World.Time.GetUtcNow());
    }

    [Fact]
    public async Task Orchestration_ofNoRelease_ends()
    {
        var id = ReleaseId.Parse("digits-v9.9.9-none-1");
        await _world.DriveAsync(id);

        var instance = await _world.Client.WaitForInstanceCompletionAsync(id.ToString(), DurableWorld.Cancel);
        Assert.Equal(OrchestrationRuntimeStatus.Completed, instance.RuntimeStatus);
    }

    private async Task<ReleaseId> RampAsync(string version, int step)
    {
        _world.Hold = s => s.Stage is Stage.AwaitingApproval || (s.Stage is Stage.Ramping { Phase: RampPhase.Baking } r && r.Step == step);
        var id = await _world.UploadAsync(version);
        await _world.DriveAsync(id);
        await _world.ApproveAsync(id);
        await _world.UntilAsync(id, s => s.Stage is Stage.Ramping { Phase: RampPhase.Baking } r && r.Step == step);
        return id;
    }

    private async Task<Route> RouteAsync() => (await _world.World.Get<IRouteStore>().GetAsync(Digits, DurableWorld.Cancel))!.Route;
}
