using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Traffic;
using Route = ModelFlow.Core.Traffic.Route;

namespace ModelFlow.Benchmarks.Releases;

/// <summary>A gateway that takes every route at once and has always counted healthy traffic.</summary>
internal sealed class InstantTraffic(TimeProvider time) : ITrafficRouter, ITrafficWindows
{
    private const string Name = "gateway-1";
    private static readonly LogHistogram Latency = FiveMilliseconds();
    private readonly ConcurrentDictionary<ModelName, long> _generations = new();
    private readonly ConcurrentDictionary<(ModelName, long), Route> _routes = new();

    public Task<PushedRoute> PushAsync(ServedRoute route, CancellationToken cancellationToken)
    {
        _generations[route.Route.Model] = route.Route.Generation;
        _routes[(route.Route.Model, route.Route.Generation)] = route.Route;
        return Task.FromResult(new PushedRoute(1, 1));
    }

    public Task AddAsync(GatewayReport report, CancellationToken cancellationToken) => Task.CompletedTask;

    public async IAsyncEnumerable<TrafficWindow> ReadAsync(ModelName model, long generation, DateTimeOffset since, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.CompletedTask;
        if (_routes.TryGetValue((model, generation), out var route))
        {
            yield return new TrafficWindow
            {
                Gateway = Name,
                Model = model,
                Generation = generation,
                Step = route.Step,
                Start = time.GetUtcNow() - TimeSpan.FromSeconds(1),
                Length = TimeSpan.FromSeconds(1),
                Number = generation,
                Leased = true,
                Cells = [.. route.Candidates.Select(c => c.Version).Append(route.Stable!.Value).Select(Cell)],
            };
        }
    }

    public Task<IReadOnlyList<GatewayHeartbeat>> ListGatewaysAsync(DateTimeOffset since, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<GatewayHeartbeat>>([new GatewayHeartbeat(Name, time.GetUtcNow(), new Uri("http://127.0.0.1:7481/"), _generations)]);

    public Task<int> PruneAsync(DateTimeOffset before, CancellationToken cancellationToken) => Task.FromResult(0);

    private static TrafficCell Cell(VersionName version) => new() { Version = version, Requests = 1_000, Latency = Latency };

    private static LogHistogram FiveMilliseconds()
    {
        var latency = new LogHistogramBuilder();
        for (var i = 0; i < 1_000; i++)
        {
            latency.Add(4_000 + (2 * i));
        }

        return latency.Build();
    }
}
