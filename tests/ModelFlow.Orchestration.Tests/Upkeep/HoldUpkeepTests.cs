using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using ModelFlow.Core.Catalog;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Orchestration.Upkeep;
using ModelFlow.Testing;
using ModelFlow.Testing.InMemory;

namespace ModelFlow.Orchestration.Tests.Upkeep;

public sealed class HoldUpkeepTests
{
    private static readonly ModelName Model = ModelName.Parse("digits");
    private static readonly VersionName Old = VersionName.Parse("v1.0.0");
    private static readonly VersionName New = VersionName.Parse("v1.1.0");
    private readonly FakeTimeProvider _time = new(Samples.Now);
    private readonly InMemoryDeploymentStore _deployments = new();
    private readonly InMemoryRouteStore _routes = new();
    private readonly InMemoryBlobs _blobs = new();
    private readonly InMemoryVersionHolds _holds;

    public HoldUpkeepTests() => _holds = new InMemoryVersionHolds(_blobs) { IsOn = true };

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Version_is_held_while_it_is_on_the_model_servers_and_free_afterwards()
    {
        await Deployed(Old, loaded: true);
        Assert.Equal(1, await Upkeep().RunAsync(Cancel));
        Assert.True(IsHeld(Old));
        Assert.Equal(0, await Upkeep().RunAsync(Cancel));

        await Deployed(Old, loaded: false);
        Assert.Equal(1, await Upkeep().RunAsync(Cancel));

        Assert.False(IsHeld(Old));
        Assert.Null((await DeploymentAsync(Old)).Hold);
        Assert.Equal([(Old, true), (Old, false)], _holds.Calls);
    }

    [Fact]
    public async Task Version_in_a_route_is_held_whatever_its_row_says()
    {
        await Deployed(Old, loaded: false);
        await _routes.ChangeAsync(null, Samples.Route(Model, 1, stable: Old.ToString()), null, Cancel);

        await Upkeep().RunAsync(Cancel);

        Assert.True(IsHeld(Old));
    }

    [Fact]
    public async Task Hold_that_somebody_lifted_by_hand_is_set_again_within_a_day()
    {
        await Deployed(Old, loaded: true);
        await Upkeep().RunAsync(Cancel);
        _blobs.SetHold(PathOf(Old), held: false);
        _time.Advance(TimeSpan.FromHours(25));

        await Upkeep().RunAsync(Cancel);

        Assert.True(IsHeld(Old));
    }

    [Fact]
    public async Task Hold_of_a_person_on_a_version_that_modelflow_never_held_is_left_alone()
    {
        await Deployed(Old, loaded: false);
        _blobs.SetHold(PathOf(Old), held: true);

        Assert.Equal(0, await Upkeep().RunAsync(Cancel));

        Assert.True(IsHeld(Old));
        Assert.Empty(_holds.Calls);
    }

    [Fact]
    public async Task Run_that_was_cut_off_after_the_note_is_finished_by_the_next()
    {
        await Deployed(Old, loaded: true);
        _holds.Then = (_, _) => throw new OperationCanceledException();
        await Assert.ThrowsAsync<OperationCanceledException>(() => Upkeep().RunAsync(Cancel));
        Assert.NotNull((await DeploymentAsync(Old)).Hold);

        // It left the model servers before anybody looked again: the note is all that is known of the hold.
        _holds.Then = (_, _) => Task.CompletedTask;
        await Deployed(Old, loaded: false);
        await Upkeep().RunAsync(Cancel);

        Assert.False(IsHeld(Old));
    }

    [Fact]
    public async Task Version_that_comes_into_use_while_its_hold_is_lifted_is_held_in_the_end()
    {
        await Deployed(Old, loaded: true);
        await Upkeep().RunAsync(Cancel);
        await Deployed(Old, loaded: false);
        _holds.Then = async (_, hold) =>
        {
            if (!hold)
            {
                await Deployed(Old, loaded: true);
            }
        };

        var upkeep = Upkeep();
        Assert.Equal(0, await upkeep.RunAsync(Cancel));

        Assert.True(IsHeld(Old));
        Assert.NotNull((await DeploymentAsync(Old)).Hold?.SeenAt);
        Assert.Null(upkeep.Problem);
    }

    [Fact]
    public async Task Version_that_fails_is_tried_ever_more_rarely_keeps_no_other_out_and_is_told()
    {
        await Deployed(Old, loaded: true);
        await Deployed(New, loaded: true);
        _holds.Instead = (version, _) => version == Old ? new SetHold.Incomplete("model.onnx has a lease") : null;
        var upkeep = Upkeep();

        for (var i = 0; i < 24 * 60; i++)
        {
            await upkeep.RunAsync(Cancel);
            _time.Advance(TimeSpan.FromMinutes(1));
        }

        Assert.True(IsHeld(New));
        Assert.InRange(_holds.Calls.Count(c => c.Version == Old), 24, 36);
        Assert.Contains("1 versions", upkeep.Problem, StringComparison.Ordinal);
        Assert.Contains("model.onnx has a lease", upkeep.Problem, StringComparison.Ordinal);
        Assert.Equal("model.onnx has a lease", (await DeploymentAsync(Old)).Hold!.Problem);

        _holds.Instead = (_, _) => null;
        _time.Advance(TimeSpan.FromHours(1));
        await upkeep.RunAsync(Cancel);
        Assert.Null(upkeep.Problem);
        Assert.Null((await DeploymentAsync(Old)).Hold!.Problem);
    }

    [Fact]
    public async Task Storage_without_holds_is_asked_once_a_run_and_ever_more_rarely()
    {
        await Deployed(Old, loaded: true);
        await Deployed(New, loaded: true);
        _holds.Instead = (_, _) => new SetHold.Refused("turn Storage:LegalHolds off");
        var upkeep = Upkeep();

        await upkeep.RunAsync(Cancel);
        await upkeep.RunAsync(Cancel);

        Assert.Single(_holds.Calls);
        Assert.Equal("turn Storage:LegalHolds off", upkeep.Problem);

        _holds.Instead = (_, _) => null;
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(2, await upkeep.RunAsync(Cancel));
        Assert.Null(upkeep.Problem);
    }

    [Fact]
    public async Task Holds_off_lift_nothing()
    {
        await Deployed(Old, loaded: true);
        await Upkeep().RunAsync(Cancel);
        await Deployed(Old, loaded: false);
        _holds.IsOn = false;

        Assert.Equal(0, await Upkeep().RunAsync(Cancel));

        Assert.True(IsHeld(Old));
        Assert.NotNull((await DeploymentAsync(Old)).Hold);
    }

    // A new one remembers nothing, as after a restart.
    private HoldUpkeep Upkeep() => new(new VersionHolder(_holds, _deployments, _routes, _time, NullLogger<VersionHolder>.Instance), _deployments, _routes, _time);

    private async Task<Deployment> DeploymentAsync(VersionName version) => (await _deployments.GetAsync(Model, version, Cancel))!;

    private bool IsHeld(VersionName version) => _blobs.Find(PathOf(version))!.Held;

    private static string PathOf(VersionName version) => $"models/{Model}/{version}/model.onnx";

    private async Task Deployed(VersionName version, bool loaded)
    {
        _blobs.TryCreate(PathOf(version), "bytes"u8);
        await _deployments.UpdateAsync(
            Model,
            version,
            d => (d ?? new Deployment { Model = Model, Version = version, Endpoints = [], LoadedAt = Samples.Now, LoadTime = TimeSpan.Zero, Loaded = loaded }) with { Loaded = loaded },
            Cancel);
    }
}
