using Azure.Data.Tables;
using ModelFlow.Core.Ports;

namespace ModelFlow.Storage.Tables;

/// <summary>One value a row, inserted once and changed by read, change, conditional write.</summary>
internal sealed class ValueRow<T>(Table table, RowDocument<T> document)
    where T : class
{
    private const int MaxTries = 50;

    /// <summary>The value; null if there is none.</summary>
    public async Task<T?> FindAsync(string partition, string key, CancellationToken cancellationToken) =>
        await table.FindAsync(partition, key, cancellationToken) is { } row ? document.Read(row) : null;

    /// <summary>Inserts the value; if the row is there, returns what it holds instead.</summary>
    public async Task<T?> AddAsync(string partition, string key, T value, CancellationToken cancellationToken)
    {
        for (var tries = 0; tries < MaxTries; tries++)
        {
            var writer = RowVersion.NewWriter();
            var row = Row(partition, key, value, read: null, writer);
            var write = await table.WriteAsync([new(TableTransactionActionType.Add, row)], cancellationToken);
            if (write is TableWrite.Applied)
            {
                return null;
            }

            var there = await table.FindAsync(partition, key, cancellationToken);
            if (there is not null)
            {
                return RowVersion.ReadBack(there, row, writer) is null ? document.Read(there) : null;
            }

            if (write is TableWrite.Uncertain uncertain)
            {
                throw uncertain.Error;
            }
        }

        throw TooMany(partition, key);
    }

    /// <summary>Inserts or replaces the value: the last writer wins.</summary>
    public Task PutAsync(string partition, string key, T value, CancellationToken cancellationToken) =>
        table.ForceAsync([new(TableTransactionActionType.UpsertReplace, Row(partition, key, value, read: null, RowVersion.NewWriter()))], cancellationToken);

    /// <summary>
    /// Applies <paramref name="change"/> to the value (null: there is none) and writes the result unless it is null or the same; again from
    /// the start if somebody else wrote in between. Returns what is stored then.
    /// </summary>
    public async Task<T?> UpdateAsync(string partition, string key, Func<T?, T?> change, CancellationToken cancellationToken)
    {
        for (var tries = 0; tries < MaxTries; tries++)
        {
            var stored = await table.FindAsync(partition, key, cancellationToken);
            var value = stored is null ? null : document.Read(stored);
            var changed = change(value);
            if (changed is null || changed.Equals(value))
            {
                return value;
            }

            var read = stored is null ? null : RowVersion.Of(stored);
            var writer = RowVersion.NewWriter();
            var row = Row(partition, key, changed, read, writer);
            var write = await table.WriteAsync([read is null ? new(TableTransactionActionType.Add, row) : new(TableTransactionActionType.UpdateReplace, row, read.Condition)], cancellationToken);
            if (write is TableWrite.Applied || RowVersion.ReadBack(await table.FindAsync(partition, key, cancellationToken), row, writer) is not null)
            {
                return changed;
            }

            if (write is TableWrite.Uncertain uncertain)
            {
                throw uncertain.Error;
            }
        }

        throw TooMany(partition, key);
    }

    /// <summary>Deletes the row; false if there is none.</summary>
    public async Task<bool> RemoveAsync(string partition, string key, CancellationToken cancellationToken)
    {
        // Read first: a delete that is tried again finds nothing, and would say that there was nothing.
        if (await table.FindAsync(partition, key, cancellationToken) is not { } stored)
        {
            return false;
        }

        await table.ForceAsync([new(TableTransactionActionType.Delete, stored, Azure.ETag.All)], cancellationToken);
        return true;
    }

    /// <summary>The value in a row that was read.</summary>
    public T Read(TableEntity row) => document.Read(row);

    private TableEntity Row(string partition, string key, T value, RowVersion? read, string writer)
    {
        var row = document.Write(new TableEntity(partition, key), value);
        RowVersion.Sign(row, read, writer);
        return row;
    }

    private StorageException TooMany(string partition, string key) =>
        new($"The row {partition}/{key} of {table.Name} is written by too many at a time.") { IsTransient = true };
}
