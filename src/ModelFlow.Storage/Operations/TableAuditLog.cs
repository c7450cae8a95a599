using System.Runtime.CompilerServices;
using Azure.Data.Tables;
using ModelFlow.Core.Audit;
using ModelFlow.Core.Ports;
using ModelFlow.Storage.Tables;

namespace ModelFlow.Storage.Operations;

/// <summary>
/// The audit log in the table <c>Audit</c>, one partition a scope: <c>entry:{seq}</c>, <c>id:{id}</c> so that none is entered twice,
/// and <c>head</c>, the newest entry. An append is one batch on condition of the head as it was read.
/// </summary>
internal sealed class TableAuditLog(StorageClients clients) : IAuditLog
{
    private const string EntryFrom = "entry:";
    private const string EntryBefore = "entry;";
    private const string HeadKey = "head";
    private const int MaxTries = 100;

    private readonly Table _table = clients.Table(StorageNames.AuditTable);

    public async Task AppendAsync(string scope, AuditEntry entry, CancellationToken cancellationToken)
    {
        var partition = Keys.Escape(scope);
        var idKey = IdKey(entry.Id);
        for (var tries = 0; tries < MaxTries; tries++)
        {
            var head = await _table.FindAsync(partition, HeadKey, cancellationToken);
            var next = AuditChain.Next(head is null ? null : Documents.AuditEntry.Read(head), entry);
            var newHead = Documents.AuditEntry.Write(new TableEntity(partition, HeadKey), next);
            var write = await _table.WriteAsync(
            [
                new(TableTransactionActionType.Add, new TableEntity(partition, idKey) { ["seq"] = next.Seq }),
                new(TableTransactionActionType.Add, Documents.AuditEntry.Write(new TableEntity(partition, EntryFrom + Keys.Rising(next.Seq)), next)),
                head is null ? new(TableTransactionActionType.Add, newHead) : new(TableTransactionActionType.UpdateReplace, newHead, head.ETag),
            ], cancellationToken);

            // Refused, or no answer: the entry is in the chain already, by this call or an earlier one, or another entry came first.
            if (write is TableWrite.Applied || await _table.FindAsync(partition, idKey, cancellationToken) is not null)
            {
                return;
            }

            if (write is TableWrite.Uncertain uncertain)
            {
                throw uncertain.Error;
            }
        }

        throw new StorageException($"The audit log of '{scope}' is written by too many at a time.") { IsTransient = true };
    }

    public async Task<bool> ContainsAsync(string scope, string id, CancellationToken cancellationToken) =>
        await _table.FindAsync(Keys.Escape(scope), IdKey(id), cancellationToken) is not null;

    public async IAsyncEnumerable<ChainedAuditEntry> ReadAsync(string scope, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var row in _table.RangeAsync(Keys.Escape(scope), EntryFrom, EntryBefore, cancellationToken))
        {
            yield return Documents.AuditEntry.Read(row);
        }
    }

    private static string IdKey(string id) => "id:" + Keys.Escape(id);
}
