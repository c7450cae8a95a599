using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using ModelFlow.Core.Catalog;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Traffic;
using ModelFlow.Orchestration.Upkeep;
using ModelFlow.Testing;
using ModelFlow.Testing.InMemory;

namespace ModelFlow.Orchestration.Tests.Upkeep;

public sealed class DeploymentUpkeepTests
{
    private static readonly ModelName Model = ModelName.Parse("digits");
    private static readonly VersionName Old = VersionName.Parse("v1.0.0");
    private static readonly VersionName New = VersionName.Parse("v1.1.0");
    private readonly FakeTimeProvider _time = new(Samples.Now);
    private readonly InMemoryDeploymentStore _deployments = new();
    private readonly InMemoryRouteStore _routes = new();
    private readonly InMemoryRampTurns _turns = new();
    private readonly InMemoryVersionCatalog _versions = new();
    private readonly FakeServer _server = new();
    private readonly InMemoryTrafficWindows _traffic;
    private readonly DeploymentUpkeep _upkeep;

    public DeploymentUpkeepTests()
    {
        _traffic = new InMemoryTrafficWindows(_time);
        _upkeep = new DeploymentUpkeep(_deployments, _server, _routes, _turns, _versions, _traffic, _time, NullLogger<DeploymentUpkeep>.Instance);
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Version_that_the_server_forgot_is_loaded_again_under_its_new_address()
    {
        await Deployed(Old, keepUntil: null);
        await Routed(Old);
        _server.Loaded.Clear();
        _server.Port = 9;

        Assert.Equal(1, await _upkeep.RunAsync(Cancel));

        Assert.Equal([Old], _server.Loaded);
        Assert.Equal([new Uri("http://127.0.0.1:9/")], (await _deployments.GetAsync(Model, Old, Cancel))!.Endpoints);
        Assert.Equal(0, await _upkeep.RunAsync(Cancel));
    }

    [Fact]
    public async Task Fresh_instance_that_the_server_forgot_is_loaded_again_with_the_files_of_its_version()
    {
        var instance = VersionName.Parse("v1.0.0-baseline.kqmvjrhg");
        await Deployed(Old, keepUntil: null);
        await _deployments.UpdateAsync(Model, instance, _ => new Deployment
        {
            Model = Model, Version = instance, InstanceOf = Old, Endpoints = [], LoadedAt = Samples.Now, LoadTime = TimeSpan.FromSeconds(1), Loaded = true,
        }, Cancel);

        Assert.Equal(1, await _upkeep.RunAsync(Cancel));

        Assert.Equal([Old, instance], _server.Loaded);
        Assert.Equal(Old, (await _deployments.GetAsync(Model, instance, Cancel))!.InstanceOf);
    }

    [Fact]
    public async Task Server_with_another_address_moves_the_deployment()
    {
        await Deployed(Old, keepUntil: null);
        _server.Port = 9;

        await _upkeep.RunAsync(Cancel);

        Assert.Equal([new Uri("http://127.0.0.1:9/")], (await _deployments.GetAsync(Model, Old, Cancel))!.Endpoints);
        Assert.Equal(1, _server.Loads);
    }

    [Fact]
    public async Task Replaced_version_is_unloaded_when_its_time_is_over_and_not_before()
    {
        await Deployed(Old, keepUntil: Samples.Now.AddMinutes(1));
        await Deployed(New, keepUntil: null);
        await Routed(New);

        Assert.Equal(0, await _upkeep.RunAsync(Cancel));
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(1, await _upkeep.RunAsync(Cancel));

        Assert.Equal([New], _server.Loaded);
        Assert.False((await _deployments.GetAsync(Model, Old, Cancel))!.Loaded);
    }

    [Fact]
    public async Task Version_with_requests_under_way_is_unloaded_when_they_have_ended()
    {
        await Deployed(Old, keepUntil: Samples.Now);
        await Deployed(New, keepUntil: null);
        await Routed(New);
        await Beat(new DrainingVersion(Model, Old, 2));

        Assert.Equal(0, await _upkeep.RunAsync(Cancel));
        await Beat(new DrainingVersion(Model, New, 1));
        Assert.Equal(1, await _upkeep.RunAsync(Cancel));

        Assert.Equal([New], _server.Loaded);
    }

    [Fact]
    public async Task Version_with_endless_requests_or_a_silent_gateway_is_unloaded_all_the_same()
    {
        await Deployed(Old, keepUntil: Samples.Now);
        await Beat(new DrainingVersion(Model, Old, 1));
        Assert.Equal(0, await _upkeep.RunAsync(Cancel));
        _time.Advance(TimeSpan.FromMinutes(3));
        Assert.Equal(1, await _upkeep.RunAsync(Cancel));

        await Deployed(New, keepUntil: Samples.Now);
        _time.Advance(TimeSpan.FromMinutes(13));
        await Beat(new DrainingVersion(Model, New, 1));
        Assert.Equal(1, await _upkeep.RunAsync(Cancel));
    }

    [Fact]
    public async Task Version_in_a_route_stays_loaded_whatever_its_time()
    {
        await Deployed(Old, keepUntil: Samples.Now.AddMinutes(-1));
        await Routed(Old);

        Assert.Equal(0, await _upkeep.RunAsync(Cancel));

        Assert.Equal([Old], _server.Loaded);
    }

    [Fact]
    public async Task Version_whose_release_has_the_turn_stays_loaded()
    {
        await Deployed(Old, keepUntil: Samples.Now.AddMinutes(-1));
        await _turns.TakeAsync(ReleaseId.Parse("digits-v1.0.0-2"), Samples.Now, Cancel);

        Assert.Equal(0, await _upkeep.RunAsync(Cancel));

        Assert.Equal([Old], _server.Loaded);
    }

    [Fact]
    public async Task Routed_version_that_was_unloaded_by_a_crossing_run_is_loaded_again()
    {
        await Deployed(Old, keepUntil: null);
        await Routed(Old);
        await _deployments.UpdateAsync(Model, Old, d => d! with { Loaded = false }, Cancel);
        _server.Loaded.Clear();

        Assert.Equal(1, await _upkeep.RunAsync(Cancel));

        Assert.Equal([Old], _server.Loaded);
        Assert.True((await _deployments.GetAsync(Model, Old, Cancel))!.Loaded);
    }

    [Fact]
    public async Task Version_that_cannot_be_loaded_is_tried_ever_more_rarely_and_keeps_no_other_out()
    {
        await Deployed(Old, keepUntil: null);
        await Deployed(New, keepUntil: null);
        _server.Loaded.Clear();
        _server.Refuses = Old;

        for (var i = 0; i < 60; i++)
        {
            await _upkeep.RunAsync(Cancel);
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal([New], _server.Loaded);
        Assert.InRange(_server.Refusals, 2, 6);
    }

    private async Task Deployed(VersionName version, DateTimeOffset? keepUntil)
    {
        var record = Samples.Version(Model, version);
        await _versions.AddAsync(record, Cancel);
        var ready = Assert.IsType<LoadModel.Ready>(await _server.LoadAsync(record, version, Cancel));
        var deployment = new Deployment { Model = Model, Version = version, Endpoints = ready.Endpoints, LoadedAt = Samples.Now, LoadTime = ready.Took, Loaded = true, KeepUntil = keepUntil };
        await _deployments.UpdateAsync(Model, version, _ => deployment, Cancel);
    }

    private Task Beat(params DrainingVersion[] draining) => _traffic.AddAsync(
        new GatewayReport(new GatewayHeartbeat("gw-1", _time.GetUtcNow(), new Uri("http://127.0.0.1:7610/"), new Dictionary<ModelName, long>()) { Draining = draining }, []), Cancel);

    private async Task Routed(VersionName version) => await _routes.ChangeAsync(null, Samples.Route(Model, 1, stable: version.ToString()), null, Cancel);

    private sealed class FakeServer : IModelServer
    {
        public List<VersionName> Loaded { get; } = [];

        public int Port { get; set; } = 8;

        public int Loads { get; private set; }

        public int Refusals { get; private set; }

        public VersionName? Refuses { get; set; }

        private Uri Endpoint => new($"http://127.0.0.1:{Port}/");

        public Task<LoadModel> LoadAsync(VersionRecord version, VersionName instance, CancellationToken cancellationToken)
        {
            if (instance == Refuses)
            {
                Refusals++;
                return Task.FromResult<LoadModel>(new LoadModel.Refused("no"));
            }

            Loads++;
            Loaded.Add(instance);
            return Task.FromResult<LoadModel>(new LoadModel.Ready([Endpoint], TimeSpan.FromSeconds(1)));
        }

        public Task UnloadAsync(ModelName model, VersionName version, CancellationToken cancellationToken)
        {
            Loaded.Remove(version);
            return Task.CompletedTask;
        }

        public Task<IReadOnlyList<ServedVersion>> ListAsync(CancellationToken cancellationToken) =>
            Task.FromResult<IReadOnlyList<ServedVersion>>([.. Loaded.Select(v => new ServedVersion(Model, v, Endpoint))]);
    }
}
