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
    private const int Windows = 20;
    private const int RequestsPerWindow = 1_000;
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
        if (!_routes.TryGetValue((model, generation), out var route))
        {
            yield break;
        }

        for (var i = 0; i < Windows; i++)
        {
            yield return new TrafficWindow
            {
                Gateway = Name,
                Model = model,
                Generation = generation,
                Step = route.Step,
                Start = time.GetUtcNow() - TimeSpan.FromSeconds(1),
                Length = TimeSpan.FromSeconds(1.0 / Windows),
                Number = (generation * Windows) + i,
                Leased = true,
                Cells = [.. CellsOf(route)],
            };
        }
    }

    public Task<IReadOnlyList<GatewayHeartbeat>> ListGatewaysAsync(DateTimeOffset since, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<GatewayHeartbeat>>([new GatewayHeartbeat(Name, time.GetUtcNow(), new Uri("http://127.0.0.1:7481/"), _generations)]);

    public Task<int> PruneAsync(DateTimeOffset before, CancellationToken cancellationToken) => Task.FromResult(0);

    private static IEnumerable<TrafficCell> CellsOf(Route route)
    {
        var left = RequestsPerWindow;
        foreach (var candidate in route.Candidates)
        {
            var requests = RequestsPerWindow * candidate.Weight.BasisPoints / 10_000;
            left -= requests;
            yield return Cell(candidate.Version, requests);
        }

        if (left > 0)
        {
            yield return Cell(route.Stable!.Value, left);
        }
    }

    private static TrafficCell Cell(VersionName version, int requests) => new() { Version = version, Requests = requests, FirstSeenKeys = requests, Latency = Latency };

    private static LogHistogram FiveMilliseconds()
    {
        var latency = new LogHistogramBuilder();
        for (var i = 0; i < 100; i++)
        {
            latency.Add(4_000 + (20 * i));
        }

        return latency.Build();
    }
}
