using System.Runtime.CompilerServices;
using Azure;
using Azure.Data.Tables;
using ModelFlow.Core.Ports;

namespace ModelFlow.Storage.Tables;

/// <summary>
/// One table: reads answer null for what is not there, writes answer whether they were applied, everything else that fails is a
/// <see cref="StorageException"/>. A batch is one request: one partition, at most 100 rows and 4 MiB.
/// </summary>
internal sealed class Table(TableClient client)
{
    // Azure's limit is 4 MiB for the request; the rest is for the headers of each part and for JSON's quoting.
    private const int MaxBatchBytes = 3_500_000;
    private const int MaxBatchRows = 100;
    private const string TableMissing = "TableNotFound";

    public string Name => client.Name;

    /// <summary>Makes the table unless it is there.</summary>
    public Task CreateIfMissingAsync(CancellationToken cancellationToken) =>
        StorageErrors.TranslateAsync($"making the table '{Name}'", () => client.CreateIfNotExistsAsync(cancellationToken), cancellationToken);

    /// <summary>A row; null if there is none. Only the properties in <paramref name="select"/>, if given.</summary>
    public Task<TableEntity?> FindAsync(string partition, string row, CancellationToken cancellationToken, params string[] select) =>
        StorageErrors.TranslateAsync($"reading {Name}", async () =>
        {
            var found = await client.GetEntityIfExistsAsync<TableEntity>(partition, row, select.Length == 0 ? null : select, cancellationToken);
            return found.HasValue ? found.Value : null;
        }, cancellationToken);

    /// <summary>The rows of a partition from key <paramref name="from"/> to before key <paramref name="before"/>, in order.</summary>
    public IAsyncEnumerable<TableEntity> RangeAsync(string partition, string from, string before, CancellationToken cancellationToken) =>
        QueryAsync(TableClient.CreateQueryFilter($"PartitionKey eq {partition} and RowKey ge {from} and RowKey lt {before}"), cancellationToken);

    /// <summary>The first <paramref name="count"/> rows of a range.</summary>
    public async Task<IReadOnlyList<TableEntity>> FirstAsync(string partition, string from, string before, int count, CancellationToken cancellationToken)
    {
        var rows = new List<TableEntity>(count);
        var filter = TableClient.CreateQueryFilter($"PartitionKey eq {partition} and RowKey ge {from} and RowKey lt {before}");
        await foreach (var row in QueryAsync(filter, cancellationToken, pageSize: Math.Min(count, 1000)))
        {
            rows.Add(row);
            if (rows.Count == count)
            {
                break;
            }
        }

        return rows;
    }

    /// <summary>The rows a filter lets through (null: all); only the properties in <paramref name="select"/>, if given.</summary>
    public async IAsyncEnumerable<TableEntity> QueryAsync(
        string? filter, [EnumeratorCancellation] CancellationToken cancellationToken, int? pageSize = null, IReadOnlyList<string>? select = null)
    {
        await using var pages = client.QueryAsync<TableEntity>(filter, pageSize, select, cancellationToken).AsPages().GetAsyncEnumerator(cancellationToken);
        while (await StorageErrors.TranslateAsync($"reading {Name}", () => pages.MoveNextAsync().AsTask(), cancellationToken))
        {
            foreach (var row in pages.Current.Values)
            {
                yield return row;
            }
        }
    }

    /// <summary>Writes all rows or none, in one request.</summary>
    /// <exception cref="StorageException">The batch is bigger than the service takes.</exception>
    public async Task<TableWrite> WriteAsync(IReadOnlyList<TableTransactionAction> actions, CancellationToken cancellationToken)
    {
        Check(actions);
        try
        {
            if (actions.Count == 1)
            {
                return new TableWrite.Applied([(await WriteOneAsync(actions[0], cancellationToken)).Headers.ETag.GetValueOrDefault()]);
            }

            var answer = await client.SubmitTransactionAsync(actions, cancellationToken);
            return new TableWrite.Applied([.. answer.Value.Select(r => r.Headers.ETag.GetValueOrDefault())]);
        }
        catch (Exception e) when (StorageErrors.IsStorageFailure(e, cancellationToken))
        {
            var status = StorageErrors.StatusOf(e);
            var error = StorageErrors.Translate($"writing {Name}", e);
            return status is 404 or 409 or 412 && e is not RequestFailedException { ErrorCode: TableMissing } ? new TableWrite.Refused(status, error)
                : StorageErrors.IsUncertain(e) ? new TableWrite.Uncertain(error)
                : throw error;
        }
    }

