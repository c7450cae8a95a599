using Microsoft.Extensions.DependencyInjection;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Notifications;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;
using ModelFlow.Orchestration.Notifications;
using ModelFlow.Testing.InMemory;
using ModelFlow.Testing.World;

namespace ModelFlow.Orchestration.Tests.Notifications;

public sealed class OutboxTests : IAsyncLifetime
{
    private readonly InMemoryStores _stores = new();
    private readonly FaultyDeliveryStore _deliveries = new();
    private readonly SimulatedWorld _world;

    public OutboxTests() => _world = new SimulatedWorld(s =>
    {
        _stores.AddTo(s);
        s.AddSingleton<IDeliveryStore>(_deliveries);
    });

    public async ValueTask InitializeAsync() => await _world.SetPolicyAsync();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task Every_event_of_a_release_is_entered_once_for_who_wants_it()
    {
        await SubscribeAsync("all");
        await SubscribeAsync("ends", events: "ended");
        await SubscribeAsync("others", models: "faces");

        var id = await UploadAsync("v1.0.0-base");
        var state = await _world.RunAsync(id);

        Assert.Equal(Enumerable.Range(1, state.EventCount).Select(n => $"{id}.{n}"), await IdsAsync("all"));
        Assert.Equal([$"{id}.{state.EventCount}"], await IdsAsync("ends"));
        Assert.Empty(await IdsAsync("others"));
    }

    [Fact]
    public async Task Storage_that_fails_for_a_while_holds_up_no_release_and_loses_no_event()
    {
        await SubscribeAsync("all");
        _deliveries.IsDown = true;
        var id = await UploadAsync("v1.0.0-base");

        await _world.RunAsync(id, s => s.Stage is Stage.AwaitingApproval, approve: false);
        Assert.Empty(await IdsAsync("all"));
        _deliveries.IsDown = false;
        await _world.Get<Outbox>().SweepAsync(CancellationToken.None);

        var state = (await _world.Get<IReleaseStore>().LoadAsync(id, CancellationToken.None))!.State;
        Assert.Equal(state.EventCount, (await IdsAsync("all")).Count);
    }

    [Fact]
    public async Task Release_that_has_ended_stays_among_the_running_ones_until_its_last_events_are_entered()
    {
        await SubscribeAsync("all");
        var id = await UploadAsync("v1.0.0-base");
        await _world.RunAsync(id, s => s is { Stage: Stage.Promoting, Pending: not null });
        _deliveries.IsDown = true;

        await Assert.ThrowsAsync<StorageException>(() => _world.RunAsync(id));
        var running = await _world.Get<IReleaseIndex>().ListRunningAsync(CancellationToken.None).ToListAsync(TestContext.Current.CancellationToken);
        _deliveries.IsDown = false;
        var state = await _world.RunAsync(id);

        Assert.Equal([id], running);
        Assert.Empty(await _world.Get<IReleaseIndex>().ListRunningAsync(CancellationToken.None).ToListAsync(TestContext.Current.CancellationToken));
        Assert.Equal((Outcome.Stable, state.EventCount), (state.Outcome, (await IdsAsync("all")).Count));
    }

    [Fact]
    public async Task Subscription_is_told_of_nothing_that_happened_before_it_was_made()
    {
        var id = await UploadAsync("v1.0.0-base");
        await _world.RunAsync(id, s => s.Stage is Stage.AwaitingApproval, approve: false);
        _world.Time.Advance(TimeSpan.FromMinutes(1));
        var before = (await _world.Get<IReleaseStore>().LoadAsync(id, CancellationToken.None))!.State.EventCount;

        await SubscribeAsync("late");
        var state = await _world.RunAsync(id);

        Assert.Equal(Enumerable.Range(before + 1, state.EventCount - before).Select(n => $"{id}.{n}"), await IdsAsync("late"));
    }

    private async Task SubscribeAsync(string name, string models = "*", params string[] events)
    {
        await _world.Get<ISubscriptionStore>().AddAsync(
            new Subscription { Name = name, Shown = "", Address = "", Keys = [], Models = models, Events = events, CreatedBy = "alice", CreatedAt = _world.Time.GetUtcNow() },
            CancellationToken.None);
        _world.Time.Advance(TimeSpan.FromSeconds(6)); // Lists of subscriptions are trusted for some seconds.
    }

    private async Task<IReadOnlyList<string>> IdsAsync(string subscription) =>
        [.. (await _deliveries.Inner.ListAsync(subscription, 500, null, CancellationToken.None)).Items.Select(d => d.Id).OrderBy(i => int.Parse(i.Split('.')[^1]))];

    private async Task<ReleaseId> UploadAsync(string version) =>
        (await _world.UploadAsync((path, content) => _stores.PutIncomingAsync(path, content), "digits", version))!.Value;

    private sealed class FaultyDeliveryStore : IDeliveryStore
    {
        public InMemoryDeliveryStore Inner { get; } = new();

        public bool IsDown { get; set; }

        public Task EnterAsync(string subscription, IReadOnlyList<Delivery> deliveries, CancellationToken cancellationToken) =>
            IsDown ? throw new StorageException("down") { IsTransient = true } : Inner.EnterAsync(subscription, deliveries, cancellationToken);

        public Task<IReadOnlyList<Delivery>> DueAsync(string subscription, DateTimeOffset now, int count, CancellationToken cancellationToken) => Inner.DueAsync(subscription, now, count, cancellationToken);

        public Task<bool> ReplaceAsync(string subscription, Delivery read, Delivery next, CancellationToken cancellationToken) => Inner.ReplaceAsync(subscription, read, next, cancellationToken);

        public Task<Delivery?> FindAsync(string subscription, string id, CancellationToken cancellationToken) => Inner.FindAsync(subscription, id, cancellationToken);

        public Task<Page<Delivery>> ListAsync(string subscription, int pageSize, string? continuation, CancellationToken cancellationToken) => Inner.ListAsync(subscription, pageSize, continuation, cancellationToken);

        public Task PruneAsync(string subscription, DateTimeOffset before, CancellationToken cancellationToken) => Inner.PruneAsync(subscription, before, cancellationToken);

        public Task RemoveAllAsync(string subscription, CancellationToken cancellationToken) => Inner.RemoveAllAsync(subscription, cancellationToken);

        public Task<int> ReadCursorAsync(ReleaseId release, CancellationToken cancellationToken) => Inner.ReadCursorAsync(release, cancellationToken);

        public Task MoveCursorAsync(ReleaseId release, int seq, CancellationToken cancellationToken) => Inner.MoveCursorAsync(release, seq, cancellationToken);
    }
}
