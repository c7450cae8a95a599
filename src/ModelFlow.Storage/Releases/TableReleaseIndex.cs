using Azure;
using Azure.Data.Tables;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Storage.Tables;

namespace ModelFlow.Storage.Releases;

/// <summary>
/// Lists of releases: one partition of the table <c>Lists</c>, so that entering a release is one batch.
/// <c>all:{newest first}:{release}</c> and <c>model:{model}:{newest first}:{release}</c> are read as pages,
/// <c>attempt:{model}:{version}:{highest first}</c> finds a version's newest attempt, <c>run:{release}</c> says what is running.
/// </summary>
internal sealed class TableReleaseIndex(StorageClients clients) : IReleaseIndex
{
    private const string Partition = "releases";
    private const string RunPrefix = "run:";
    private const string AllPrefix = "all:";
    private const int MaxTries = 20;

    private readonly Table _lists = clients.Table(StorageNames.ListsTable);
    private readonly Table _releases = clients.Table(StorageNames.ReleasesTable);

    public async Task PutAsync(ReleaseSummary summary, CancellationToken cancellationToken)
    {
        // The usual case in one request: a release that is new, or one that ends as it was entered. Rows that are there, or are not, make it another.
        var rows = Rows(summary);
        var write = summary.Outcome is null
            ? await _lists.WriteAsync([.. rows.Select(r => new TableTransactionAction(TableTransactionActionType.Add, r))], cancellationToken)
            : await _lists.WriteAsync([.. rows.Select(r => new TableTransactionAction(TableTransactionActionType.UpdateReplace, r, ETag.All)), DeleteRunning(summary.Id)], cancellationToken);
        if (write is not TableWrite.Applied)
        {
            await PutAgainAsync(summary, cancellationToken);
        }
    }

    public IAsyncEnumerable<ReleaseId> ListRunningAsync(CancellationToken cancellationToken) =>
        _lists.RangeAsync(Partition, RunPrefix, Keys.After(RunPrefix), cancellationToken).Select(r => ReleaseId.Parse(r.RowKey[RunPrefix.Length..]));

    public Task RemoveRunningAsync(ReleaseId id, CancellationToken cancellationToken) => _lists.ForceAsync([DeleteRunning(id)], cancellationToken);

    public async Task<Core.Ports.Page<ReleaseSummary>> ListAsync(ModelName? model, int pageSize, string? continuation, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(pageSize, 1);
        var prefix = model is { } name ? ModelPrefix(name) : AllPrefix;

        // A continuation is the end of the last key of the page before; '!' is the first character that a key may have.
        var from = continuation is null ? prefix : $"{prefix}{continuation}!";
        var rows = await _lists.FirstAsync(Partition, from, Keys.After(prefix), pageSize + 1, cancellationToken);
        var page = rows.Take(pageSize).Select(Documents.Summary.Read).ToList();
        return new Core.Ports.Page<ReleaseSummary>(page, rows.Count > pageSize ? SortKey(page[^1]) : null);
    }

    public async Task<ReleaseId?> FindLatestAttemptAsync(ModelName model, VersionName version, CancellationToken cancellationToken)
    {
        var prefix = AttemptPrefix(model, version);
        var rows = await _lists.FirstAsync(Partition, prefix, Keys.After(prefix), 1, cancellationToken);
        return rows.Count == 0 ? null : Documents.Summary.Read(rows[0]).Id;
    }

    public async Task<int> RebuildAsync(CancellationToken cancellationToken)
    {
        var known = new HashSet<ReleaseId>();
        await foreach (var row in _releases.QueryAsync(TableClient.CreateQueryFilter($"RowKey eq {ReleaseRows.StateKey}"), cancellationToken))
        {
            var summary = ReleaseSummary.Of(Documents.State.Read(row));
            known.Add(summary.Id);
            await PutAgainAsync(summary, cancellationToken);
        }

        // One that is entered as running may be about to be created: it stays.
        var running = await ListRunningAsync(cancellationToken).ToHashSetAsync(cancellationToken: cancellationToken);
        await foreach (var row in _lists.RangeAsync(Partition, AllPrefix, Keys.After(AllPrefix), cancellationToken))
        {
            var summary = Documents.Summary.Read(row);
            if (!known.Contains(summary.Id) && !running.Contains(summary.Id))
            {
                await RemoveAsync(summary, cancellationToken);
            }
        }

        return known.Count;
    }

