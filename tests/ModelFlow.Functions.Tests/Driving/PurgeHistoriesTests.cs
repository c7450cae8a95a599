using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Time.Testing;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Releases;
using ModelFlow.Functions.Composition;

namespace ModelFlow.Functions.Tests.Driving;

/// <summary>What the nightly purge deletes, and what it leaves alone.</summary>
public sealed class PurgeHistoriesTests : IAsyncLifetime
{
    private static readonly TimeSpan Keep = new AzureHostOptions().KeepHistories;
    private DurableWorld _world = null!; // Set before each test.

    public async ValueTask InitializeAsync() => _world = await DurableWorld.StartAsync();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task History_ofAFinishedOrchestration_isPurged_andItsReleaseStays()
    {
        var (finished, _) = await FinishedAndRunningAsync();

        Assert.Equal(1, await PurgeAsync(Keep + TimeSpan.FromHours(1)));

        Assert.Null(await _world.Client.GetInstanceAsync(finished.ToString(), DurableWorld.Cancel));
        Assert.Equal(Outcome.Stable, (await _world.StateAsync(finished)).Outcome);
    }

    [Fact]
    public async Task History_ofARunningOrchestration_isKept_howeverOldItIs()
    {
        var (_, running) = await FinishedAndRunningAsync();

        await PurgeAsync(100 * Keep);

        Assert.Equal(OrchestrationRuntimeStatus.Running, (await _world.InstanceAsync(running)).RuntimeStatus);
        await _world.ApproveAsync(running);
        Assert.Equal(Outcome.Stable, (await _world.EndAsync(running)).Outcome);
    }

    [Fact]
    public async Task History_thatIsNotYetOldEnough_isKept()
    {
        var (finished, _) = await FinishedAndRunningAsync();

        Assert.Equal(0, await PurgeAsync(Keep - TimeSpan.FromHours(1)));

        Assert.Equal(OrchestrationRuntimeStatus.Completed, (await _world.InstanceAsync(finished)).RuntimeStatus);
    }

    [Fact]
    public async Task History_ofAnOrchestrationThatWasTerminated_isPurged()
    {
        var (_, running) = await FinishedAndRunningAsync();
        await _world.Client.TerminateInstanceAsync(running.ToString(), "by an operator", DurableWorld.Cancel);
        await _world.Client.WaitForInstanceCompletionAsync(running.ToString(), DurableWorld.Cancel);

        Assert.Equal(2, await PurgeAsync(Keep + TimeSpan.FromHours(1)));
    }

    private async Task<(ReleaseId Finished, ReleaseId Running)> FinishedAndRunningAsync()
    {
        var finished = await _world.ReleaseAsync("v1.0.0-base");
        var running = await _world.UploadAsync("v1.1.0-mlp");
        await _world.DriveAsync(running);
        await _world.UntilAsync(running, s => s.Stage is Stage.AwaitingApproval);
        return (finished.Id, running);
    }

    // The in-process host's histories are as old as the test: the purge comes so much later.
    private Task<int> PurgeAsync(TimeSpan later) =>
        _world.NewWatchdog(new FakeTimeProvider(TimeProvider.System.GetUtcNow() + later)).PurgeAsync(_world.Client, DurableWorld.Cancel);
}
