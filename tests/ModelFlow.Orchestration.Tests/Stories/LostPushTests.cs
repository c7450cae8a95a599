using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;
using ModelFlow.Testing.World;

namespace ModelFlow.Orchestration.Tests.Stories;

/// <summary>A route change that took effect before its command failed is the release's own when the command is tried again.</summary>
public sealed class LostPushTests : IAsyncLifetime
{
    private readonly InMemoryStores _stores = new();
    private readonly SimulatedWorld _world;

    public LostPushTests() => _world = new SimulatedWorld(_stores.AddTo);

    public async ValueTask InitializeAsync() => await _world.SetPolicyAsync();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public async Task Push_failsAfterTheRouteChanged_theReleaseGoesOnWithItsOwnGeneration(int failing)
    {
        var first = await _world.UploadAsync(_stores.PutIncomingAsync, "digits", "v1.0.0-base");
        await _world.RunAsync(first!.Value);
        _world.Gateway.FailPushes(after: failing - 1, times: 1);
        var second = await _world.UploadAsync(_stores.PutIncomingAsync, "digits", "v1.1.0-mlp");
        var state = await _world.RunAsync(second!.Value);

        Assert.Equal(Outcome.Stable, state.Outcome);
        var history = await _world.Get<IRouteStore>().ReadHistoryAsync(ModelName.Parse("digits"), CancellationToken.None).ToListAsync(CancellationToken.None);
        Assert.Equal([6, 5, 4, 3, 2, 1], history.Select(r => r.Generation));
    }
}
