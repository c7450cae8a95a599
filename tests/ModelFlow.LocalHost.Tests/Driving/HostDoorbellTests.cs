using Microsoft.Extensions.Logging.Abstractions;
using ModelFlow.Core.Naming;
using ModelFlow.LocalHost.Driving;

namespace ModelFlow.LocalHost.Tests.Driving;

/// <summary>A ring goes to the drivers in this process, or is left for the active host.</summary>
public sealed class HostDoorbellTests : IAsyncLifetime
{
    private static readonly ReleaseId A = ReleaseId.Parse("digits-v1.0.0-base-1");
    private static readonly ReleaseId B = ReleaseId.Parse("digits-v1.1.0-mlp-1");
    private readonly RingRowsInMemory _rows = new();
    private readonly HostDoorbell _bell;

    public HostDoorbellTests() => _bell = new HostDoorbell(_rows, NullLogger<HostDoorbell>.Instance);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => await _bell.StartAsync(Cancel);

    public async ValueTask DisposeAsync()
    {
        await _bell.StopAsync(CancellationToken.None);
        _bell.Dispose();
    }

    [Fact]
    public async Task Ring_that_the_drivers_here_take_is_left_for_nobody()
    {
        var rung = new List<ReleaseId>();
        _bell.Drivers = id => { rung.Add(id); return id == A; };

        _bell.Ring(A);
        _bell.Ring(B);

        // What is left is left in order: when the second one is there, the first would be.
        await LeftAsync(1);
        Assert.Equal([A, B], rung);
        Assert.Equal([B], _rows.Left);
    }

    [Fact]
    public async Task Ring_on_a_host_that_stands_by_is_left_for_the_active_one()
    {
        _bell.Ring(A);
        _bell.Ring(B);

        await LeftAsync(2);
        Assert.Equal([A, B], _rows.Left);
    }

    [Fact]
    public async Task Ring_after_the_drivers_have_gone_is_left()
    {
        _bell.Drivers = _ => true;
        _bell.Ring(A);
        _bell.Drivers = null;
        _bell.Ring(B);

        await LeftAsync(1);
        Assert.Equal([B], _rows.Left);
    }

    [Fact]
    public async Task Ring_that_cannot_be_left_is_lost_and_the_next_one_is_not()
    {
        _rows.Before = (id, _) => id == A ? throw new IOException("out of order") : Task.CompletedTask;

        _bell.Ring(A);
        _bell.Ring(B);

        await LeftAsync(1);
        Assert.Equal([B], _rows.Left);
    }

    /// <summary>The storage client's own time limit ends in a cancellation that nobody asked for; it ended the service, and with it the host.</summary>
    [Fact]
    public async Task Storage_that_takes_too_long_costs_one_ring_and_not_the_service()
    {
        _rows.Before = (id, _) => id == A ? throw new TaskCanceledException("The storage took too long.") : Task.CompletedTask;

        _bell.Ring(A);
        _bell.Ring(B);

        await LeftAsync(1);
        Assert.Equal([B], _rows.Left);
        Assert.False(_bell.ExecuteTask!.IsCompleted);
    }

    [Fact]
    public async Task Storage_that_hangs_holds_up_nobody_who_rings()
    {
        var hanging = new Gate();
        _rows.Before = (_, cancel) => hanging.PassAsync(cancel);
        _bell.Ring(A);
        await hanging.Reached;

        for (var i = 0; i < 20_000; i++)
        {
            _bell.Ring(B);
        }

        hanging.Open();
        await LeftAsync(1 + 10_000);
    }

    [Fact]
    public async Task Stopping_does_not_wait_for_a_storage_that_hangs()
    {
        var hanging = new Gate();
        _rows.Before = (_, cancel) => hanging.PassAsync(cancel);
        _bell.Ring(A);
        await hanging.Reached;

        await _bell.StopAsync(Cancel).WaitAsync(TimeSpan.FromSeconds(20), Cancel);

        Assert.Empty(_rows.Left);
    }

    private Task LeftAsync(int rings) => DrivingBench.UntilAsync(() => Task.FromResult(_rows.Left.Count >= rings));
}
