using ModelFlow.Core.Notifications;

namespace ModelFlow.Core.Ports;

/// <summary>Who is told what happens to releases.</summary>
public interface ISubscriptionStore
{
    /// <summary>Adds a subscription; false if the name is taken.</summary>
    Task<bool> AddAsync(Subscription subscription, CancellationToken cancellationToken);

    /// <summary>A subscription; null if there is none.</summary>
    Task<Subscription?> FindAsync(string name, CancellationToken cancellationToken);

    /// <summary>All of them, by name.</summary>
    Task<IReadOnlyList<Subscription>> ListAsync(CancellationToken cancellationToken);

    /// <summary>Changes a subscription as it is then; null if there is none.</summary>
    Task<Subscription?> UpdateAsync(string name, Func<Subscription, Subscription> change, CancellationToken cancellationToken);

    /// <summary>Removes a subscription; false if there is none. Its deliveries go with <see cref="IDeliveryStore.RemoveAllAsync"/>.</summary>
    Task<bool> RemoveAsync(string name, CancellationToken cancellationToken);
}
