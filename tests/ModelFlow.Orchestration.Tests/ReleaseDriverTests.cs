using Microsoft.Extensions.Logging.Abstractions;
using ModelFlow.Core.Evaluation;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;
using ModelFlow.Testing.World;

namespace ModelFlow.Orchestration.Tests;

/// <summary>The embedded host's loop, with somebody else at work while it is.</summary>
public sealed class ReleaseDriverTests : IAsyncLifetime, IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly InMemoryStores _stores = new();
    private readonly SimulatedWorld _world;
    private readonly Bell _bell = new();
    private readonly TaskCompletionSource _smokeTestBegan = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _smokeTestMayEnd = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _mayDrive = true;
    private ReleaseId _id;

    public ReleaseDriverTests() => _world = new SimulatedWorld(_stores.AddTo);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await _world.SetPolicyAsync();
        _id = (await _world.UploadAsync(_stores.PutIncomingAsync, "digits", "v1.0.0-base"))!.Value;
        _world.Evaluator.During = async (job, cancel) =>
        {
            if (job.Mode == EvaluationMode.Smoke && _smokeTestBegan.TrySetResult())
            {
                await _smokeTestMayEnd.Task.WaitAsync(cancel);
            }
        };
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    public void Dispose() => _bell.Dispose();

    [Fact]
    public async Task Drive_nobodyInterferes_storesEachResultOnceAndEnds()
    {
        _smokeTestMayEnd.SetResult();
        var driving = Drive();

        await UntilAsync(s => s.Stage is Stage.AwaitingApproval);
        await ApproveAsync();

        Assert.Equal(Outcome.Stable, await driving.WaitAsync(Patience, Cancel));
        Assert.Equal(3, _world.Evaluator.Jobs.Count);
        Assert.Empty(_world.Evaluator.Stopped);
        Assert.Null(ReleaseEvents.Verify(await EventsAsync(), await StateAsync()));
    }

    [Fact]
    public async Task Drive_abortWhileACommandRuns_endsTheCommandAndTheRelease()
    {
        var driving = Drive();
        await _smokeTestBegan.Task.WaitAsync(Patience, Cancel);

        await _world.SignalAsync(_id, SignalKind.Abort);
        _bell.Ring();

        Assert.Equal(Outcome.Aborted, await driving.WaitAsync(Patience, Cancel));
        Assert.Equal(_world.Evaluator.Jobs.Last().Id, Assert.Single(_world.Evaluator.Stopped));
        Assert.Null(ReleaseEvents.Verify(await EventsAsync(), await StateAsync()));
    }

    [Fact]
    public async Task Drive_signalWhileACommandRuns_isTakenInBeforeTheResult()
    {
        var driving = Drive();
        await _smokeTestBegan.Task.WaitAsync(Patience, Cancel);

        await _world.SignalAsync(_id, SignalKind.Pause);
        _bell.Ring();
        await UntilAsync(s => s.PausedAt is not null);
        _smokeTestMayEnd.SetResult();
        await UntilAsync(s => s.Stage is not Stage.SmokeTesting);
        await _world.SignalAsync(_id, SignalKind.Resume);
        _bell.Ring();
        await UntilAsync(s => s.Stage is Stage.AwaitingApproval);
        await ApproveAsync();

        Assert.Equal(Outcome.Stable, await driving.WaitAsync(Patience, Cancel));
        Assert.Equal(3, _world.Evaluator.Jobs.Count);
    }

    [Fact]
    public async Task Drive_fencedWhileACommandRuns_storesNothingAndRunsItAgain()
    {
        var driving = Drive();
        await _smokeTestBegan.Task.WaitAsync(Patience, Cancel);

        await _world.Get<IReleaseStore>().FenceAsync(_id, Cancel);
        _smokeTestMayEnd.SetResult();
        await UntilAsync(s => s.Stage is Stage.AwaitingApproval);
        await ApproveAsync();

        Assert.Equal(Outcome.Stable, await driving.WaitAsync(Patience, Cancel));
        Assert.Equal(2, _world.Evaluator.Jobs.Count(j => j.Mode == EvaluationMode.Smoke));
        Assert.Null(ReleaseEvents.Verify(await EventsAsync(), await StateAsync()));
    }

    [Fact]
    public async Task Drive_leaseLostWhileACommandRuns_storesNothing()
    {
        var driving = Drive();
        await _smokeTestBegan.Task.WaitAsync(Patience, Cancel);
        var before = await StateAsync();

        _mayDrive = false;
        _smokeTestMayEnd.SetResult();

        await Assert.ThrowsAsync<DrivingEndedException>(() => driving.WaitAsync(Patience, Cancel));
        Assert.Equal(before.EventCount, (await StateAsync()).EventCount);
        Assert.Null((await _world.Get<IReleaseStore>().LoadAsync(_id, Cancel))!.Result);
    }

    [Fact]
    public async Task Drive_ofNoRelease_isNull() =>
        Assert.Null(await new ReleaseDriver(_world.Engine, _world.Time, NullLogger<ReleaseDriver>.Instance).DriveAsync(_id with { Attempt = 7 }, _bell, () => true, Cancel));

    private Task<Outcome?> Drive() => Task.Run(() => _world.Get<ReleaseDriver>().DriveAsync(_id, _bell, () => _mayDrive, Cancel), Cancel);

    private async Task ApproveAsync()
    {
        await _world.SignalAsync(_id, SignalKind.Approve, "approver-1");
        await _world.SignalAsync(_id, SignalKind.Approve, "approver-2");
        _bell.Ring();
    }

    private async Task<ReleaseState> StateAsync() => (await _world.Get<IReleaseStore>().LoadAsync(_id, Cancel))!.State;

    private async Task<List<ReleaseEvent>> EventsAsync() => await _world.Get<IReleaseStore>().ReadEventsAsync(_id, 0, Cancel).ToListAsync(Cancel);

    /// <summary>Everything but a person's answer comes by itself and at once: yields until the release is there.</summary>
    private async Task UntilAsync(Func<ReleaseState, bool> condition)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        limit.CancelAfter(Patience);
        while (!condition(await StateAsync()))
        {
            limit.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }
}
