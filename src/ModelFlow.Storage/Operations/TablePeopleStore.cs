using Azure.Data.Tables;
using ModelFlow.Core.People;
using ModelFlow.Core.Ports;
using ModelFlow.Storage.Tables;

namespace ModelFlow.Storage.Operations;

/// <summary>People in one partition of the table <c>Tokens</c>.</summary>
internal sealed class TablePeopleStore(StorageClients clients) : IPeopleStore
{
    private const string Partition = "_people";

    private readonly Table _table = clients.Table(StorageNames.TokensTable);
    private readonly ValueRow<Person> _rows = new(clients.Table(StorageNames.TokensTable), Documents.Person);

    public async Task<IReadOnlyList<Person>> ListAsync(CancellationToken cancellationToken) =>
        await _table.QueryAsync(TableClient.CreateQueryFilter($"PartitionKey eq {Partition}"), cancellationToken).Select(_rows.Read).ToListAsync(cancellationToken);

    public Task<Person?> UpdateAsync(string name, Func<Person?, Person?> change, CancellationToken cancellationToken) =>
        _rows.UpdateAsync(Partition, Keys.Escape(name), change, cancellationToken);
}
