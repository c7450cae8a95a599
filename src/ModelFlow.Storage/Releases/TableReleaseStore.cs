using System.Runtime.CompilerServices;
using Azure;
using Azure.Data.Tables;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;
using ModelFlow.Storage.Tables;

namespace ModelFlow.Storage.Releases;

/// <summary>
/// Releases in the table <c>Releases</c>, one partition each. A load, a save and a result are one request each when nothing goes wrong;
/// a write that is refused or unanswered is read back, so that the caller learns what became of it.
/// </summary>
internal sealed class TableReleaseStore(StorageClients clients) : IReleaseStore
{
    private readonly Table _table = clients.Table(StorageNames.ReleasesTable);

    public async Task<CreateRelease> CreateAsync(ReleaseState state, IReadOnlyList<ReleaseEvent> events, CancellationToken cancellationToken)
    {
        ReleaseWriteRules.CheckEvents(state, 0, events, consumedSignals: 0);
        var writer = RowVersion.NewWriter();
        var row = ReleaseRows.State(state, read: null, writer);
        var version = await WriteStateAsync([Add(row), .. events.Select(e => Add(ReleaseRows.Event(state.Id, e)))], row, writer, cancellationToken);
        return version is null ? new CreateRelease.AlreadyExists() : new CreateRelease.Created(new ReleaseSnapshot(state, [], null, version.Token));
    }

    public async Task<ReleaseSnapshot?> LoadAsync(ReleaseId id, CancellationToken cancellationToken)
    {
        var rows = await _table.QueryAsync(ReleaseRows.LoadFilter(id), cancellationToken).ToListAsync(cancellationToken);
        var state = rows.Find(r => string.Equals(r.RowKey, ReleaseRows.StateKey, StringComparison.Ordinal));
        return state is null ? null : ReleaseRows.Snapshot(rows, state);
    }

    public Task<SaveRelease> SaveAsync(ReleaseSnapshot read, ReleaseState next, IReadOnlyList<ReleaseEvent> events, IReadOnlyList<string> consumedSignals, CancellationToken cancellationToken) =>
        SaveAsync(read, newResult: null, next, events, consumedSignals, cancellationToken);

    public Task<SaveRelease> SaveWithResultAsync(
        ReleaseSnapshot read, CommandResult result, ReleaseState next, IReadOnlyList<ReleaseEvent> events, IReadOnlyList<string> consumedSignals, CancellationToken cancellationToken) =>
        SaveAsync(read, ReleaseRows.Result(next.Id, ReleaseWriteRules.PendingSeq(read), result), next, events, consumedSignals, cancellationToken);

    public async Task<StoreResult> AddResultAsync(ReleaseSnapshot read, int seq, CommandResult result, CancellationToken cancellationToken)
    {
        var id = read.State.Id;
        var before = RowVersion.Parse(read.Token);
        if (!before.IsOvertaken)
        {
            var writer = RowVersion.NewWriter();
            var row = ReleaseRows.StateWithResult(id, seq, result, before, writer);
            var version = await WriteStateAsync([new(TableTransactionActionType.UpdateMerge, row, before.Condition), Add(ReleaseRows.Result(id, seq, result))], row, writer, cancellationToken);
            if (version is not null)
            {
                return new StoreResult.Stored(read with { Result = result, Token = version.Token });
            }
        }

        var earlier = await _table.FindAsync(id.ToString(), ReleaseRows.ResultKey(seq), cancellationToken);
        return earlier is null ? new StoreResult.Conflict() : new StoreResult.AlreadyStored(ReleaseRows.ReadResult(earlier));
    }

