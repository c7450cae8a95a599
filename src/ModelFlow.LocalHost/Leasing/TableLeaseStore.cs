using System.Net;
using Azure;
using Azure.Data.Tables;

namespace ModelFlow.LocalHost.Leasing;

/// <summary>The lease row in the table <c>Hosts</c>, partition <c>lease</c>, row <c>active</c>.</summary>
/// <param name="table">A client without retries and with a short time limit: a late answer is worth nothing here.</param>
public sealed class TableLeaseStore(TableClient table) : ILeaseStore
{
    private const string Partition = "lease";
    private const string Row = "active";

    /// <inheritdoc/>
    public async Task<StoredLease?> ReadAsync(CancellationToken cancellationToken)
    {
        try
        {
            var found = await table.GetEntityIfExistsAsync<TableEntity>(Partition, Row, cancellationToken: cancellationToken);
            return found is { HasValue: true, Value: { } entity }
                ? new StoredLease(
                    new LeaseRecord(
                        entity.GetInt64("Epoch") ?? 0,
                        entity.GetString("Host") ?? "",
                        entity.GetInt64("Renewals") ?? 0,
                        entity.GetBoolean("Released") ?? false),
                    entity.ETag.ToString())
                : null;
        }
        catch (Exception e) when (IsUnreachable(e, cancellationToken))
        {
            throw new LeaseStoreException(e.Message, e);
        }
    }

    /// <inheritdoc/>
    public async Task<StoredLease?> TryWriteAsync(StoredLease? read, LeaseRecord next, CancellationToken cancellationToken)
    {
        var entity = new TableEntity(Partition, Row)
        {
            ["Epoch"] = next.Epoch,
            ["Host"] = next.Host,
            ["Renewals"] = next.Renewals,
            ["Released"] = next.Released,
        };
        try
        {
            var written = read is null
                ? await table.AddEntityAsync(entity, cancellationToken)
                : await table.UpdateEntityAsync(entity, new ETag(read.Token), TableUpdateMode.Replace, cancellationToken);
            return written.Headers.ETag is { } etag
                ? new StoredLease(next, etag.ToString())
                : throw new LeaseStoreException("The storage answered a write without an ETag.", new InvalidOperationException());
        }
        catch (RequestFailedException e) when (e.Status is (int)HttpStatusCode.Conflict or (int)HttpStatusCode.PreconditionFailed or (int)HttpStatusCode.NotFound)
        {
            return null;
        }
        catch (Exception e) when (IsUnreachable(e, cancellationToken))
        {
            throw new LeaseStoreException(e.Message, e);
        }
    }

    // An answer that breaks off in its body is an IOException; the client's own time limit ends in a cancellation that nobody asked for.
    private static bool IsUnreachable(Exception e, CancellationToken cancellationToken) =>
        e is RequestFailedException or IOException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested);
}
