using System.Globalization;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Notifications;
using ModelFlow.Core.Ports;

namespace ModelFlow.Testing.InMemory;

/// <summary>Deliveries in memory.</summary>
public sealed class InMemoryDeliveryStore : IDeliveryStore
{
    private readonly Lock _gate = new();
    private readonly Dictionary<(string Subscription, string Id), string> _deliveries = [];
    private readonly Dictionary<ReleaseId, int> _cursors = [];

    /// <inheritdoc/>
    public Task EnterAsync(string subscription, IReadOnlyList<Delivery> deliveries, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            foreach (var delivery in deliveries)
            {
                _deliveries.TryAdd((subscription, delivery.Id), Json.Write(delivery));
            }
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<Delivery>> DueAsync(string subscription, DateTimeOffset now, int count, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            return Task.FromResult<IReadOnlyList<Delivery>>([.. Of(subscription).Where(d => d.NextTryAt <= now).OrderBy(d => d.NextTryAt).ThenBy(d => d.Id, StringComparer.Ordinal).Take(count)]);
        }
    }

    /// <inheritdoc/>
    public Task<bool> ReplaceAsync(string subscription, Delivery read, Delivery next, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (!_deliveries.TryGetValue((subscription, read.Id), out var json) || !string.Equals(json, Json.Write(read), StringComparison.Ordinal))
            {
                return Task.FromResult(false);
            }

            _deliveries[(subscription, read.Id)] = Json.Write(next);
            return Task.FromResult(true);
        }
    }

    /// <inheritdoc/>
    public Task<Delivery?> FindAsync(string subscription, string id, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            return Task.FromResult(_deliveries.TryGetValue((subscription, id), out var json) ? Json.Read<Delivery>(json) : null);
        }
    }

    /// <inheritdoc/>
    public Task<Page<Delivery>> ListAsync(string subscription, int pageSize, string? continuation, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            var skipped = continuation is null ? 0 : int.Parse(continuation, CultureInfo.InvariantCulture);
            var all = Of(subscription).OrderByDescending(d => d.At).ThenBy(d => d.Id, StringComparer.Ordinal).ToList();
            var page = all.Skip(skipped).Take(pageSize).ToList();
            return Task.FromResult(new Page<Delivery>(page, skipped + page.Count < all.Count ? (skipped + page.Count).ToString(CultureInfo.InvariantCulture) : null));
        }
    }

    /// <inheritdoc/>
    public Task PruneAsync(string subscription, DateTimeOffset before, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            foreach (var old in Of(subscription).Where(d => d.At < before && d.NextTryAt is null).ToList())
            {
                _deliveries.Remove((subscription, old.Id));
            }
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task RemoveAllAsync(string subscription, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            foreach (var delivery in Of(subscription).ToList())
            {
                _deliveries.Remove((subscription, delivery.Id));
            }
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<int> ReadCursorAsync(ReleaseId release, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            return Task.FromResult(_cursors.GetValueOrDefault(release));
        }
    }

    /// <inheritdoc/>
    public Task MoveCursorAsync(ReleaseId release, int seq, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            _cursors[release] = seq;
        }

        return Task.CompletedTask;
    }

    private IEnumerable<Delivery> Of(string subscription) =>
        _deliveries.Where(d => string.Equals(d.Key.Subscription, subscription, StringComparison.Ordinal)).Select(d => Json.Read<Delivery>(d.Value));
}
