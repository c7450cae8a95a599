using Microsoft.Extensions.DependencyInjection;
using ModelFlow.Core.Ports;
using ModelFlow.Storage.Tests.Azurite;
using ModelFlow.Testing.Azurite;
using ModelFlow.Testing.Faults;

namespace ModelFlow.Storage.Tests.Faults;

/// <summary>Breaks every storage call of every port's operations, one at a time: the answer is the true one, or an error after which the same call again puts all right.</summary>
public sealed class FaultTests(AzuriteFixture azurite)
{
    private static readonly StorageFault[] Faults = Enum.GetValues<StorageFault>();

    public static TheoryData<string> Operations => [.. FaultyOperation.All.Select(o => o.Name)];

    [Theory]
    [MemberData(nameof(Operations))]
    public async Task Lost_answer_that_the_sdk_tries_again_is_answered_truly(string name) => await RunAsync(name, retries: 3, [StorageFault.LostAnswer]);

    [Theory]
    [MemberData(nameof(Operations))]
    [Trait("Speed", "Slow")]
    public async Task Every_fault_without_retries_ends_well(string name) => await RunAsync(name, retries: 0, Faults);

    [Fact]
    public async Task Storage_that_does_not_answer_is_a_transient_storage_exception()
    {
        using var faults = new FaultInjectingTransport();
        var store = (await BuildAsync(faults, retries: 1)).GetRequiredService<IReleaseStore>();

        faults.Arm(StorageFault.NoAnswer, call: 1, times: 1_000);
        var e = await Assert.ThrowsAsync<StorageException>(() => store.LoadAsync(Core.Naming.ReleaseId.Parse("digits-v1.0.0-1"), TestContext.Current.CancellationToken));

        Assert.True(e.IsTransient);
        Assert.Equal(2, faults.Fired);
    }

    [Fact]
    public async Task Cancelled_call_is_cancelled_and_no_storage_failure()
    {
        using var faults = new FaultInjectingTransport();
        var store = (await BuildAsync(faults, retries: 1)).GetRequiredService<IReleaseStore>();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => store.LoadAsync(Core.Naming.ReleaseId.Parse("digits-v1.0.0-1"), new CancellationToken(canceled: true)));
    }

    private async Task RunAsync(string name, int retries, StorageFault[] kinds)
    {
        var operation = FaultyOperation.All.Single(o => o.Name == name);
        using var faults = new FaultInjectingTransport();
        var provider = await BuildAsync(faults, retries);

        var clean = await operation.PrepareAsync(provider);
        faults.Reset();
        Assert.Equal(clean.Expected, await clean.ActAsync());
        var calls = faults.CallCount;
        Assert.Equal(clean.Observed, await clean.ObserveAsync());
        Assert.True(calls > 0, "the operation makes no call");

        foreach (var kind in kinds)
        {
            for (var at = 1; at <= calls; at++)
            {
                var where = $"{name}, {kind} at call {at} of {calls}, {retries} retries";
                var call = await operation.PrepareAsync(provider);
                faults.Reset();
                faults.Arm(kind, at);
                var (answer, failed) = await ActAsync(call);
                Assert.True(faults.Fired == 1, $"{where}: the fault did not happen");

                // A false conflict may be taken for a true one, or thrown; both say that nothing was written, and it was not.
                var isFalseConflict = kind is StorageFault.Conflict or StorageFault.PreconditionFailed;
                if (failed is not null || (isFalseConflict && answer != call.Expected))
                {
                    Assert.True(failed is null or { IsTransient: true }, $"{where}: {failed}");
                    Assert.False(kind == StorageFault.LostAnswer && retries > 0, $"{where}: {failed}");
                    faults.Reset();
                    (answer, failed) = await ActAsync(call);
                    Assert.True(failed is null, $"{where}, again: {failed}");
                    Assert.True(answer == call.Expected || !call.IsOnce, $"{where}, again: {answer} instead of {call.Expected}");
                }
                else
                {
                    Assert.True(answer == call.Expected, $"{where}: {answer} instead of {call.Expected}");
                }

                faults.Reset();
                Assert.True(await call.ObserveAsync() == call.Observed, $"{where}: {await call.ObserveAsync()} is there instead of {call.Observed}");
            }
        }
    }

    private static async Task<(string? Answer, StorageException? Failed)> ActAsync(FaultyCall call)
    {
        try
        {
            return (await call.ActAsync(), null);
        }
        catch (StorageException e)
        {
            return (null, e);
        }
    }

    private async Task<IServiceProvider> BuildAsync(FaultInjectingTransport faults, int retries)
    {
        await StorageHarness.ProviderAsync(azurite);
        return StorageHarness.Build(azurite.ConnectionString, o =>
        {
            o.Transport = faults;
            o.Retries = retries;
            o.RetryDelay = TimeSpan.FromMilliseconds(1);
            o.SingleCopyBytes = 1 << 20;
            o.CopyBlockBytes = 1 << 20;
            o.CopyParallelism = 1;
        });
    }
}
