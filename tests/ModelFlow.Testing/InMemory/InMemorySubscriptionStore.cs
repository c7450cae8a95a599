using ModelFlow.Core.Notifications;
using ModelFlow.Core.Ports;

namespace ModelFlow.Testing.InMemory;

/// <summary>Subscriptions in memory.</summary>
public sealed class InMemorySubscriptionStore : ISubscriptionStore
{
    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, string> _subscriptions = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public Task<bool> AddAsync(Subscription subscription, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            return Task.FromResult(_subscriptions.TryAdd(subscription.Name, Json.Write(subscription)));
        }
    }

    /// <inheritdoc/>
    public Task<Subscription?> FindAsync(string name, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            return Task.FromResult(_subscriptions.TryGetValue(name, out var json) ? Json.Read<Subscription>(json) : null);
        }
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<Subscription>> ListAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            return Task.FromResult<IReadOnlyList<Subscription>>([.. _subscriptions.Values.Select(Json.Read<Subscription>)]);
        }
    }

    /// <inheritdoc/>
    public Task<Subscription?> UpdateAsync(string name, Func<Subscription, Subscription> change, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (!_subscriptions.TryGetValue(name, out var json))
            {
                return Task.FromResult<Subscription?>(null);
            }

            var changed = change(Json.Read<Subscription>(json));
            _subscriptions[name] = Json.Write(changed);
            return Task.FromResult<Subscription?>(changed);
        }
    }

    /// <inheritdoc/>
    public Task<bool> RemoveAsync(string name, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            return Task.FromResult(_subscriptions.Remove(name));
        }
    }
}
