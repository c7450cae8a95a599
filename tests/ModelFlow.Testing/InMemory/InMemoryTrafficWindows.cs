using System.Runtime.CompilerServices;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Traffic;

namespace ModelFlow.Testing.InMemory;

/// <summary>Traffic windows in memory.</summary>
public sealed class InMemoryTrafficWindows(TimeProvider? time = null) : ITrafficWindows
{
    private readonly Lock _gate = new();
    private readonly TimeProvider _time = time ?? TimeProvider.System;
    private readonly Dictionary<(string Gateway, long Number), string> _windows = [];
    private readonly Dictionary<string, (DateTimeOffset SeenAt, string Heartbeat)> _gateways = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public Task AddAsync(GatewayReport report, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            foreach (var window in report.Windows)
            {
                _windows.TryAdd((window.Gateway, window.Number), Json.Write(window));
            }

            _gateways[report.Heartbeat.Gateway] = (_time.GetUtcNow(), Json.Write(report.Heartbeat));
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<TrafficWindow> ReadAsync(ModelName model, long generation, DateTimeOffset since, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.CompletedTask;
        List<TrafficWindow> found;
        lock (_gate)
        {
            found = [.. _windows.Values.Select(Json.Read<TrafficWindow>).Where(w => w.Model == model && w.Generation == generation && w.Start >= since).OrderBy(w => w.Start)];
        }

        foreach (var window in found)
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return window;
        }
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<GatewayHeartbeat>> ListGatewaysAsync(DateTimeOffset since, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            return Task.FromResult<IReadOnlyList<GatewayHeartbeat>>([.. _gateways.Values.Where(g => g.SeenAt >= since).Select(g => Json.Read<GatewayHeartbeat>(g.Heartbeat))]);
        }
    }

    /// <inheritdoc/>
    public Task<int> PruneAsync(DateTimeOffset before, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            var old = _windows.Where(w => Json.Read<TrafficWindow>(w.Value).Start < before).Select(w => w.Key).ToList();
            old.ForEach(key => _windows.Remove(key));
            return Task.FromResult(old.Count);
        }
    }
}
