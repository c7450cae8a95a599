using Microsoft.Extensions.DependencyInjection;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;
using ModelFlow.Storage.Tests.Azurite;
using ModelFlow.Storage.Tests.Contracts;
using ModelFlow.Testing;
using ModelFlow.Testing.Azurite;
using ModelFlow.Testing.Faults;

namespace ModelFlow.Storage.Tests.Releases;

/// <summary>What a release costs: requests are money and time on Azure.</summary>
public sealed class RequestCountTests(AzuriteFixture azurite)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_step_of_a_release_is_one_request()
    {
        await StorageHarness.ProviderAsync(azurite);
        using var calls = new FaultInjectingTransport();
        var provider = StorageHarness.Build(azurite.ConnectionString, o => o.Transport = calls);
        var releases = provider.GetRequiredService<IReleaseStore>();
        var index = provider.GetRequiredService<IReleaseIndex>();
        var state = Samples.State(new ReleaseId(ModelName.Parse(Unique.Label("digits")), VersionName.Parse("v1.0.0"), 1));

        async Task<T> CountAsync<T>(int expected, Task<T> call)
        {
            var result = await call;
            Assert.Equal(expected, calls.CallCount);
            calls.Reset();
            return result;
        }

        async Task<bool> True(Task call)
        {
            await call;
            return true;
        }

        await CountAsync(1, True(index.PutAsync(ReleaseSummary.Of(state), Cancel)));
        var created = (CreateRelease.Created)await CountAsync(1, releases.CreateAsync(state, [], Cancel));
        var read = (await CountAsync(1, releases.LoadAsync(state.Id, Cancel)))!;
        var events = Samples.Events(read.State, 3);
        var next = Samples.After(read.State, events) with { Pending = new PendingCommand(1, new Command.LoadVersion()), CommandSeq = 1 };
        var saved = (SaveRelease.Saved)await CountAsync(1, releases.SaveAsync(read, next, events, [], Cancel));
        await CountAsync(1, releases.AddResultAsync(saved.Snapshot, 1, new CommandResult.Faulted("x"), Cancel));
        var pending = (await CountAsync(1, releases.LoadAsync(state.Id, Cancel)))!;
        var more = Samples.Events(pending.State, 2);
        await CountAsync(1, releases.SaveAsync(pending, Samples.After(pending.State, more) with { Pending = new PendingCommand(2, new Command.LoadVersion()), CommandSeq = 2 }, more, [], Cancel));
        pending = (await CountAsync(1, releases.LoadAsync(state.Id, Cancel)))!;
        more = Samples.Events(pending.State, 1);
        await CountAsync(1, releases.SaveWithResultAsync(pending, new CommandResult.Faulted("x"), Samples.After(pending.State, more) with { Pending = null }, more, [], Cancel));
        await CountAsync(2, releases.AddSignalAsync(state.Id, Samples.Signal("s"), Cancel));
        await CountAsync(1, releases.FenceAsync(state.Id, Cancel));
        await CountAsync(1, True(index.PutAsync(ReleaseSummary.Of(next with { Stage = new Stage.Ended(Outcome.Stable, "x") }), Cancel)));
        Assert.NotNull(created);
    }
}
