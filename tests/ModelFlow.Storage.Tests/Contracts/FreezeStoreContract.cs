using ModelFlow.Core.Freezes;
using ModelFlow.Core.Ports;
using ModelFlow.Testing;

namespace ModelFlow.Storage.Tests.Contracts;

/// <summary>What every freeze store must do.</summary>
public abstract class FreezeStoreContract
{
    protected abstract IFreezeStore Store { get; }

    protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Freezes_are_put_replaced_and_lifted()
    {
        var stem = Unique.Label("digits");
        foreach (var scope in (string[])[stem, stem + "*", "*"])
        {
            await Store.PutAsync(new Freeze(scope, "alice", Samples.Now, "first"), Cancel);
            await Store.PutAsync(new Freeze(scope, "bob", Samples.Now, "größer"), Cancel);

            Assert.Equal(new Freeze(scope, "bob", Samples.Now, "größer"), Assert.Single(await Store.ListAsync(Cancel), f => f.Scope == scope));
            Assert.True(await Store.RemoveAsync(scope, Cancel));
            Assert.False(await Store.RemoveAsync(scope, Cancel));
            Assert.DoesNotContain(await Store.ListAsync(Cancel), f => f.Scope == scope);
        }
    }
}
