using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Traffic;
using ModelFlow.Testing;

namespace ModelFlow.Storage.Tests.Contracts;

/// <summary>What every store of traffic windows must do.</summary>
public abstract class TrafficWindowsContract
{
    protected ModelName Model { get; } = ModelName.Parse(Unique.Label("digits"));

    protected string Gateway { get; } = Unique.Label("gw");

    protected abstract ITrafficWindows Store { get; }

    protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Windows_come_back_as_they_were_oldest_first()
    {
        await AddAsync(Window(3, 2), Window(1, 0, requests: 7), Window(2, 1));

        var read = await ReadAsync(1, Samples.Now);

        Assert.Equal([Window(1, 0, requests: 7), Window(2, 1), Window(3, 2)], read);
    }

    [Fact]
    public async Task Window_that_is_sent_again_counts_once()
    {
        await AddAsync(Window(1, 0), Window(2, 1));
        await AddAsync(Window(2, 1), Window(3, 2));
        await AddAsync(Window(3, 2), Window(3, 2));

        Assert.Equal([1, 2, 3], (await ReadAsync(1, Samples.Now)).Select(w => w.Number));
    }

    [Fact]
    public async Task Same_number_of_another_gateway_is_another_window()
    {
        await AddAsync(Window(1, 0));
        await AddAsync(Window(1, 0) with { Gateway = Gateway + "-b" });

        Assert.Equal(2, (await ReadAsync(1, Samples.Now)).Count);
    }

    [Fact]
    public async Task Reading_keeps_generations_and_times_apart()
    {
        await AddAsync(Window(1, 0), Window(2, 10), Window(3, 10) with { Generation = 2 });

        Assert.Equal([2], (await ReadAsync(1, Samples.Now.AddSeconds(10))).Select(w => w.Number));
        Assert.Equal([3], (await ReadAsync(2, Samples.Now)).Select(w => w.Number));
        Assert.Empty(await ReadAsync(1, Samples.Now.AddSeconds(11)));
        Assert.Empty(await ReadAsync(12, Samples.Now));
    }

    [Fact]
    public async Task Full_window_fits()
    {
        var cells = Enumerable.Range(0, 256).Select(i => new TrafficCell
        {
            Version = VersionName.Parse($"v1.{i / 64}.0"),
            SubBucket = i % 64,
            Requests = 1_000,
            Latency = Histogram(i, 120),
            TimeToFirstByte = Histogram(i + 1, 120),
        });
        var window = Window(1, 0) with { Cells = [.. cells] };
        await AddAsync([.. Enumerable.Range(1, 12).Select(i => window with { Number = i })]);

        Assert.All(await ReadAsync(1, Samples.Now), w => Assert.Equal(window with { Number = w.Number }, w));
        Assert.Equal(12, (await ReadAsync(1, Samples.Now)).Count);
    }

    [Fact]
    public async Task Many_windows_at_once_all_arrive()
    {
        await AddAsync([.. Enumerable.Range(1, 250).Select(i => Window(i, i))]);

        Assert.Equal(250, (await ReadAsync(1, Samples.Now)).Count);
    }

    [Fact]
    public async Task Heartbeat_without_traffic_is_the_gateways_newest()
    {
        await Store.AddAsync(new GatewayReport(Heartbeat(1), []), Cancel);
        await Store.AddAsync(new GatewayReport(Heartbeat(2), []), Cancel);

        var beat = Assert.Single(await Store.ListGatewaysAsync(DateTimeOffset.UtcNow.AddMinutes(-1), Cancel), g => string.Equals(g.Gateway, Gateway, StringComparison.Ordinal));

        Assert.Equal(2, beat.Generations[Model]);
        Assert.Equal(new Uri("http://127.0.0.1:7610/"), beat.Control);
    }

    [Fact]
    public async Task Gateway_not_heard_of_lately_is_not_listed()
    {
        await Store.AddAsync(new GatewayReport(Heartbeat(1), []), Cancel);

        Assert.DoesNotContain(await Store.ListGatewaysAsync(DateTimeOffset.UtcNow.AddMinutes(5), Cancel), g => string.Equals(g.Gateway, Gateway, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Pruning_deletes_the_old_and_keeps_the_new_and_heartbeats()
    {
        // Far in the past, so that no other test's windows are old enough.
        var old = Samples.Now.AddYears(-50);
        await AddAsync([.. Enumerable.Range(1, 120).Select(i => Window(i, 0) with { Start = old.AddSeconds(i) })]);
        await AddAsync(Window(200, 0) with { Generation = 2, Start = old });
        await AddAsync(Window(300, 0));

        var deleted = await Store.PruneAsync(old.AddYears(1), Cancel);

        Assert.Equal(121, deleted);
        Assert.Equal([300], (await ReadAsync(1, DateTimeOffset.UnixEpoch)).Select(w => w.Number));
        Assert.Empty(await ReadAsync(2, DateTimeOffset.UnixEpoch));
        Assert.Contains(await Store.ListGatewaysAsync(DateTimeOffset.UtcNow.AddMinutes(-1), Cancel), g => string.Equals(g.Gateway, Gateway, StringComparison.Ordinal));
    }

    private static LogHistogram Histogram(int seed, int count)
    {
        var random = new Random(seed);
        var builder = new LogHistogramBuilder();
        for (var i = 0; i < count; i++)
        {
            builder.Add(Math.Exp(random.NextDouble() * 15));
        }

        return builder.Build();
    }

    private Task AddAsync(params TrafficWindow[] windows) => Store.AddAsync(new GatewayReport(Heartbeat(1), windows), Cancel);

    private async Task<IReadOnlyList<TrafficWindow>> ReadAsync(long generation, DateTimeOffset since) =>
        await Store.ReadAsync(Model, generation, since, Cancel).ToListAsync(Cancel);

    private GatewayHeartbeat Heartbeat(long generation) =>
        new(Gateway, Samples.Now, new Uri("http://127.0.0.1:7610/"), new Dictionary<ModelName, long> { [Model] = generation });

    private TrafficWindow Window(long number, int seconds, long requests = 1) => new()
    {
        Gateway = Gateway,
        Model = Model,
        Generation = 1,
        Step = 0,
        Start = Samples.Now.AddSeconds(seconds),
        Length = TimeSpan.FromSeconds(1),
        Number = number,
        Leased = true,
        Cells = [new TrafficCell { Version = VersionName.Parse("v1.0.0"), SubBucket = 3, Requests = requests }],
    };
}
