using System.Net;
using Azure;
using Azure.Data.Tables;
using ModelFlow.Core.Naming;

namespace ModelFlow.LocalHost.Driving;

/// <summary>Rings in the table <c>Hosts</c>, partition <c>rings</c>, one row for each release.</summary>
public sealed class TableRingRows(TableClient table) : IRingRows
{
    private const string Partition = "rings";

    /// <inheritdoc/>
    public async Task LeaveAsync(ReleaseId id, CancellationToken cancellationToken) =>
        await table.UpsertEntityAsync(new TableEntity(Partition, id.ToString()), TableUpdateMode.Replace, cancellationToken);

    /// <inheritdoc/>
    public async Task CollectAsync(Func<ReleaseId, bool> ring, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(ring);
        await foreach (var row in table.QueryAsync<TableEntity>(e => e.PartitionKey == Partition, select: ["PartitionKey", "RowKey"], cancellationToken: cancellationToken))
        {
            if (ReleaseId.TryParse(row.RowKey, out var id, out _) && !ring(id))
            {
                return;
            }

            try
            {
                await table.DeleteEntityAsync(Partition, row.RowKey, row.ETag, cancellationToken);
            }
            catch (RequestFailedException e) when (e.Status is (int)HttpStatusCode.PreconditionFailed or (int)HttpStatusCode.NotFound)
            {
                // Rung again meanwhile: the next collection finds it.
            }
        }
    }
}
