using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;
using ModelFlow.Core.Serialization;
using ModelFlow.Testing.InMemory;
using ModelFlow.Testing.World;

namespace ModelFlow.LocalHost.Tests.Driving;

/// <summary>A storage in memory, a simulated world around it, virtual time, and any number of hosts.</summary>
internal sealed class DrivingBench : IAsyncDisposable
{
    private readonly InMemoryStores _stores = new();
    private readonly List<DrivingHost> _hosts = [];

    private DrivingBench() => World = new SimulatedWorld(services =>
    {
        _stores.AddTo(services);
        services.AddSingleton<TimeProvider>(Time);
        services.AddSingleton<IEvaluationRunner>(Evaluator);
        services.AddSingleton(p => new HeldReleaseStore(p.GetRequiredService<InMemoryReleaseStore>()));
        services.AddSingleton<IReleaseStore>(p => p.GetRequiredService<HeldReleaseStore>());
    });

    public ObservedTime Time { get; } = new();

    public HeldEvaluator Evaluator { get; } = new();

    public SimulatedWorld World { get; }

    public IReleaseIndex Index => World.Get<IReleaseIndex>();

    /// <summary>The way of those to the releases who are no drivers: who creates them, who sends signals.</summary>
    public HeldReleaseStore Releases => World.Get<HeldReleaseStore>();

    public static async Task<DrivingBench> CreateAsync()
    {
        var bench = new DrivingBench();
        await bench.World.SetPolicyAsync();
        return bench;
    }

    public DrivingHost AddHost()
    {
        var host = new DrivingHost(this, World.Get<InMemoryReleaseStore>());
        _hosts.Add(host);
        return host;
    }

    /// <summary>Starts the release of a new version; it needs two approvals, as nobody knows who uploaded it.</summary>
    public async Task<ReleaseId> StartAsync(string model, string version = "v1.0.0-base") =>
        await World.UploadAsync(_stores.PutIncomingAsync, model, version) ?? throw new InvalidOperationException("Nothing was started.");

    public Task ApproveAsync(ReleaseId id, string by) => SignalAsync(id, SignalKind.Approve, by);

    /// <summary>Stores a signal and rings for nobody.</summary>
    public Task SignalAsync(ReleaseId id, SignalKind kind, string by) =>
        Releases.AddSignalAsync(id, new Signal { Id = $"{kind}-{by}", Kind = kind, By = by, At = Time.GetUtcNow() }, CancellationToken.None);

    public async Task<ReleaseState?> FindAsync(ReleaseId id) => (await World.Get<InMemoryReleaseStore>().LoadAsync(id, CancellationToken.None))?.State;

    /// <summary>All of a release's state, to be compared.</summary>
    public async Task<string> ReadAsync(ReleaseId id) => JsonSerializer.Serialize(await FindAsync(id), CoreJson.Options);

    public Task UntilStageAsync(ReleaseId id, string stage) => UntilAsync(async () => (await FindAsync(id))?.Stage.Name == stage);

    /// <summary>Until a release was seen to wait: what comes now wakes its driver up.</summary>
    public async Task UntilWaitingForApprovalAsync(ReleaseId id)
    {
        await UntilStageAsync(id, "awaitingApproval");
        await UntilAsync(() => Task.FromResult(Time.Timers.Contains(TimeSpan.FromMinutes(1))));
    }

    public async Task<List<ReleaseId>> RunningAsync() => await Index.ListRunningAsync(CancellationToken.None).ToListAsync();

    /// <summary>Moves time on, recheck by recheck, each once the one before is over and has left so many releases driven.</summary>
    public async Task PassRechecksAsync(DrivingHost host, int times, int driven)
    {
        for (var i = 0; i < times; i++)
        {
            var before = Rechecks();
            Time.Advance(DrivingHost.RecheckEvery);
            await UntilAsync(() => Task.FromResult(Rechecks() > before && host.Drivers.Count == driven));
        }

        int Rechecks() => Time.Timers.Count(t => t == DrivingHost.RecheckEvery);
    }

    public static async Task UntilAsync(Func<Task<bool>> condition)
    {
        var deadline = DateTime.UtcNow.AddSeconds(20);
        while (!await condition())
        {
            Assert.True(DateTime.UtcNow < deadline, "the condition did not come true");
            await Task.Delay(1);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var host in _hosts)
        {
            await host.DisposeAsync();
        }

        await World.DisposeAsync();
    }
}
