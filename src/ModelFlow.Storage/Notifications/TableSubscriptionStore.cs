using Azure.Data.Tables;
using ModelFlow.Core.Notifications;
using ModelFlow.Core.Ports;
using ModelFlow.Storage.Tables;

namespace ModelFlow.Storage.Notifications;

/// <summary>Subscriptions in one partition of the table <c>Notifications</c>.</summary>
internal sealed class TableSubscriptionStore(StorageClients clients) : ISubscriptionStore
{
    private const string Partition = "subscriptions";

    private readonly Table _table = clients.Table(StorageNames.NotificationsTable);
    private readonly ValueRow<Subscription> _rows = new(clients.Table(StorageNames.NotificationsTable), Documents.Subscription);

    public async Task<bool> AddAsync(Subscription subscription, CancellationToken cancellationToken) =>
        await _rows.AddAsync(Partition, Keys.Escape(subscription.Name), subscription, cancellationToken) is null;

    public Task<Subscription?> FindAsync(string name, CancellationToken cancellationToken) => _rows.FindAsync(Partition, Keys.Escape(name), cancellationToken);

    public async Task<IReadOnlyList<Subscription>> ListAsync(CancellationToken cancellationToken) =>
        await _table.QueryAsync(TableClient.CreateQueryFilter($"PartitionKey eq {Partition}"), cancellationToken).Select(_rows.Read).ToListAsync(cancellationToken);

    public Task<Subscription?> UpdateAsync(string name, Func<Subscription, Subscription> change, CancellationToken cancellationToken) =>
        _rows.UpdateAsync(Partition, Keys.Escape(name), s => s is null ? null : change(s), cancellationToken);

    public Task<bool> RemoveAsync(string name, CancellationToken cancellationToken) => _rows.RemoveAsync(Partition, Keys.Escape(name), cancellationToken);
}
