using System.Runtime.CompilerServices;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Traffic;

namespace ModelFlow.Testing.InMemory;

/// <summary>Routes in memory, as strict as the tables.</summary>
public sealed class InMemoryRouteStore : IRouteStore
{
    private readonly Lock _gate = new();
    private readonly SortedDictionary<ModelName, Partition> _models = [];
    private long _lastToken;

    /// <inheritdoc/>
    public Task<CurrentRoute?> GetAsync(ModelName model, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            return Task.FromResult(_models.TryGetValue(model, out var partition) ? Current(partition) : null);
        }
    }

    /// <inheritdoc/>
    public Task<ChangeRoute> ChangeAsync(CurrentRoute? read, Route next, DateTimeOffset? leaseUntil, CancellationToken cancellationToken)
    {
        RouteWriteRules.Check(read, next);
        lock (_gate)
        {
            var known = _models.TryGetValue(next.Model, out var partition);
            if (known != read is not null || (known && !string.Equals(read!.Token, Text(partition!.Token), StringComparison.Ordinal)))
            {
                return Task.FromResult<ChangeRoute>(new ChangeRoute.Conflict());
            }

            partition ??= _models[next.Model] = new Partition();
            partition.Generations.Add(next.Generation, Json.Write(next));
            partition.LeaseUntil = leaseUntil;
            partition.Token = ++_lastToken;
            return Task.FromResult<ChangeRoute>(new ChangeRoute.Changed(Current(partition)));
        }
    }

    /// <inheritdoc/>
    public Task<bool> RenewLeaseAsync(ModelName model, long generation, DateTimeOffset until, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (!_models.TryGetValue(model, out var partition) || partition.Generations.Last().Key != generation)
            {
                return Task.FromResult(false);
            }

            if (partition.LeaseUntil is not { } held || held < until)
            {
                partition.LeaseUntil = until;
            }

            return Task.FromResult(true);
        }
    }

    /// <inheritdoc/>
    public Task FenceAsync(ModelName model, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (_models.TryGetValue(model, out var partition))
            {
                partition.Token = ++_lastToken;
            }
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<Route?> GetGenerationAsync(ModelName model, long generation, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            return Task.FromResult(_models.TryGetValue(model, out var partition) && partition.Generations.TryGetValue(generation, out var json) ? Json.Read<Route>(json) : null);
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<Route> ReadHistoryAsync(ModelName model, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.CompletedTask;
        List<string> history;
        lock (_gate)
        {
            history = _models.TryGetValue(model, out var partition) ? [.. partition.Generations.Values.Reverse()] : [];
        }

        foreach (var json in history)
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return Json.Read<Route>(json);
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<CurrentRoute> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.CompletedTask;
        List<CurrentRoute> routes;
        lock (_gate)
        {
            routes = [.. _models.Values.Select(Current)];
        }

        foreach (var route in routes)
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return route;
        }
    }

    private static CurrentRoute Current(Partition partition) =>
        new(Json.Read<Route>(partition.Generations.Last().Value), partition.LeaseUntil, Text(partition.Token));

    private static string Text(long token) => $"t{token}";

    private sealed class Partition
    {
        public SortedDictionary<long, string> Generations { get; } = [];

        public DateTimeOffset? LeaseUntil { get; set; }

        public long Token { get; set; }
    }
}
