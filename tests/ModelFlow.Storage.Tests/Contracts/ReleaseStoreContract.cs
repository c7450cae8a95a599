using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;
using ModelFlow.Testing;

namespace ModelFlow.Storage.Tests.Contracts;

/// <summary>What every release store must do.</summary>
public abstract class ReleaseStoreContract
{
    private static readonly Sha256Digest AnyDigest = Sha256Digest.Of("x");

    protected ReleaseId Id { get; } = new(ModelName.Parse(Unique.Label("digits")), VersionName.Parse("v1.2.0-MLP"), 1);

    protected abstract IReleaseStore Store { get; }

    protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Load_of_nothing_is_null() => Assert.Null(await Store.LoadAsync(Id, Cancel));

    [Fact]
    public async Task Create_then_load_gives_it_back()
    {
        var (state, events) = Started(2);

        var created = Assert.IsType<CreateRelease.Created>(await Store.CreateAsync(state, events, Cancel));
        var loaded = (await Store.LoadAsync(Id, Cancel))!;

        Same.Json(state, created.Snapshot.State);
        Same.Json(state, loaded.State);
        Assert.Equal(created.Snapshot.Token, loaded.Token);
        Assert.Empty(loaded.Signals);
        Assert.Null(loaded.Result);
        Same.Json(events, await Store.ReadEventsAsync(Id, 0, Cancel).ToListAsync(Cancel));
    }

    [Fact]
    public async Task Create_twice_is_refused_and_changes_nothing()
    {
        var (state, events) = Started(1);
        await Store.CreateAsync(state, events, Cancel);

        Assert.IsType<CreateRelease.AlreadyExists>(await Store.CreateAsync(state with { StartedBy = "mallory" }, events, Cancel));

        Assert.Equal("alice", (await Store.LoadAsync(Id, Cancel))!.State.StartedBy);
    }

