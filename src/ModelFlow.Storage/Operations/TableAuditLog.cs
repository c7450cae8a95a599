using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Azure.Data.Tables;
using ModelFlow.Core.Audit;
using ModelFlow.Core.Ports;
using ModelFlow.Storage.Tables;

namespace ModelFlow.Storage.Operations;

/// <summary>
/// The audit log in the table <c>Audit</c>, one partition a scope: <c>entry:{seq}</c>, <c>id:{id}</c> so that none is entered twice,
/// and <c>head</c>, the newest entry. An append is one batch on condition of the head as it was read.
/// The partition <c>_scopes</c> lists the scopes: entered before a scope's first entry, so that none is missing.
/// </summary>
internal sealed class TableAuditLog(StorageClients clients) : IAuditLog
{
    private const string EntryFrom = "entry:";
    private const string EntryBefore = "entry;";
    private const string HeadKey = "head";
    private const string ScopesPartition = "_scopes";
    private const string ScopeProperty = "scope";

    // Says that the scopes that were there before there was a list have been entered.
    private const string ListedKey = "==listed";
    private const int SaltBytes = 16;
    private const int MaxTries = 100;

    private readonly Table _table = clients.Table(StorageNames.AuditTable);

    public async Task AppendAsync(string scope, AuditEntry entry, CancellationToken cancellationToken)
    {
        var partition = Keys.Escape(scope);
        var idKey = IdKey(entry.Id);
        entry = entry with { Salt = entry.Salt ?? Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(SaltBytes)) };
        for (var tries = 0; tries < MaxTries; tries++)
        {
            var head = await _table.FindAsync(partition, HeadKey, cancellationToken);
            if (head is null)
            {
                await _table.ForceAsync([EnterScope(scope)], cancellationToken);
            }

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

    public async IAsyncEnumerable<string> ListScopesAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        if (await _table.FindAsync(ScopesPartition, ListedKey, cancellationToken) is null)
        {
            await EnterOldScopesAsync(cancellationToken);
        }

        await foreach (var row in _table.QueryAsync(TableClient.CreateQueryFilter($"PartitionKey eq {ScopesPartition}"), cancellationToken))
        {
            if (row.GetString(ScopeProperty) is { } scope)
            {
                yield return scope;
            }
        }
    }

    public async Task<ChainedAuditEntry?> FindHeadAsync(string scope, CancellationToken cancellationToken) =>
        await _table.FindAsync(Keys.Escape(scope), HeadKey, cancellationToken) is { } head ? Documents.AuditEntry.Read(head) : null;

    private async Task EnterOldScopesAsync(CancellationToken cancellationToken)
    {
        // Scopes of models and of the system are short: their escaped form is never a digest.
        await foreach (var head in _table.QueryAsync(TableClient.CreateQueryFilter($"RowKey eq {HeadKey}"), cancellationToken, select: ["PartitionKey"]))
        {
            await _table.ForceAsync([EnterScope(Keys.Unescape(head.PartitionKey))], cancellationToken);
        }

        await _table.ForceAsync([new(TableTransactionActionType.UpsertReplace, new TableEntity(ScopesPartition, ListedKey))], cancellationToken);
    }

    private static TableTransactionAction EnterScope(string scope) =>
        new(TableTransactionActionType.UpsertReplace, new TableEntity(ScopesPartition, Keys.Escape(scope)) { [ScopeProperty] = scope });

    private static string IdKey(string id) => "id:" + Keys.Escape(id);
}
