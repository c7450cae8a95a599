using Azure;
using Azure.Data.Tables;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Storage.Tables;

namespace ModelFlow.Storage.Releases;

/// <summary>Lists of releases, as <see cref="ReleaseListRows"/> lays them out.</summary>
internal sealed class TableReleaseIndex(StorageClients clients) : IReleaseIndex
{
    private const int MaxTries = 20;

    private readonly Table _lists = clients.Table(StorageNames.ListsTable);

    public async Task PutAsync(ReleaseSummary summary, CancellationToken cancellationToken)
    {
        // The usual case in one request: a release that is new, or one that ends as it was entered. Rows that are there, or are not, make it another.
        var rows = ReleaseListRows.All(summary);
        var write = summary.Outcome is null
            ? await _lists.WriteAsync([.. rows.Select(r => new TableTransactionAction(TableTransactionActionType.Add, r))], cancellationToken)
            : await _lists.WriteAsync([.. rows.Select(r => new TableTransactionAction(TableTransactionActionType.UpdateReplace, r, ETag.All)), ReleaseListRows.DeleteRunning(summary.Id)], cancellationToken);
        if (write is not TableWrite.Applied)
        {
            await PutAgainAsync(summary, cancellationToken);
        }
    }

    public IAsyncEnumerable<ReleaseId> ListRunningAsync(CancellationToken cancellationToken) =>
        _lists.RangeAsync(ReleaseListRows.Partition, ReleaseListRows.RunPrefix, Keys.After(ReleaseListRows.RunPrefix), cancellationToken).Select(r => ReleaseId.Parse(r.RowKey[ReleaseListRows.RunPrefix.Length..]));

    public Task RemoveRunningAsync(ReleaseId id, CancellationToken cancellationToken) => _lists.ForceAsync([ReleaseListRows.DeleteRunning(id)], cancellationToken);

    public async Task<Core.Ports.Page<ReleaseSummary>> ListAsync(ModelName? model, int pageSize, string? continuation, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(pageSize, 1);
        var prefix = model is { } name ? ReleaseListRows.ModelPrefix(name) : ReleaseListRows.AllPrefix;

        // A continuation is the end of the last key of the page before; '!' is the first character that a key may have.
        var from = continuation is null ? prefix : $"{prefix}{continuation}!";
        var rows = await _lists.FirstAsync(ReleaseListRows.Partition, from, Keys.After(prefix), pageSize + 1, cancellationToken);
        var page = rows.Take(pageSize).Select(Documents.Summary.Read).ToList();
        return new Core.Ports.Page<ReleaseSummary>(page, rows.Count > pageSize ? ReleaseListRows.SortKey(page[^1]) : null);
    }

    public async Task<ReleaseId?> FindLatestAttemptAsync(ModelName model, VersionName version, CancellationToken cancellationToken)
    {
        var prefix = ReleaseListRows.AttemptPrefix(model, version);
        var rows = await _lists.FirstAsync(ReleaseListRows.Partition, prefix, Keys.After(prefix), 1, cancellationToken);
        return rows.Count == 0 ? null : Documents.Summary.Read(rows[0]).Id;
    }

    /// <summary>Enters a release that is entered already, on condition of what is there: the attempt's row stands for the others.</summary>
    private async Task PutAgainAsync(ReleaseSummary summary, CancellationToken cancellationToken)
    {
        for (var tries = 0; tries < MaxTries; tries++)
        {
            var attempt = await _lists.FindAsync(ReleaseListRows.Partition, ReleaseListRows.AttemptKey(summary.Id), cancellationToken);
            var stored = attempt is null ? null : Documents.Summary.Read(attempt);
            if (stored is { Outcome: not null } && summary.Outcome is null)
            {
                return;
            }

            var isRunning = await _lists.FindAsync(ReleaseListRows.Partition, ReleaseListRows.RunKey(summary.Id), cancellationToken) is not null;
            var rows = ReleaseListRows.All(summary).ToDictionary(r => r.RowKey, StringComparer.Ordinal);
            var batch = new List<TableTransactionAction>();
            var key = ReleaseListRows.AttemptKey(summary.Id);
            batch.Add(attempt is null ? new(TableTransactionActionType.Add, rows[key]) : new(TableTransactionActionType.UpdateReplace, rows[key], attempt.ETag));
            batch.AddRange(rows.Values.Where(r => !string.Equals(r.RowKey, key, StringComparison.Ordinal)).Select(ReleaseListRows.Upsert));
            if (summary.Outcome is not null && isRunning)
            {
                batch.Add(ReleaseListRows.DeleteRunning(summary.Id));
            }

            // It was entered with another time before: by a host that was cut off before it created the release.
            if (stored is not null && stored.StartedAt != summary.StartedAt)
            {
                batch.AddRange(ReleaseListRows.Sorted(stored).Select(r => new TableTransactionAction(TableTransactionActionType.Delete, r, ETag.All)));
            }

            switch (await _lists.WriteAsync(batch, cancellationToken))
            {
                case TableWrite.Applied:
                    return;
                case TableWrite.Uncertain uncertain when tries > 0:
                    throw uncertain.Error;
            }
        }

        throw new StorageException($"The lists' rows of {summary.Id} are written by too many at a time.") { IsTransient = true };
    }
}