    [Fact]
    public async Task Create_by_racing_writers_lets_exactly_one_in()
    {
        var (state, events) = Started(1);

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 12).Select(i => Store.CreateAsync(state with { StartedBy = $"writer{i}" }, events, Cancel)));

        var winner = Assert.Single(outcomes.OfType<CreateRelease.Created>());
        Assert.Equal(winner.Snapshot.State.StartedBy, (await Store.LoadAsync(Id, Cancel))!.State.StartedBy);
    }

    [Fact]
    public async Task Save_replaces_state_appends_events_and_consumes_signals()
    {
        var read = await CreateAsync();
        await Store.AddSignalAsync(Id, Samples.Signal("s1"), Cancel);
        await Store.AddSignalAsync(Id, Samples.Signal("s2"), Cancel);
        read = (await Store.LoadAsync(Id, Cancel))!;

        var (next, events) = Follow(read.State, 3);
        var saved = Assert.IsType<SaveRelease.Saved>(await Store.SaveAsync(read, next, events, ["s1"], Cancel));

        Same.Json(next, saved.Snapshot.State);
        Assert.Empty(saved.Snapshot.Signals);
        Assert.Null(saved.Snapshot.Result);
        var loaded = (await Store.LoadAsync(Id, Cancel))!;
        Same.Json(next, loaded.State);
        Assert.Equal(saved.Snapshot.Token, loaded.Token);
        Assert.Equal("s2", Assert.Single(loaded.Signals).Id);
        Assert.Equal([1, 2, 3, 4], await Store.ReadEventsAsync(Id, 0, Cancel).Select(e => e.Seq).ToListAsync(Cancel));
        Assert.Equal([3, 4], await Store.ReadEventsAsync(Id, 2, Cancel).Select(e => e.Seq).ToListAsync(Cancel));
    }

    [Fact]
    public async Task Save_on_an_old_snapshot_writes_nothing()
    {
        var old = await CreateAsync();
        await Store.AddSignalAsync(Id, Samples.Signal("s1"), Cancel);
        var (first, firstEvents) = Follow(old.State, 1);
        Assert.IsType<SaveRelease.Saved>(await Store.SaveAsync(old, first, firstEvents, [], Cancel));

        var (second, secondEvents) = Follow(old.State with { StartedBy = "mallory" }, 2);
        Assert.IsType<SaveRelease.Conflict>(await Store.SaveAsync(old, second, secondEvents, ["s1"], Cancel));

        var loaded = (await Store.LoadAsync(Id, Cancel))!;
        Same.Json(first, loaded.State);
        Assert.Single(loaded.Signals);
        Assert.Equal(2, await Store.ReadEventsAsync(Id, 0, Cancel).CountAsync(Cancel));
    }

    [Fact]
    public async Task Save_of_a_release_that_does_not_exist_is_a_conflict()
    {
        var read = await CreateAsync();
        var other = Samples.State(Id with { Attempt = 2 });

        var (next, events) = Follow(other, 1);
        Assert.IsType<SaveRelease.Conflict>(await Store.SaveAsync(read with { State = other }, next, events, [], Cancel));

        Assert.Null(await Store.LoadAsync(other.Id, Cancel));
    }

    [Fact]
    public async Task Save_by_racing_writers_lets_exactly_one_through()
    {
        var read = await CreateAsync();

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 12).Select(i =>
        {
            var (next, events) = Follow(read.State, 2, $"writer {i}");
            return Store.SaveAsync(read, next with { Uploader = $"writer{i}" }, events, [], Cancel);
        }));

        var winner = Assert.Single(outcomes.OfType<SaveRelease.Saved>());
        Assert.Equal(winner.Snapshot.State.Uploader, (await Store.LoadAsync(Id, Cancel))!.State.Uploader);
        Assert.Equal(3, await Store.ReadEventsAsync(Id, 0, Cancel).CountAsync(Cancel));
    }

    [Fact]
    public async Task Save_takes_ninety_items()
    {
        var read = await CreateAsync();
        for (var i = 0; i < 20; i++)
        {
            await Store.AddSignalAsync(Id, Samples.Signal($"s{i:D2}"), Cancel);
        }

        var (next, events) = Follow(read.State, 70);
        Assert.IsType<SaveRelease.Saved>(await Store.SaveAsync(read, next, events, [.. Enumerable.Range(0, 20).Select(i => $"s{i:D2}")], Cancel));

        var loaded = (await Store.LoadAsync(Id, Cancel))!;
        Assert.Empty(loaded.Signals);
        Assert.Equal(Enumerable.Range(1, 71), await Store.ReadEventsAsync(Id, 0, Cancel).Select(e => e.Seq).ToListAsync(Cancel));
    }

    [Fact]
    public async Task Save_of_ninety_one_items_is_a_bug()
    {
        var read = await CreateAsync();
        var (next, events) = Follow(read.State, 91);

        await Assert.ThrowsAsync<ArgumentException>(() => Store.SaveAsync(read, next, events, [], Cancel));
    }

    [Fact]
    public async Task Save_of_events_that_leave_a_gap_is_a_bug()
    {
        var read = await CreateAsync();
        var (next, events) = Follow(read.State, 2);

        await Assert.ThrowsAsync<ArgumentException>(() => Store.SaveAsync(read, next, [events[1]], [], Cancel));
    }

    [Fact]
    public async Task Big_states_and_events_and_any_text_come_back_whole()
    {
        var read = await CreateAsync();
        var text = string.Concat(Enumerable.Repeat("Größe 模型 🚀 \u0001 \" \\ ", 8_000));
        var (next, events) = Follow(read.State, 2, text);
        next = next with { Failure = new Failure(Outcome.Rejected, "gate", text + text) };

        Assert.IsType<SaveRelease.Saved>(await Store.SaveAsync(read, next, events, [], Cancel));

        Same.Json(next, (await Store.LoadAsync(Id, Cancel))!.State);
        Assert.Equal(text, (await Store.ReadEventsAsync(Id, 2, Cancel).LastAsync(Cancel)).Message);
    }

    [Fact]
    public async Task A_state_that_shrank_is_read_without_the_rest_of_the_old_one()
    {
        var read = await CreateAsync();
        var (big, events) = Follow(read.State, 1);
        var saved = (SaveRelease.Saved)await Store.SaveAsync(read, big with { Failure = new Failure(Outcome.Failed, "x", new string('x', 300_000)) }, events, [], Cancel);

        var (small, more) = Follow(saved.Snapshot.State with { Failure = null }, 1);
        await Store.SaveAsync(saved.Snapshot, small, more, [], Cancel);

        Same.Json(small, (await Store.LoadAsync(Id, Cancel))!.State);
    }

    [Fact]
    public async Task Result_of_the_pending_command_is_stored_once()
    {
        var read = await PendAsync(1);

        var stored = Assert.IsType<StoreResult.Stored>(await Store.AddResultAsync(read, 1, new CommandResult.Registered(AnyDigest, "alice"), Cancel));

        Assert.Equal(new CommandResult.Registered(AnyDigest, "alice"), stored.Snapshot.Result);
        var loaded = (await Store.LoadAsync(Id, Cancel))!;
        Assert.Equal(new CommandResult.Registered(AnyDigest, "alice"), loaded.Result);
        Assert.Equal(stored.Snapshot.Token, loaded.Token);
        var again = Assert.IsType<StoreResult.AlreadyStored>(await Store.AddResultAsync(loaded, 1, new CommandResult.Faulted("late"), Cancel));
        Assert.Equal(new CommandResult.Registered(AnyDigest, "alice"), again.Result);
        again = Assert.IsType<StoreResult.AlreadyStored>(await Store.AddResultAsync(read, 1, new CommandResult.Faulted("late"), Cancel));
        Assert.Equal(new CommandResult.Registered(AnyDigest, "alice"), again.Result);
    }

    [Fact]
    public async Task Result_makes_older_snapshots_worthless()
    {
        var read = await PendAsync(1);
        await Store.AddResultAsync(read, 1, new CommandResult.TurnTaken(null, 0), Cancel);

        var (next, events) = Follow(read.State, 1);

        Assert.IsType<SaveRelease.Conflict>(await Store.SaveAsync(read, next, events, [], Cancel));
    }

    [Fact]
    public async Task Result_on_an_old_snapshot_is_not_stored()
    {
        var read = await PendAsync(1);
        var (next, events) = Follow(read.State, 1);
        var saved = (SaveRelease.Saved)await Store.SaveAsync(read, next, events, [], Cancel);

        Assert.IsType<StoreResult.Conflict>(await Store.AddResultAsync(read, 1, new CommandResult.TurnTaken(null, 0), Cancel));

        Assert.Null((await Store.LoadAsync(Id, Cancel))!.Result);
        Assert.Equal(saved.Snapshot.Token, (await Store.LoadAsync(Id, Cancel))!.Token);
    }

    [Fact]
    public async Task Result_by_racing_writers_counts_once()
    {
        var read = await PendAsync(1);

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Store.AddResultAsync(read, 1, new CommandResult.Faulted($"writer {i}"), Cancel)));

        var winner = Assert.Single(outcomes.OfType<StoreResult.Stored>()).Snapshot.Result;
        Assert.All(outcomes.OfType<StoreResult.AlreadyStored>(), o => Assert.Equal(winner, o.Result));
        Assert.Equal(winner, (await Store.LoadAsync(Id, Cancel))!.Result);
    }

    [Fact]
    public async Task Load_gives_the_result_of_the_pending_command_only()
    {
        var read = await PendAsync(1);
        var stored = (StoreResult.Stored)await Store.AddResultAsync(read, 1, new CommandResult.TurnTaken(null, 0), Cancel);
        var (next, events) = Follow(stored.Snapshot.State with { Pending = new PendingCommand(2, new Command.LoadVersion()), CommandSeq = 2 }, 1);
        var saved = (SaveRelease.Saved)await Store.SaveAsync(stored.Snapshot, next, events, [], Cancel);

        Assert.Null((await Store.LoadAsync(Id, Cancel))!.Result);

        var loaded = new CommandResult.Loaded(TimeSpan.FromSeconds(3)) { WarmUp = "warmed up" };
        await Store.AddResultAsync(saved.Snapshot, 2, loaded, Cancel);
        Assert.Equal(loaded, (await Store.LoadAsync(Id, Cancel))!.Result);
    }

    [Fact]
    public async Task Save_with_result_keeps_both_and_the_result_is_known_ever_after()
    {
        var read = await PendAsync(1);
        await Store.AddSignalAsync(Id, Samples.Signal("s1"), Cancel);
        var (next, events) = Follow(read.State with { Pending = new PendingCommand(2, new Command.LoadVersion()), CommandSeq = 2 }, 2);

        var saved = Assert.IsType<SaveRelease.Saved>(await Store.SaveWithResultAsync(read, new CommandResult.Faulted("first"), next, events, [], Cancel));

        var loaded = (await Store.LoadAsync(Id, Cancel))!;
        Same.Json(next, loaded.State);
        Assert.Null(loaded.Result); // The pending command is the next one.
        Assert.Single(loaded.Signals);
        Assert.Equal(saved.Snapshot.Token, loaded.Token);
        var again = Assert.IsType<StoreResult.AlreadyStored>(await Store.AddResultAsync(read, 1, new CommandResult.Faulted("late"), Cancel));
        Assert.Equal(new CommandResult.Faulted("first"), again.Result);
    }

    [Fact]
    public async Task Save_with_result_on_an_old_snapshot_writes_neither()
    {
        var read = await PendAsync(1);
        await Store.FenceAsync(Id, Cancel);
        var (next, events) = Follow(read.State with { Pending = null }, 1);

        Assert.IsType<SaveRelease.Conflict>(await Store.SaveWithResultAsync(read, new CommandResult.Faulted("x"), next, events, [], Cancel));

        var loaded = (await Store.LoadAsync(Id, Cancel))!;
        Same.Json(read.State, loaded.State);
        Assert.IsType<StoreResult.Stored>(await Store.AddResultAsync(loaded, 1, new CommandResult.Faulted("x"), Cancel));
    }

    [Fact]
    public async Task Save_with_result_of_no_command_is_a_bug()
    {
        var read = await CreateAsync();
        var (next, events) = Follow(read.State, 1);

        await Assert.ThrowsAsync<ArgumentException>(() => Store.SaveWithResultAsync(read, new CommandResult.Faulted("x"), next, events, [], Cancel));
    }

    [Fact]
    public async Task Load_finds_what_is_unread_in_a_release_with_a_long_past()
    {
        var snapshot = await CreateAsync();
        for (var seq = 1; seq <= 40; seq++)
        {
            var (pending, events) = Follow(snapshot.State with { Pending = new PendingCommand(seq, new Command.TakeTurn(Supersede: false)), CommandSeq = seq }, 20);
            snapshot = ((SaveRelease.Saved)await Store.SaveAsync(snapshot, pending, events, [], Cancel)).Snapshot;
            snapshot = ((StoreResult.Stored)await Store.AddResultAsync(snapshot, seq, new CommandResult.TurnBusy($"no {seq}"), Cancel)).Snapshot;
        }

        await Store.AddSignalAsync(Id, Samples.Signal("zz"), Cancel);

        var loaded = (await Store.LoadAsync(Id, Cancel))!;
        Assert.Equal(801, loaded.State.EventCount);
        Assert.Equal(new CommandResult.TurnBusy("no 40"), loaded.Result);
        Assert.Single(loaded.Signals);
        Assert.Equal(Enumerable.Range(1, 801), await Store.ReadEventsAsync(Id, 0, Cancel).Select(e => e.Seq).ToListAsync(Cancel));
    }

    [Fact]
    public async Task Signals_come_in_order_of_time_then_id()
    {
        await CreateAsync();
        await Store.AddSignalAsync(Id, Samples.Signal("b", Samples.Now), Cancel);
        await Store.AddSignalAsync(Id, Samples.Signal("z", Samples.Now.AddSeconds(-1)), Cancel);
        await Store.AddSignalAsync(Id, Samples.Signal("a", Samples.Now), Cancel);

        Assert.Equal("z a b", string.Join(' ', (await Store.LoadAsync(Id, Cancel))!.Signals.Select(s => s.Id)));
    }

    [Fact]
    public async Task Signal_with_a_known_id_changes_nothing()
    {
        await CreateAsync();
        Assert.IsType<AddSignal.Added>(await Store.AddSignalAsync(Id, Samples.Signal("s1"), Cancel));

        Assert.IsType<AddSignal.AlreadyAdded>(await Store.AddSignalAsync(Id, Samples.Signal("s1") with { Kind = SignalKind.Abort }, Cancel));

        Assert.Equal(SignalKind.Approve, Assert.Single((await Store.LoadAsync(Id, Cancel))!.Signals).Kind);
    }

    [Fact]
    public async Task Signal_that_was_consumed_stays_known()
    {
        var read = await CreateAsync();
        await Store.AddSignalAsync(Id, Samples.Signal("s1"), Cancel);
        var (next, events) = Follow(read.State, 1);
        await Store.SaveAsync(read, next, events, ["s1"], Cancel);

        Assert.IsType<AddSignal.AlreadyAdded>(await Store.AddSignalAsync(Id, Samples.Signal("s1"), Cancel));

        Assert.Empty((await Store.LoadAsync(Id, Cancel))!.Signals);
    }

    [Fact]
    public async Task Signal_leaves_snapshots_valid()
    {
        var read = await CreateAsync();
        await Store.AddSignalAsync(Id, Samples.Signal("s1"), Cancel);

        var (next, events) = Follow(read.State, 1);

        Assert.IsType<SaveRelease.Saved>(await Store.SaveAsync(read, next, events, [], Cancel));
        Assert.Single((await Store.LoadAsync(Id, Cancel))!.Signals);
    }

    [Fact]
    public async Task Signal_to_nobody_is_not_found() =>
        Assert.IsType<AddSignal.NotFound>(await Store.AddSignalAsync(Id, Samples.Signal("s1"), Cancel));

    [Fact]
    public async Task Signal_to_an_ended_release_says_how_it_ended()
    {
        var read = await CreateAsync();
        var (next, events) = Follow(read.State with { Stage = new Stage.Ended(Outcome.RolledBack, "slow") }, 1);
        await Store.SaveAsync(read, next, events, [], Cancel);

        var over = Assert.IsType<AddSignal.Over>(await Store.AddSignalAsync(Id, Samples.Signal("s1"), Cancel));

        Assert.Equal(Outcome.RolledBack, over.Outcome);
        Assert.Empty((await Store.LoadAsync(Id, Cancel))!.Signals);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a/b")]
    [InlineData("a b")]
    [InlineData("ä")]
    public async Task Signal_with_an_illegal_id_is_a_bug(string id)
    {
        await CreateAsync();

        await Assert.ThrowsAsync<ArgumentException>(() => Store.AddSignalAsync(Id, Samples.Signal(id), Cancel));
    }

    [Fact]
    public async Task Fence_makes_every_older_snapshot_worthless_and_changes_nothing()
    {
        var read = await PendAsync(1);
        Assert.True(await Store.FenceAsync(Id, Cancel));

        var (next, events) = Follow(read.State, 1);
        Assert.IsType<SaveRelease.Conflict>(await Store.SaveAsync(read, next, events, [], Cancel));
        Assert.IsType<StoreResult.Conflict>(await Store.AddResultAsync(read, 1, new CommandResult.TurnTaken(null, 0), Cancel));

        var fresh = (await Store.LoadAsync(Id, Cancel))!;
        Same.Json(read.State, fresh.State);
        Assert.IsType<SaveRelease.Saved>(await Store.SaveAsync(fresh, next, events, [], Cancel));
    }

    [Fact]
    public async Task Fence_of_nothing_is_false() => Assert.False(await Store.FenceAsync(Id, Cancel));

    [Fact]
    public async Task Releases_do_not_see_each_other()
    {
        await CreateAsync();
        var other = Samples.State(Id with { Attempt = 11 });
        await Store.CreateAsync(other, [], Cancel);

        await Store.AddSignalAsync(other.Id, Samples.Signal("s1"), Cancel);

        Assert.Empty((await Store.LoadAsync(Id, Cancel))!.Signals);
        Assert.Equal(other.Id, (await Store.LoadAsync(other.Id, Cancel))!.State.Id);
    }

    protected (ReleaseState State, IReadOnlyList<ReleaseEvent> Events) Started(int events) => Follow(Samples.State(Id), events);

    protected static (ReleaseState State, IReadOnlyList<ReleaseEvent> Events) Follow(ReleaseState state, int count, string message = "It went on.")
    {
        var events = Samples.Events(state, count, message);
        return (Samples.After(state, events), events);
    }

    protected async Task<ReleaseSnapshot> CreateAsync()
    {
        var (state, events) = Started(1);
        return ((CreateRelease.Created)await Store.CreateAsync(state, events, Cancel)).Snapshot;
    }

    protected async Task<ReleaseSnapshot> PendAsync(int seq)
    {
        var read = await CreateAsync();
        var (next, events) = Follow(read.State with { Pending = new PendingCommand(seq, new Command.TakeTurn(Supersede: false)), CommandSeq = seq }, 1);
        return ((SaveRelease.Saved)await Store.SaveAsync(read, next, events, [], Cancel)).Snapshot;
    }
}
