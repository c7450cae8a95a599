using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;
using ModelFlow.Core.Traffic;
using ModelFlow.LocalHost.Driving;

namespace ModelFlow.LocalHost.Tests.Driving;

/// <summary>What a host that takes over does first: whatever another one has read is worth nothing from then on.</summary>
public sealed class FenceTests : IAsyncLifetime
{
    private DrivingBench _bench = null!; // Set by InitializeAsync.

    private IRouteStore Routes => _bench.World.Get<IRouteStore>();

    private Fence Fence => new(_bench.Index, _bench.Releases, Routes);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _bench = await DrivingBench.CreateAsync();

    public ValueTask DisposeAsync() => _bench.DisposeAsync();

    [Fact]
    public async Task Nothing_there_is_nothing_to_fence()
    {
        Assert.Equal((0, 0), await Fence.RaiseAsync(Cancel));
    }

    [Fact]
    public async Task Every_running_release_and_every_route_is_fenced_and_no_other()
    {
        var ended = new List<ReleaseId>();
        foreach (var i in Enumerable.Range(0, 3))
        {
            ended.Add(await _bench.StartAsync($"ended-{i}"));
            await _bench.World.RunAsync(ended[^1]);
        }

        var running = new List<ReleaseId>();
        foreach (var i in Enumerable.Range(0, 20))
        {
            running.Add(await _bench.StartAsync($"running-{i}"));
        }

        Assert.Equal((20, 3), await Fence.RaiseAsync(Cancel));

        Assert.Equal(
            running.Select(r => r.ToString()).Order(StringComparer.Ordinal),
            _bench.Releases.Calls.Where(c => c.Call == "fence").Select(c => c.Release.ToString()).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task What_was_read_before_writes_nothing()
    {
        var id = await _bench.StartAsync("digits");
        var advanced = await _bench.World.Engine.AdvanceAsync(id, Cancel);
        var read = advanced!.Snapshot;
        var pending = read.State.Pending!; // The first decision of a new release is to register it.
        var before = await _bench.ReadAsync(id);

        Assert.Equal((1, 0), await Fence.RaiseAsync(Cancel));

        Assert.IsType<SaveRelease.Conflict>(await _bench.Releases.SaveAsync(read, read.State, [], [], Cancel));
        Assert.IsType<StoreResult.Conflict>(await _bench.Releases.AddResultAsync(read, pending.Seq, new CommandResult.Faulted("late"), Cancel));
        Assert.Equal(before, await _bench.ReadAsync(id));
    }

    [Fact]
    public async Task Route_that_was_read_before_is_neither_changed_nor_is_its_history()
    {
        var model = ModelName.Parse("digits");
        await _bench.World.RunAsync(await _bench.StartAsync("digits"));
        var read = (await Routes.GetAsync(model, Cancel))!;

        Assert.Equal((0, 1), await Fence.RaiseAsync(Cancel));

        var next = read.Route with { Generation = read.Route.Generation + 1, Cause = "late" };
        Assert.IsType<ChangeRoute.Conflict>(await Routes.ChangeAsync(read, next, leaseUntil: null, Cancel));
        Assert.Equal(read.Route, (await Routes.GetAsync(model, Cancel))!.Route);
        Assert.Null(await Routes.GetGenerationAsync(model, next.Generation, Cancel));
    }

    [Fact]
    public async Task Announced_release_that_does_not_exist_is_not_counted_and_not_made()
    {
        var creation = new Gate();
        _bench.Releases.Before = (call, _) => call == "create" ? creation.PassAsync(Cancel) : Task.CompletedTask;
        var creating = _bench.StartAsync("digits");
        await creation.Reached;

        Assert.Equal((0, 0), await Fence.RaiseAsync(Cancel));

        creation.Open();
        Assert.Equal(1, (await _bench.FindAsync(await creating))!.EventCount);
    }

    [Fact]
    public async Task Fence_that_cannot_be_raised_for_one_release_is_not_raised()
    {
        await _bench.StartAsync("model-a");
        var sick = await _bench.StartAsync("model-b");
        _bench.Releases.Before = (_, id) => id == sick ? throw new IOException("out of order") : Task.CompletedTask;

        await Assert.ThrowsAsync<IOException>(() => Fence.RaiseAsync(Cancel));
    }

    [Fact]
    public async Task Term_that_ends_ends_the_fencing()
    {
        using var term = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        await _bench.StartAsync("digits");
        var hanging = new Gate();
        _bench.Releases.Before = (_, _) => hanging.PassAsync(term.Token);

        var raising = Fence.RaiseAsync(term.Token);
        await hanging.Reached;
        await term.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => raising);
    }

    /// <summary>
    /// The whole of it: one host is frozen with a write in hand, the next one takes over and goes on, and what the first one had in
    /// hand comes out.
    /// </summary>
    [Theory]
    [InlineData("save")]
    [InlineData("result")]
    public async Task Write_that_a_frozen_host_had_in_hand_changes_nothing(string write)
    {
        var id = await _bench.StartAsync("digits");
        var frozen = _bench.AddHost();
        var inHand = new Gate();
        frozen.Releases.Before = (call, _) => call == write ? inHand.PassAsync() : Task.CompletedTask;
        frozen.Begin(validFor: TimeSpan.FromSeconds(4));
        await inHand.Reached;
        frozen.Releases.Before = (call, _) => call is "save" or "result" && inHand.Reached.IsCompleted ? throw new InvalidOperationException("held back by the lease guard") : Task.CompletedTask;
        _bench.Time.Advance(TimeSpan.FromSeconds(5));

        await Fence.RaiseAsync(Cancel);
        var next = _bench.AddHost();
        next.Begin(epoch: 2);
        await _bench.UntilStageAsync(id, "awaitingApproval");
        var before = await _bench.ReadAsync(id);
        inHand.Open();
        await DrivingBench.UntilAsync(() =>
        {
            _bench.Time.Advance(TimeSpan.FromSeconds(1)); // It waits before it tries again, and finds its term over then.
            return Task.FromResult(frozen.Drivers.Count == 0);
        });

        Assert.Equal(before, await _bench.ReadAsync(id));
        await _bench.ApproveAsync(id, "ann");
        await _bench.ApproveAsync(id, "bob");
        next.Drivers.TryRing(id);
        await _bench.UntilStageAsync(id, "ended");
        var events = await _bench.Releases.ReadEventsAsync(id, 0, Cancel).ToListAsync(Cancel);
        Assert.Null(ReleaseEvents.Verify(events, (await _bench.FindAsync(id))!));
        Assert.Equal("promoted", Assert.Single(events, e => e.Kind == "promoted").Kind);
        Assert.Equal(1, (await Routes.GetAsync(id.Model, Cancel))!.Route.Generation);
    }
}
