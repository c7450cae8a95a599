using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Traffic;

namespace ModelFlow.Testing.World;

/// <summary>One gateway under steady traffic: it takes every route at once and has counted, each second, what the versions' behaviour says.</summary>
public sealed class SimulatedGateway(Func<VersionName, VersionBehaviour> behaviour, TimeProvider time) : ITrafficRouter, ITrafficWindows
{
    private const string Name = "gateway-1";
    private readonly ConcurrentDictionary<(ModelName, long), (ServedRoute Route, DateTimeOffset From)> _seen = new();
    private int _failAfter;
    private int _failTimes;

    /// <summary>Requests a second over all versions of a model.</summary>
    public int RequestsPerSecond { get; set; } = 200;

    /// <summary>Whether it answers: one that does not sends no heartbeat either.</summary>
    public bool IsUp { get; set; } = true;

    /// <summary>Every route it was told, in order.</summary>
    public ConcurrentQueue<ServedRoute> Pushed { get; } = new();

    /// <summary>After <paramref name="after"/> further generations were pushed, the next <paramref name="times"/> pushes of a new one fail.</summary>
    public void FailPushes(int after, int times) => (_failAfter, _failTimes) = (after, times);

    public Task<PushedRoute> PushAsync(ServedRoute route, CancellationToken cancellationToken)
    {
        var isNew = !_seen.ContainsKey((route.Route.Model, route.Route.Generation));
        if (isNew && _failTimes > 0 && _failAfter-- <= 0)
        {
            _failTimes--;
            throw new IOException("Simulated: the storage broke while the route was described.");
        }

        Pushed.Enqueue(route);
        _seen.TryAdd((route.Route.Model, route.Route.Generation), (route, time.GetUtcNow()));
        return Task.FromResult(IsUp ? new PushedRoute(1, 1) : new PushedRoute(0, 1));
    }

    public Task AddAsync(GatewayReport report, CancellationToken cancellationToken) => Task.CompletedTask;

    public async IAsyncEnumerable<TrafficWindow> ReadAsync(ModelName model, long generation, DateTimeOffset since, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.CompletedTask;
        if (!IsUp || !_seen.TryGetValue((model, generation), out var seen))
        {
            yield break;
        }

        var end = _seen.TryGetValue((model, generation + 1), out var following) ? following.From : time.GetUtcNow();
        var number = generation * 100_000;
        for (var start = seen.From; start < end; start += TimeSpan.FromSeconds(1))
        {
            number++;
            if (start >= since)
            {
                yield return Window(seen.Route.Route, start, number);
            }
        }
    }

    public Task<IReadOnlyList<GatewayHeartbeat>> ListGatewaysAsync(DateTimeOffset since, CancellationToken cancellationToken)
    {
        var generations = _seen.Keys.GroupBy(k => k.Item1).ToDictionary(g => g.Key, g => g.Max(k => k.Item2));
        return Task.FromResult<IReadOnlyList<GatewayHeartbeat>>(
            IsUp ? [new GatewayHeartbeat(Name, time.GetUtcNow(), new Uri("http://127.0.0.1:7481/"), generations)] : []);
    }

    public Task<int> PruneAsync(DateTimeOffset before, CancellationToken cancellationToken) => Task.FromResult(0);

    private TrafficWindow Window(Route route, DateTimeOffset start, long number)
    {
        var cells = new List<TrafficCell>();
        var left = RequestsPerSecond;
        foreach (var candidate in route.Candidates)
        {
            var share = RequestsPerSecond * candidate.Weight.BasisPoints / 10_000;
            left -= share;
            cells.Add(Cell(candidate.Version, share));
        }

        if (route.Baseline is { } baseline)
        {
            var share = RequestsPerSecond * baseline.Weight.BasisPoints / 10_000;
            left -= share;
            cells.Add(Cell(baseline.Instance, share));
        }

        if (route.Stable is { } stable && left > 0)
        {
            cells.Add(Cell(stable, left));
            if (route.Shadow is { } shadow)
            {
                cells.Add(Mirrored(stable, shadow, left * shadow.Share.BasisPoints / 10_000));
            }
        }

        return new TrafficWindow
        {
            Gateway = Name,
            Model = route.Model,
            Generation = route.Generation,
            Step = route.Step,
            Start = start,
            Length = TimeSpan.FromSeconds(1),
            Number = number,
            Leased = true,
            Cells = cells,
        };
    }

    private TrafficCell Mirrored(VersionName stable, ShadowTarget shadow, int requests)
    {
        var cell = Cell(shadow.Version, requests);
        var answered = cell.Requests - cell.Errors;
        var slower = behaviour(shadow.Version).LatencyMs > behaviour(stable).LatencyMs * shadow.SlowerThan;
        return cell with
        {
            Kind = TrafficKind.Shadow,
            Pairs = new PairTotals
            {
                Pairs = requests,
                CandidateFailed = cell.Errors,
                Compared = answered,
                Disagreement = answered * behaviour(shadow.Version).Disagreement,
                Timed = answered,
                Slower = slower ? answered : 0,
            },
        };
    }

    private TrafficCell Cell(VersionName version, int requests)
    {
        var how = behaviour(version);
        var errors = (int)Math.Round(requests * how.ErrorRate);
        var latency = new LogHistogramBuilder();
        for (var i = 0; i < requests - errors; i++)
        {
            // A spread of ±20 % around the behaviour's latency.
            latency.Add(how.LatencyMs * 1000 * (0.8 + (0.4 * i / Math.Max(1, requests - errors))));
        }

        var likes = Math.Round(requests * (how.Liked ?? 0));
        return new TrafficCell
        {
            Version = version,
            Requests = requests,
            UpstreamErrors = errors,
            Latency = latency.Build(),
            FirstSeenKeys = requests,
            Feedback = how.Liked is null ? default : new FeedbackTotals(requests, likes, likes),
        };
    }
}
