using Azure.Data.Tables;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;
using ModelFlow.Storage.Tables;

namespace ModelFlow.Storage.Releases;

/// <summary>
/// The rows of a release's partition. Keys sort so that what a decision needs lies together, after the long past:
/// <c>event:{seq}</c>, <c>result:{seq}</c>, <c>signal:{id}</c>, <c>state</c>. The pending command's result is in the state's row, too,
/// so that one range read of signals and state is all there is to load.
/// </summary>
internal static class ReleaseRows
{
    public const string StateKey = "state";
    public const string LoadFrom = "signal:";
    public const string LoadBefore = "state~";
    public const string EventFrom = "event:";
    public const string EventBefore = "event;";
    public const string OutcomeProperty = "outcome";

    private const string ConsumedProperty = "consumed";
    private const string ResultSeqProperty = "resultSeq";

    public static string EventKey(int seq) => EventFrom + Keys.Rising(seq);

    public static string ResultKey(int seq) => "result:" + Keys.Rising(seq);

    public static string SignalKey(string id) => LoadFrom + id;

    /// <summary>A filter for state and unread signals.</summary>
    public static string LoadFilter(ReleaseId id) =>
        TableClient.CreateQueryFilter($"PartitionKey eq {id.ToString()} and RowKey ge {LoadFrom} and RowKey lt {LoadBefore} and (RowKey eq {StateKey} or consumed eq {false})");

    public static TableEntity State(ReleaseState state, RowVersion? read, string writer)
    {
        var row = Documents.State.Write(new TableEntity(state.Id.ToString(), StateKey), state);
        row[OutcomeProperty] = state.Outcome?.ToString() ?? "";
        RowVersion.Sign(row, read, writer);
        return row;
    }

    public static TableEntity Event(ReleaseId id, ReleaseEvent entry) => Documents.Event.Write(new TableEntity(id.ToString(), EventKey(entry.Seq)), entry);

    public static TableEntity NewSignal(ReleaseId id, Signal signal, string writer)
    {
        var row = Documents.Signal.Write(new TableEntity(id.ToString(), SignalKey(signal.Id)), signal);
        row[ConsumedProperty] = false;
        RowVersion.Sign(row, read: null, writer);
        return row;
    }

    /// <summary>Merged into a signal's row.</summary>
    public static TableEntity Consumed(ReleaseId id, string signal) => new(id.ToString(), SignalKey(signal)) { [ConsumedProperty] = true };

    public static TableEntity Result(ReleaseId id, int seq, CommandResult result) => Documents.Result.Write(new TableEntity(id.ToString(), ResultKey(seq)), result);

    /// <summary>Merged into the state's row.</summary>
    public static TableEntity StateWithResult(ReleaseId id, int seq, CommandResult result, RowVersion read, string writer)
    {
        var row = Documents.Result.Write(new TableEntity(id.ToString(), StateKey), result);
        row[ResultSeqProperty] = seq;
        RowVersion.Sign(row, read, writer);
        return row;
    }

    /// <summary>Merged into the state's row.</summary>
    public static TableEntity Fence(ReleaseId id)
    {
        var row = new TableEntity(id.ToString(), StateKey);
        RowVersion.SignFence(row);
        return row;
    }

    public static ReleaseEvent ReadEvent(TableEntity row) => Documents.Event.Read(row);

    public static CommandResult ReadResult(TableEntity row) => Documents.Result.Read(row);

    /// <summary>The result of the pending command in the state's row, if it is there.</summary>
    public static CommandResult? PendingResult(TableEntity row, ReleaseState state) =>
        state.Pending is { } pending && row.GetInt32(ResultSeqProperty) == pending.Seq ? Documents.Result.Read(row) : null;

    public static ReleaseSnapshot Snapshot(IEnumerable<TableEntity> rows, TableEntity stateRow)
    {
        var state = Documents.State.Read(stateRow);
        var signals = rows.Where(r => !string.Equals(r.RowKey, StateKey, StringComparison.Ordinal)).Select(Documents.Signal.Read)
            .OrderBy(s => s.At).ThenBy(s => s.Id, StringComparer.Ordinal).ToList();
        return new ReleaseSnapshot(state, signals, PendingResult(stateRow, state), RowVersion.Of(stateRow).Token);
    }
}