    public async Task<AddSignal> AddSignalAsync(ReleaseId id, Signal signal, CancellationToken cancellationToken)
    {
        ReleaseWriteRules.CheckSignal(signal);
        var state = await _table.FindAsync(id.ToString(), ReleaseRows.StateKey, cancellationToken, ReleaseRows.OutcomeProperty);
        if (state is null)
        {
            return new AddSignal.NotFound();
        }

        if (state.GetString(ReleaseRows.OutcomeProperty) is { Length: > 0 } outcome)
        {
            return await _table.FindAsync(id.ToString(), ReleaseRows.SignalKey(signal.Id), cancellationToken) is null
                ? new AddSignal.Over(Enum.Parse<Outcome>(outcome))
                : new AddSignal.AlreadyAdded();
        }

        // A release that ends between the two requests leaves a signal that nobody reads, as one that came a moment later would find it over.
        var writer = RowVersion.NewWriter();
        var row = ReleaseRows.NewSignal(id, signal, writer);
        var outcomeOfWrite = await _table.WriteAsync([Add(row)], cancellationToken);
        return outcomeOfWrite is TableWrite.Applied || await ReadBackAsync(outcomeOfWrite, row, writer, cancellationToken) is not null
            ? new AddSignal.Added()
            : new AddSignal.AlreadyAdded();
    }

    public Task<bool> FenceAsync(ReleaseId id, CancellationToken cancellationToken) =>
        _table.ForceAsync([new(TableTransactionActionType.UpdateMerge, ReleaseRows.Fence(id), ETag.All)], cancellationToken);

    public async IAsyncEnumerable<ReleaseEvent> ReadEventsAsync(ReleaseId id, int afterSeq, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var row in _table.RangeAsync(id.ToString(), ReleaseRows.EventKey(afterSeq + 1), ReleaseRows.EventBefore, cancellationToken))
        {
            yield return ReleaseRows.ReadEvent(row);
        }
    }

    private static TableTransactionAction Add(TableEntity row) => new(TableTransactionActionType.Add, row);

    private async Task<SaveRelease> SaveAsync(
        ReleaseSnapshot read, TableEntity? newResult, ReleaseState next, IReadOnlyList<ReleaseEvent> events, IReadOnlyList<string> consumedSignals, CancellationToken cancellationToken)
    {
        ReleaseWriteRules.CheckEvents(next, read.State.EventCount, events, consumedSignals.Count);
        var before = RowVersion.Parse(read.Token);
        if (before.IsOvertaken)
        {
            return new SaveRelease.Conflict();
        }

        var writer = RowVersion.NewWriter();
        var row = ReleaseRows.State(next, before, writer);
        TableTransactionAction[] batch =
        [
            new(TableTransactionActionType.UpdateReplace, row, before.Condition),
            .. newResult is null ? [] : new[] { Add(newResult) },
            .. events.Select(e => Add(ReleaseRows.Event(next.Id, e))),
            .. consumedSignals.Select(s => new TableTransactionAction(TableTransactionActionType.UpdateMerge, ReleaseRows.Consumed(next.Id, s), ETag.All)),
        ];
        var version = await WriteStateAsync(batch, row, writer, cancellationToken);
        return version is null ? new SaveRelease.Conflict() : new SaveRelease.Saved(new ReleaseSnapshot(next, [], null, version.Token));
    }

    /// <summary>Writes a batch whose first row is the state's. Null if somebody else's write is there instead.</summary>
    private async Task<RowVersion?> WriteStateAsync(IReadOnlyList<TableTransactionAction> batch, TableEntity state, string writer, CancellationToken cancellationToken)
    {
        var write = await _table.WriteAsync(batch, cancellationToken);
        return write is TableWrite.Applied applied
            ? RowVersion.After(state, applied.ETags[0])
            : await ReadBackAsync(write, state, writer, cancellationToken);
    }

    private async Task<RowVersion?> ReadBackAsync(TableWrite write, TableEntity row, string writer, CancellationToken cancellationToken)
    {
        var version = RowVersion.ReadBack(await _table.FindAsync(row.PartitionKey, row.RowKey, cancellationToken), row, writer);
        return version is null && write is TableWrite.Uncertain uncertain ? throw uncertain.Error : version;
    }
}