    private static string SortKey(ReleaseSummary summary) => $"{Keys.Falling(summary.StartedAt)}:{summary.Id}";

    private static string ModelPrefix(ModelName model) => $"model:{model}:";

    private static string AttemptPrefix(ModelName model, VersionName version) => $"attempt:{model}:{version}:";

    private static string AttemptKey(ReleaseId id) => AttemptPrefix(id.Model, id.Version) + Keys.Falling(id.Attempt);

    private static TableTransactionAction Upsert(TableEntity row) => new(TableTransactionActionType.UpsertReplace, row);

    private static TableTransactionAction DeleteRunning(ReleaseId id) => new(TableTransactionActionType.Delete, new TableEntity(Partition, RunPrefix + id), ETag.All);

    private static IEnumerable<TableEntity> Rows(ReleaseSummary summary)
    {
        if (summary.Outcome is null)
        {
            yield return new TableEntity(Partition, RunPrefix + summary.Id);
        }

        yield return Row(AttemptKey(summary.Id), summary);
        yield return Row(AllPrefix + SortKey(summary), summary);
        yield return Row(ModelPrefix(summary.Id.Model) + SortKey(summary), summary);
    }

    private static TableEntity Row(string key, ReleaseSummary summary) => Documents.Summary.Write(new TableEntity(Partition, key), summary);

    /// <summary>Enters a release that is entered already, on condition of what is there: the attempt's row stands for the others.</summary>
    private async Task PutAgainAsync(ReleaseSummary summary, CancellationToken cancellationToken)
    {
        for (var tries = 0; tries < MaxTries; tries++)
        {
            var attempt = await _lists.FindAsync(Partition, AttemptKey(summary.Id), cancellationToken);
            var stored = attempt is null ? null : Documents.Summary.Read(attempt);
            if (stored is { Outcome: not null } && summary.Outcome is null)
            {
                return;
            }

            var isRunning = await _lists.FindAsync(Partition, RunPrefix + summary.Id, cancellationToken) is not null;
            var rows = Rows(summary).ToDictionary(r => r.RowKey, StringComparer.Ordinal);
            var batch = new List<TableTransactionAction>();
            var key = AttemptKey(summary.Id);
            batch.Add(attempt is null ? new(TableTransactionActionType.Add, rows[key]) : new(TableTransactionActionType.UpdateReplace, rows[key], attempt.ETag));
            batch.AddRange(rows.Values.Where(r => !string.Equals(r.RowKey, key, StringComparison.Ordinal)).Select(Upsert));
            if (summary.Outcome is not null && isRunning)
            {
                batch.Add(DeleteRunning(summary.Id));
            }

            // It was entered with another time before: by a host that was cut off before it created the release.
            if (stored is not null && stored.StartedAt != summary.StartedAt)
            {
                batch.AddRange(ListRows(stored).Select(r => new TableTransactionAction(TableTransactionActionType.Delete, r, ETag.All)));
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

    private static IEnumerable<TableEntity> ListRows(ReleaseSummary summary)
    {
        yield return new TableEntity(Partition, AllPrefix + SortKey(summary));
        yield return new TableEntity(Partition, ModelPrefix(summary.Id.Model) + SortKey(summary));
    }

    private async Task RemoveAsync(ReleaseSummary summary, CancellationToken cancellationToken)
    {
        var rows = ListRows(summary).Append(new TableEntity(Partition, AttemptKey(summary.Id)));
        await _lists.ForceAsync([.. rows.Select(r => new TableTransactionAction(TableTransactionActionType.Delete, r, ETag.All))], cancellationToken);
    }
}