    /// <summary>Writes rows whatever is there, all or none; false if a row that is changed or deleted is not there.</summary>
    public async Task<bool> ForceAsync(IReadOnlyList<TableTransactionAction> actions, CancellationToken cancellationToken) =>
        await WriteAsync(actions, cancellationToken) switch
        {
            TableWrite.Applied => true,
            TableWrite.Refused { Status: 404 } => false,
            TableWrite.Refused refused => throw refused.Error,
            TableWrite.Uncertain uncertain => throw uncertain.Error,
            var other => throw new InvalidOperationException($"Unknown outcome {other}."),
        };

    private Task<Response> WriteOneAsync(TableTransactionAction action, CancellationToken cancellationToken) => action.ActionType switch
    {
        TableTransactionActionType.Add => client.AddEntityAsync((TableEntity)action.Entity, cancellationToken),
        TableTransactionActionType.UpdateReplace => client.UpdateEntityAsync((TableEntity)action.Entity, action.ETag, TableUpdateMode.Replace, cancellationToken),
        TableTransactionActionType.UpdateMerge => client.UpdateEntityAsync((TableEntity)action.Entity, action.ETag, TableUpdateMode.Merge, cancellationToken),
        TableTransactionActionType.UpsertReplace => client.UpsertEntityAsync((TableEntity)action.Entity, TableUpdateMode.Replace, cancellationToken),
        TableTransactionActionType.Delete => DeleteAsync(action, cancellationToken),
        _ => throw new NotSupportedException($"{action.ActionType} is not used."),
    };

    // The SDK answers a delete of a row that is not there with 404 and no exception.
    private async Task<Response> DeleteAsync(TableTransactionAction action, CancellationToken cancellationToken)
    {
        var answer = await client.DeleteEntityAsync(action.Entity.PartitionKey, action.Entity.RowKey, action.ETag, cancellationToken);
        return answer.Status == 404 ? throw new RequestFailedException(answer) : answer;
    }

    private void Check(IReadOnlyList<TableTransactionAction> actions)
    {
        if (actions.Count is 0 or > MaxBatchRows)
        {
            throw new ArgumentException($"A batch has 1 to {MaxBatchRows} rows, not {actions.Count}.", nameof(actions));
        }

        // Azurite takes batches that Azure refuses.
        if (actions.Any(a => !string.Equals(a.Entity.PartitionKey, actions[0].Entity.PartitionKey, StringComparison.Ordinal)))
        {
            throw new ArgumentException("All rows of a batch are of one partition.", nameof(actions));
        }

        if (actions.Sum(a => RowDocument.SizeOf((TableEntity)a.Entity)) > MaxBatchBytes)
        {
            throw new StorageException($"Writing {Name}: the rows of one change are together more than {MaxBatchBytes:N0} bytes, which is what a table batch takes.");
        }
    }
}

/// <summary>The outcome of a write.</summary>
internal abstract record TableWrite
{
    private TableWrite()
    {
    }

    /// <summary>Done; the rows' new ETags, in order.</summary>
    public sealed record Applied(IReadOnlyList<ETag> ETags) : TableWrite;

    /// <summary>A condition was not met: a row is there (409), is not there (404) or is another (412). An earlier try of the same call may be why.</summary>
    public sealed record Refused(int Status, StorageException Error) : TableWrite;

    /// <summary>No answer, or none that says: it may have taken effect.</summary>
    public sealed record Uncertain(StorageException Error) : TableWrite;
}
