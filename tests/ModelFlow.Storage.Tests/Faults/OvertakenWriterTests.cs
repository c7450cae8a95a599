using Microsoft.Extensions.DependencyInjection;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;
using ModelFlow.Storage.Tests.Azurite;
using ModelFlow.Storage.Tests.Contracts;
using ModelFlow.Testing;
using ModelFlow.Testing.Azurite;
using ModelFlow.Testing.Faults;

namespace ModelFlow.Storage.Tests.Faults;

/// <summary>A writer whose answer was lost, and what others did before it tried again: it learns the truth and gets no right it lost.</summary>
public sealed class OvertakenWriterTests(AzuriteFixture azurite) : IDisposable
{
    private readonly FaultInjectingTransport _faults = new();
    private readonly ReleaseId _id = new(ModelName.Parse(Unique.Label("digits")), VersionName.Parse("v1.0.0"), 1);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _faults.Dispose();

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public async Task Fence_between_save_and_retry_leaves_the_save_and_a_worthless_snapshot(int retries)
    {
        var (mine, others) = await StoresAsync<IReleaseStore>(retries);
        var read = await CreateAsync(mine);
        _faults.Arm(StorageFault.LostAnswer, 1);
        _faults.Meanwhile = () => others.FenceAsync(_id, Cancel);

        var events = Samples.Events(read.State, 1);
        var saved = Assert.IsType<SaveRelease.Saved>(await mine.SaveAsync(read, Samples.After(read.State, events), events, [], Cancel));

        var more = Samples.Events(saved.Snapshot.State, 1);
        Assert.IsType<SaveRelease.Conflict>(await mine.SaveAsync(saved.Snapshot, Samples.After(saved.Snapshot.State, more), more, [], Cancel));
        Assert.IsType<StoreResult.Conflict>(await mine.AddResultAsync(saved.Snapshot, 1, new CommandResult.Faulted("x"), Cancel));
        Assert.Equal(2, (await others.LoadAsync(_id, Cancel))!.State.EventCount);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public async Task Save_of_another_between_save_and_retry_leaves_both(int retries)
    {
        var (mine, others) = await StoresAsync<IReleaseStore>(retries);
        var read = await CreateAsync(mine);
        _faults.Arm(StorageFault.LostAnswer, 1);
        _faults.Meanwhile = async () =>
        {
            var now = (await others.LoadAsync(_id, Cancel))!;
            var theirs = Samples.Events(now.State, 1);
            Assert.IsType<SaveRelease.Saved>(await others.SaveAsync(now, Samples.After(now.State, theirs), theirs, [], Cancel));
        };

        var events = Samples.Events(read.State, 1);
        var saved = Assert.IsType<SaveRelease.Saved>(await mine.SaveAsync(read, Samples.After(read.State, events), events, [], Cancel));

        var more = Samples.Events(saved.Snapshot.State, 1);
        Assert.IsType<SaveRelease.Conflict>(await mine.SaveAsync(saved.Snapshot, Samples.After(saved.Snapshot.State, more), more, [], Cancel));
        Assert.Equal(3, (await others.LoadAsync(_id, Cancel))!.State.EventCount);
    }

    [Fact]
    public async Task Result_that_was_stored_and_taken_in_meanwhile_is_stored()
    {
        var (mine, others) = await StoresAsync<IReleaseStore>(3);
        var read = await CreateAsync(mine);
        read = ((SaveRelease.Saved)await mine.SaveAsync(read, read.State with { Pending = new PendingCommand(1, new Command.LoadVersion()), CommandSeq = 1 }, [], [], Cancel)).Snapshot;
        _faults.Arm(StorageFault.LostAnswer, 1);
        _faults.Meanwhile = () => others.FenceAsync(_id, Cancel);

        var stored = Assert.IsType<StoreResult.Stored>(await mine.AddResultAsync(read, 1, new CommandResult.Faulted("x"), Cancel));

        Assert.IsType<SaveRelease.Conflict>(await mine.SaveAsync(stored.Snapshot, stored.Snapshot.State, [], [], Cancel));
        Assert.Equal(new CommandResult.Faulted("x"), (await others.LoadAsync(_id, Cancel))!.Result);
    }

    [Fact]
    public async Task Fence_between_a_change_of_route_and_its_retry_leaves_a_worthless_route()
    {
        var (mine, others) = await StoresAsync<IRouteStore>(3);
        var read = ((ChangeRoute.Changed)await mine.ChangeAsync(null, Samples.Route(_id.Model, 1), null, Cancel)).Current;
        _faults.Arm(StorageFault.LostAnswer, 1);
        _faults.Meanwhile = () => others.FenceAsync(_id.Model, Cancel);

        var changed = Assert.IsType<ChangeRoute.Changed>(await mine.ChangeAsync(read, Samples.Route(_id.Model, 2), null, Cancel));

        Assert.IsType<ChangeRoute.Conflict>(await mine.ChangeAsync(changed.Current, Samples.Route(_id.Model, 3), null, Cancel));
        Assert.Equal(2, (await others.GetAsync(_id.Model, Cancel))!.Route.Generation);
    }

    [Fact]
    public async Task Same_change_by_another_writer_is_no_own_success()
    {
        var (mine, others) = await StoresAsync<IRouteStore>(0);
        var read = ((ChangeRoute.Changed)await mine.ChangeAsync(null, Samples.Route(_id.Model, 1), null, Cancel)).Current;
        Assert.IsType<ChangeRoute.Changed>(await others.ChangeAsync(read, Samples.Route(_id.Model, 2), null, Cancel));

        Assert.IsType<ChangeRoute.Conflict>(await mine.ChangeAsync(read, Samples.Route(_id.Model, 2), null, Cancel));
    }

    private async Task<ReleaseSnapshot> CreateAsync(IReleaseStore store)
    {
        var events = Samples.Events(Samples.State(_id), 1);
        return ((CreateRelease.Created)await store.CreateAsync(Samples.After(Samples.State(_id), events), events, Cancel)).Snapshot;
    }

    private async Task<(T Mine, T Others)> StoresAsync<T>(int retries)
        where T : notnull
    {
        var shared = await StorageHarness.ProviderAsync(azurite);
        var mine = StorageHarness.Build(azurite.ConnectionString, o =>
        {
            o.Transport = _faults;
            o.Retries = retries;
            o.RetryDelay = TimeSpan.FromMilliseconds(1);
        });
        return (mine.GetRequiredService<T>(), shared.GetRequiredService<T>());
    }
}
