using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;
using ModelFlow.Core.Traffic;
using ModelFlow.Orchestration.Operations;
using ModelFlow.Testing.World;

namespace ModelFlow.Orchestration.Tests.Stories;

/// <summary>A command was decided before a rollback and runs after it: it finds a generation that it does not know, and changes nothing.</summary>
public sealed class OvertakenCommandTests : IAsyncLifetime
{
    private static readonly ModelName Model = ModelName.Parse("digits");
    private readonly InMemoryStores _stores = new();
    private readonly SimulatedWorld _world;

    public OvertakenCommandTests() => _world = new SimulatedWorld(_stores.AddTo);

    private IRouteStore Routes => _world.Get<IRouteStore>();

    public async ValueTask InitializeAsync()
    {
        await _world.SetPolicyAsync();
        var first = await _world.UploadAsync(_stores.PutIncomingAsync, "digits", "v1.0.0-base");
        await _world.RunAsync(first!.Value); // An upload of a new version starts a release.
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Step_after_a_rollback_is_fenced_out(int step) =>
        await IsFencedOutAsync(s => s.Pending?.Command is Command.ShiftTraffic shift && shift.Step == step);

    [Fact]
    public async Task Promotion_after_a_rollback_is_fenced_out() =>
        await IsFencedOutAsync(s => s.Pending?.Command is Command.PromoteVersion);

    private async Task IsFencedOutAsync(Func<ReleaseState, bool> decided)
    {
        var id = (await _world.UploadAsync(_stores.PutIncomingAsync, "digits", "v1.1.0-mlp"))!.Value;
        await _world.RunAsync(id, until: decided);
        var read = (await _world.Get<IReleaseStore>().LoadAsync(id, CancellationToken.None))!;
        var rolledBack = Assert.IsType<RolledBackModel.Done>(
            await _world.Get<RollbackModel>().RollbackAsync(Model, to: null, loadIfNeeded: false, "bo", "drill", "r-1", CancellationToken.None));

        var result = await _world.ExecuteAsync(read);

        Assert.Equal(rolledBack.Route.Generation, Assert.IsType<CommandResult.Fenced>(result).Generation);
        await IsAsTheRollbackLeftItAsync(rolledBack.Route);
        var ended = await _world.RunAsync(id);
        Assert.Equal(Outcome.RolledBack, ended.Outcome);
        await IsAsTheRollbackLeftItAsync(rolledBack.Route);
    }

    private async Task IsAsTheRollbackLeftItAsync(Route expected)
    {
        var route = (await Routes.GetAsync(Model, CancellationToken.None))!.Route;
        Assert.Equal(expected.Generation, route.Generation);
        Assert.Equal(VersionName.Parse("v1.0.0-base"), route.Stable);
        Assert.Empty(route.Candidates);
        Assert.Null(await Routes.GetGenerationAsync(Model, route.Generation + 1, CancellationToken.None));
    }
}
