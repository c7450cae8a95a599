using Azure.Data.Tables;
using ModelFlow.Core.Freezes;
using ModelFlow.Core.Ports;
using ModelFlow.Storage.Tables;

namespace ModelFlow.Storage.Operations;

/// <summary>Freezes in one partition of the table <c>Models</c>.</summary>
internal sealed class TableFreezeStore(StorageClients clients) : IFreezeStore
{
    private const string Partition = "_freezes";

    private readonly Table _table = clients.Table(StorageNames.ModelsTable);
    private readonly ValueRow<Freeze> _rows = new(clients.Table(StorageNames.ModelsTable), Documents.Freeze);

    public Task PutAsync(Freeze freeze, CancellationToken cancellationToken) => _rows.PutAsync(Partition, Keys.Escape(freeze.Scope), freeze, cancellationToken);

    public Task<bool> RemoveAsync(string scope, CancellationToken cancellationToken) => _rows.RemoveAsync(Partition, Keys.Escape(scope), cancellationToken);

    public async Task<IReadOnlyList<Freeze>> ListAsync(CancellationToken cancellationToken) =>
        await _table.QueryAsync(TableClient.CreateQueryFilter($"PartitionKey eq {Partition}"), cancellationToken).Select(_rows.Read).ToListAsync(cancellationToken);
}
