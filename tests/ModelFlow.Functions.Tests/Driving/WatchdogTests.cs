using Microsoft.DurableTask.Client;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;

namespace ModelFlow.Functions.Tests.Driving;

/// <summary>Drivers that were lost, ended from outside or overslept.</summary>
public sealed class WatchdogTests : IAsyncLifetime
{
    private DurableWorld _world = null!; // Set before each test.

    public async ValueTask InitializeAsync() => _world = await DurableWorld.StartAsync();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task Release_withoutAnOrchestration_getsOne()
    {
        var id = await _world.UploadAsync("v1.0.0-base");

        Assert.Equal(1, await _world.Watchdog.LookAsync(_world.Client, DurableWorld.Cancel));
        await _world.ApproveAsync(id);

        Assert.Equal(Outcome.Stable, (await _world.EndAsync(id)).Outcome);
    }

    [Fact]
    public async Task Orchestration_thatWasTerminated_isReplaced()
    {
        var id = await WaitingAsync();
        await _world.Client.TerminateInstanceAsync(id.ToString(), "by mistake", DurableWorld.Cancel);
        await _world.Client.WaitForInstanceCompletionAsync(id.ToString(), DurableWorld.Cancel);

        Assert.Equal(1, await _world.Watchdog.LookAsync(_world.Client, DurableWorld.Cancel));
        await _world.ApproveAsync(id);

        Assert.Equal(Outcome.Stable, (await _world.EndAsync(id)).Outcome);
    }

    [Fact]
    public async Task Signal_thatNobodyRangFor_isRungForOnceItIsLate()
    {
        var id = await WaitingAsync();
        await _world.ApproveAsync(id, ring: false);
        Assert.Equal(0, await _world.Watchdog.LookAsync(_world.Client, DurableWorld.Cancel));

        _world.World.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(1, await _world.Watchdog.LookAsync(_world.Client, DurableWorld.Cancel));

        Assert.Equal(Outcome.Stable, (await _world.EndAsync(id)).Outcome);
    }

    [Fact]
    public async Task Orchestration_thatIsSuspended_isLeftAlone_andGoesOnWhenResumed()
    {
        var id = await WaitingAsync();
        await _world.Client.SuspendInstanceAsync(id.ToString(), "maintenance", DurableWorld.Cancel);
        while ((await _world.InstanceAsync(id)).RuntimeStatus != OrchestrationRuntimeStatus.Suspended)
        {
            DurableWorld.Cancel.ThrowIfCancellationRequested();
        }

        await _world.ApproveAsync(id);
        _world.World.Time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(0, await _world.Watchdog.LookAsync(_world.Client, DurableWorld.Cancel));
        Assert.IsType<Stage.AwaitingApproval>((await _world.StateAsync(id)).Stage);

        await _world.Client.ResumeInstanceAsync(id.ToString(), "done", DurableWorld.Cancel);
        Assert.Equal(Outcome.Stable, (await _world.EndAsync(id)).Outcome);
    }

    [Fact]
    public async Task Entry_ofAReleaseThatWasNeverCreated_isTakenOffAfterAWhile()
    {
        var index = _world.World.Get<IReleaseIndex>();
        await index.PutAsync(
            new ReleaseSummary { Id = ReleaseId.Parse("digits-v9.9.9-none-1"), StartedBy = "upload", StartedAt = _world.World.Time.GetUtcNow(), Stage = "registering" }, DurableWorld.Cancel);

        Assert.Equal(0, await _world.Watchdog.LookAsync(_world.Client, DurableWorld.Cancel));
        Assert.NotEmpty(await index.ListRunningAsync(DurableWorld.Cancel).ToListAsync(DurableWorld.Cancel));
        _world.World.Time.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal(0, await _world.Watchdog.LookAsync(_world.Client, DurableWorld.Cancel));
        Assert.Empty(await index.ListRunningAsync(DurableWorld.Cancel).ToListAsync(DurableWorld.Cancel));
    }

    private async Task<ReleaseId> WaitingAsync()
    {
        var id = await _world.UploadAsync("v1.0.0-base");
        await _world.DriveAsync(id);
        await _world.UntilAsync(id, s => s.Stage is Stage.AwaitingApproval);
        return id;
    }
}
