using Azure;
using Azure.Data.Tables;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Storage.Tables;

namespace ModelFlow.Storage.Releases;

/// <summary>
/// Makes the lists of releases again. Lists and states are read once, as they are; only where the two disagree is each release looked at
/// by itself and put right on condition that nobody writes its rows meanwhile. So one that starts or ends during a rebuild is never
/// overwritten with what it was before.
/// </summary>
internal sealed class ReleaseList(StorageClients clients) : IProjectedList
{
    private const int MaxTries = 20;
    private const int AtATime = 8;
    private const int LostInABatch = 30;

    private readonly Table _lists = clients.Table(StorageNames.ListsTable);
    private readonly Table _releases = clients.Table(StorageNames.ReleasesTable);

    public string Name => "releases";

    public async Task<RebuiltList> RebuildAsync(CancellationToken cancellationToken)
    {
        var listed = await ReadListsAsync(cancellationToken);
        var lost = new List<ReleaseSummary>();
        var doubtful = new Dictionary<ReleaseId, List<Listed>>();
        var entries = 0;
        await foreach (var row in _releases.QueryAsync(TableClient.CreateQueryFilter($"RowKey eq {ReleaseRows.StateKey}"), cancellationToken))
        {
            var summary = ReleaseSummary.Of(Documents.State.Read(row));
            entries++;
            switch (TakeOut(listed, summary))
            {
                case Found.Nothing when summary.Outcome is not null:
                    lost.Add(summary);
                    break;
                case not Found.Right:
                    doubtful[summary.Id] = [];
                    break;
            }
        }

        // What is left belongs to no release, or to one that does not say so.
        foreach (var row in listed.Values)
        {
            if (!doubtful.TryGetValue(row.Release, out var rows))
            {
                doubtful[row.Release] = rows = [];
            }

            rows.Add(row);
        }

        var (entered, removed) = (0, 0);
        var options = new ParallelOptions { MaxDegreeOfParallelism = AtATime, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(lost.Chunk(LostInABatch), options, async (some, token) => Interlocked.Add(ref entered, await EnterLostAsync(some, token)));
        await Parallel.ForEachAsync(doubtful, options, async (release, token) =>
        {
            var done = await PutRightAsync(release.Key, release.Value, token);
            Interlocked.Add(ref entered, done.Entered ? 1 : 0);
            Interlocked.Add(ref removed, done.Removed ? 1 : 0);
        });
        return new RebuiltList(Name, entries, entered, removed);
    }

    private static Found TakeOut(Dictionary<string, Listed> listed, ReleaseSummary summary)
    {
        var (right, any) = (true, false);
        foreach (var key in ReleaseListRows.All(summary).Select(r => r.RowKey))
        {
            var there = listed.Remove(key, out var row);
            any |= there;
            right &= there && row!.Says(summary);
        }

        return right ? Found.Right : any ? Found.Wrong : Found.Nothing;
    }

    // A release that has ended stays so, and its rows are added only where none are: no need to look at each by itself.
    private async Task<int> EnterLostAsync(ReleaseSummary[] summaries, CancellationToken cancellationToken)
    {
        if (await _lists.WriteAsync([.. summaries.SelectMany(ReleaseListRows.All).Select(r => new TableTransactionAction(TableTransactionActionType.Add, r))], cancellationToken) is TableWrite.Applied)
        {
            return summaries.Length;
        }

        var entered = 0;
        foreach (var summary in summaries)
        {
            entered += (await PutRightAsync(summary.Id, [], cancellationToken)).Entered ? 1 : 0;
        }

        return entered;
    }

    private async Task<Dictionary<string, Listed>> ReadListsAsync(CancellationToken cancellationToken)
    {
        var listed = new Dictionary<string, Listed>(StringComparer.Ordinal);
        await foreach (var row in _lists.QueryAsync(TableClient.CreateQueryFilter($"PartitionKey eq {ReleaseListRows.Partition}"), cancellationToken))
        {
            if (Listed.Read(row) is { } known)
            {
                listed.Add(row.RowKey, known);
            }
        }

        return listed;
    }

    /// <summary>Looks at one release's rows and state now, and makes the rows agree. <paramref name="others"/> are rows that may not be where they should.</summary>
    private async Task<(bool Entered, bool Removed)> PutRightAsync(ReleaseId id, IReadOnlyList<Listed> others, CancellationToken cancellationToken)
    {
        for (var tries = 0; tries < MaxTries; tries++)
        {
            // Whoever enters or ends a release writes the attempt's row. It is read before the state: when it still is this row at the
            // write, then the state that was read is newer than all that was entered, even if that says 'ended'.
            var attempt = await _lists.FindAsync(ReleaseListRows.Partition, ReleaseListRows.AttemptKey(id), cancellationToken);
            var state = await _releases.FindAsync(id.ToString(), ReleaseRows.StateKey, cancellationToken);
            var running = await _lists.FindAsync(ReleaseListRows.Partition, ReleaseListRows.RunKey(id), cancellationToken) is not null;
            if (state is null)
            {
                // One that is entered as running may be about to be created: the active host takes it out if it never is.
                if (running)
                {
                    return (false, false);
                }

                if (attempt is null || await DeleteAsync(attempt.RowKey, attempt.ETag, cancellationToken))
                {
                    var deleted = await DeleteAsync(others.Where(o => !string.Equals(o.Key, attempt?.RowKey, StringComparison.Ordinal)), cancellationToken);
                    return (false, deleted || attempt is not null);
                }

                continue;
            }

            var summary = ReleaseSummary.Of(Documents.State.Read(state));
            var rows = ReleaseListRows.All(summary).ToDictionary(r => r.RowKey, StringComparer.Ordinal);
            var changed = !await AreThereAsync(summary, running, attempt, rows.Keys, cancellationToken);
            if (changed)
            {
                var key = ReleaseListRows.AttemptKey(id);
                var batch = new List<TableTransactionAction>
                {
                    attempt is null ? new(TableTransactionActionType.Add, rows[key]) : new(TableTransactionActionType.UpdateReplace, rows[key], attempt.ETag),
                };
                batch.AddRange(rows.Values.Where(r => !string.Equals(r.RowKey, key, StringComparison.Ordinal)).Select(ReleaseListRows.Upsert));
                if (summary.Outcome is not null && running)
                {
                    batch.Add(ReleaseListRows.DeleteRunning(id));
                }

                switch (await _lists.WriteAsync(batch, cancellationToken))
                {
                    case TableWrite.Refused:
                        continue;
                    case TableWrite.Uncertain when tries == 0:
                        continue;
                    case TableWrite.Uncertain uncertain:
                        throw uncertain.Error;
                }
            }

            // A release has one time of its start: what stands at another is left over.
            return (changed, await DeleteAsync(others.Where(o => !rows.ContainsKey(o.Key)), cancellationToken));
        }

        throw new StorageException($"The lists' rows of {id} are written by too many at a time.") { IsTransient = true };
    }

    private async Task<bool> AreThereAsync(ReleaseSummary summary, bool running, TableEntity? attempt, IEnumerable<string> keys, CancellationToken cancellationToken)
    {
        if (attempt is null || running != summary.Outcome is null)
        {
            return false;
        }

        foreach (var key in keys.Where(ReleaseListRows.HasSummary))
        {
            var row = string.Equals(key, attempt.RowKey, StringComparison.Ordinal) ? attempt : await _lists.FindAsync(ReleaseListRows.Partition, key, cancellationToken);
            if (row is null || Listed.Read(row)?.Says(summary) != true)
            {
                return false;
            }
        }

        return true;
    }

    // One by one: a batch fails as a whole when one of its rows is gone.
    private async Task<bool> DeleteAsync(IEnumerable<Listed> rows, CancellationToken cancellationToken)
    {
        var deleted = false;
        foreach (var row in rows)
        {
            deleted |= await DeleteAsync(row.Key, row.ETag, cancellationToken);
        }

        return deleted;
    }

    /// <summary>False if the row is gone or another's write is there.</summary>
    private async Task<bool> DeleteAsync(string key, ETag etag, CancellationToken cancellationToken) =>
        await _lists.WriteAsync([ReleaseListRows.Delete(key, etag)], cancellationToken) switch
        {
            TableWrite.Applied => true,
            TableWrite.Uncertain uncertain => throw uncertain.Error,
            _ => false,
        };

    private enum Found
    {
        Nothing,
        Wrong,
        Right,
    }

    /// <summary>A row of the lists, without its document: there are three of them for each release.</summary>
    private sealed record Listed(string Key, ReleaseId Release, ReleaseSummary? Summary, ETag ETag)
    {
        /// <summary>Null for a row of a kind that a newer ModelFlow may have made.</summary>
        public static Listed? Read(TableEntity row)
        {
            if (ReleaseListRows.HasSummary(row.RowKey))
            {
                var summary = Documents.Summary.Read(row);
                return new Listed(row.RowKey, summary.Id, summary, row.ETag);
            }

            return row.RowKey.StartsWith(ReleaseListRows.RunPrefix, StringComparison.Ordinal)
                ? new Listed(row.RowKey, ReleaseId.Parse(row.RowKey[ReleaseListRows.RunPrefix.Length..]), null, row.ETag)
                : null;
        }

        // The stage of a running release is entered at its start and changes all the time.
        public bool Says(ReleaseSummary summary) => Summary is null
            || Summary == summary
            || (summary.Outcome is null && Summary == summary with { Stage = Summary.Stage });
    }
}
