using System.Runtime.CompilerServices;
using Azure.Data.Tables;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Traffic;
using ModelFlow.Storage.Tables;

namespace ModelFlow.Storage.Traffic;

/// <summary>What gateways measured, in a table.</summary>
internal sealed class TableTrafficWindows(StorageClients clients, TimeProvider time) : ITrafficWindows
{
    private const int BatchRows = 100;
    private const int BatchBytes = 3_000_000;
    private const string LastKey = "9999999999999999999";

    private readonly Table _table = clients.Table(StorageNames.TrafficWindowsTable);

    public async Task AddAsync(GatewayReport report, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(report);

        // The windows first: a heartbeat is evidence that all before it has arrived.
        foreach (var partition in report.Windows.GroupBy(w => (w.Model, w.Generation)))
        {
            foreach (var batch in Batches(partition.Select(TrafficRows.Window).DistinctBy(r => r.RowKey, StringComparer.Ordinal)))
            {
                await _table.ForceAsync(batch, cancellationToken);
            }
        }

        await _table.ForceAsync([new(TableTransactionActionType.UpsertReplace, TrafficRows.Heartbeat(report.Heartbeat, time.GetUtcNow()))], cancellationToken);
    }

    public async IAsyncEnumerable<TrafficWindow> ReadAsync(ModelName model, long generation, DateTimeOffset since, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var row in _table.RangeAsync(TrafficRows.Partition(model, generation), TrafficRows.From(since), LastKey, cancellationToken))
        {
            yield return TrafficRows.ReadWindow(row);
        }
    }

    public async Task<IReadOnlyList<GatewayHeartbeat>> ListGatewaysAsync(DateTimeOffset since, CancellationToken cancellationToken)
    {
        var found = new List<GatewayHeartbeat>();
        var filter = TableClient.CreateQueryFilter($"PartitionKey eq {TrafficRows.GatewaysPartition} and seenAt ge {since}");
        await foreach (var row in _table.QueryAsync(filter, cancellationToken))
        {
            found.Add(TrafficRows.ReadHeartbeat(row));
        }

        return found;
    }

    public async Task<int> PruneAsync(DateTimeOffset before, CancellationToken cancellationToken)
    {
        // Heartbeats have keys that are no numbers; a gateway's last one stays.
        var filter = TableClient.CreateQueryFilter($"PartitionKey ne {TrafficRows.GatewaysPartition} and RowKey lt {TrafficRows.From(before)}");
        var deleted = 0;
        var batch = new List<TableTransactionAction>();
        await foreach (var row in _table.QueryAsync(filter, cancellationToken, select: ["PartitionKey", "RowKey"]))
        {
            if (batch.Count == BatchRows || (batch.Count > 0 && !string.Equals(batch[0].Entity.PartitionKey, row.PartitionKey, StringComparison.Ordinal)))
            {
                deleted += await DeleteAsync(batch, cancellationToken);
                batch.Clear();
            }

            batch.Add(new(TableTransactionActionType.Delete, row, Azure.ETag.All));
        }

        return deleted + (batch.Count == 0 ? 0 : await DeleteAsync(batch, cancellationToken));
    }

    private async Task<int> DeleteAsync(List<TableTransactionAction> batch, CancellationToken cancellationToken)
    {
        // Another host may prune at the same time; what it has not deleted goes with the next run.
        return await _table.WriteAsync(batch, cancellationToken) is TableWrite.Applied ? batch.Count : 0;
    }

    private static IEnumerable<IReadOnlyList<TableTransactionAction>> Batches(IEnumerable<TableEntity> rows)
    {
        var batch = new List<TableTransactionAction>();
        var bytes = 0;
        foreach (var row in rows)
        {
            var size = RowDocument.SizeOf(row);
            if (batch.Count == BatchRows || (batch.Count > 0 && bytes + size > BatchBytes))
            {
                yield return batch;
                batch = [];
                bytes = 0;
            }

            batch.Add(new(TableTransactionActionType.UpsertReplace, row));
            bytes += size;
        }

        if (batch.Count > 0)
        {
            yield return batch;
        }
    }
}
