using System.Runtime.CompilerServices;
using Azure;
using Azure.Data.Tables;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Traffic;
using ModelFlow.Storage.Tables;

namespace ModelFlow.Storage.Routes;

/// <summary>
/// Routes in the table <c>Routes</c>, one partition a model. A change is one batch of the current row, the history's row and the lease;
/// a lease's renewal touches the lease's row alone. Models with a route are listed in <c>Lists</c>.
/// </summary>
internal sealed class TableRouteStore(StorageClients clients) : IRouteStore
{
    public const string ListPartition = "routes";

    private const int ReadsAtATime = 8;
    private const int MaxTries = 50;

    private readonly Table _table = clients.Table(StorageNames.RoutesTable);
    private readonly Table _lists = clients.Table(StorageNames.ListsTable);

    /// <summary>Enters a model into the list of models with a route.</summary>
    public static TableTransactionAction EnterModel(ModelName model) => new(TableTransactionActionType.UpsertReplace, new TableEntity(ListPartition, model.Value));

    public async Task<CurrentRoute?> GetAsync(ModelName model, CancellationToken cancellationToken)
    {
        TableEntity? current = null, lease = null;
        await foreach (var row in _table.RangeAsync(model.Value, RouteRows.CurrentKey, RouteRows.ReadBefore, cancellationToken))
        {
            _ = row.RowKey switch
            {
                RouteRows.CurrentKey => current = row,
                RouteRows.LeaseKey => lease = row,
                _ => null,
            };
        }

        return current is null ? null : RouteRows.Read(current, lease);
    }

    public async Task<ChangeRoute> ChangeAsync(CurrentRoute? read, Route next, DateTimeOffset? leaseUntil, CancellationToken cancellationToken)
    {
        RouteWriteRules.Check(read, next);
        var before = read is null ? null : RowVersion.Parse(read.Token);
        if (before is { IsOvertaken: true })
        {
            return new ChangeRoute.Conflict();
        }

        if (before is null)
        {
            await _lists.ForceAsync([EnterModel(next.Model)], cancellationToken);
        }

        var writer = RowVersion.NewWriter();
        var current = RouteRows.Current(next, before, writer);
        var write = await _table.WriteAsync(
        [
            before is null ? new(TableTransactionActionType.Add, current) : new(TableTransactionActionType.UpdateReplace, current, before.Condition),
            new(TableTransactionActionType.Add, RouteRows.Past(next)),
            new(TableTransactionActionType.UpsertReplace, RouteRows.Lease(next.Model, next.Generation, leaseUntil)),
        ], cancellationToken);
        var version = write is TableWrite.Applied applied
            ? RowVersion.After(current, applied.ETags[0])
            : RowVersion.ReadBack(await _table.FindAsync(next.Model.Value, RouteRows.CurrentKey, cancellationToken), current, writer);
        return (version, write) switch
        {
            (not null, _) => new ChangeRoute.Changed(new CurrentRoute(next, leaseUntil, version.Token)),
            (null, TableWrite.Uncertain uncertain) => throw uncertain.Error,
            _ => new ChangeRoute.Conflict(),
        };
    }

    public async Task<bool> RenewLeaseAsync(ModelName model, long generation, DateTimeOffset until, CancellationToken cancellationToken)
    {
        for (var tries = 0; tries < MaxTries; tries++)
        {
            // Every change replaces the lease's row in its batch: as long as the row is the one read here, its generation is current.
            var lease = await _table.FindAsync(model.Value, RouteRows.LeaseKey, cancellationToken);
            if (lease is null || RouteRows.LeaseGeneration(lease) != generation)
            {
                return false;
            }

            if (RouteRows.LeaseUntil(lease) >= until)
            {
                return true;
            }

            var write = await _table.WriteAsync([new(TableTransactionActionType.UpdateReplace, RouteRows.Lease(model, generation, until), lease.ETag)], cancellationToken);
            if (write is TableWrite.Applied)
            {
                return true;
            }

            if (write is TableWrite.Uncertain uncertain && tries > 0)
            {
                throw uncertain.Error;
            }
        }

        throw new StorageException($"The lease of {model} is renewed by too many at a time.") { IsTransient = true };
    }

    public async Task FenceAsync(ModelName model, CancellationToken cancellationToken)
    {
        var current = new TableEntity(model.Value, RouteRows.CurrentKey);
        RowVersion.SignFence(current);
        var lease = new TableEntity(model.Value, RouteRows.LeaseKey);
        RowVersion.SignFence(lease);
        await _table.ForceAsync(
        [
            new(TableTransactionActionType.UpdateMerge, current, ETag.All),
            new(TableTransactionActionType.UpdateMerge, lease, ETag.All),
        ], cancellationToken);
    }

    public async Task<Route?> GetGenerationAsync(ModelName model, long generation, CancellationToken cancellationToken) =>
        await _table.FindAsync(model.Value, RouteRows.HistoryKey(generation), cancellationToken) is { } row ? RouteRows.ReadRoute(row) : null;

    public async IAsyncEnumerable<Route> ReadHistoryAsync(ModelName model, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var row in _table.RangeAsync(model.Value, RouteRows.HistoryFrom, RouteRows.HistoryBefore, cancellationToken))
        {
            yield return RouteRows.ReadRoute(row);
        }
    }

    public async IAsyncEnumerable<CurrentRoute> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var models = _lists.QueryAsync(TableClient.CreateQueryFilter($"PartitionKey eq {ListPartition}"), cancellationToken).Select(r => ModelName.Parse(r.RowKey));
        await foreach (var some in models.Chunk(ReadsAtATime).WithCancellation(cancellationToken))
        {
            foreach (var route in await Task.WhenAll(some.Select(m => GetAsync(m, cancellationToken))))
            {
                // A model is entered just before its first route is written.
                if (route is not null)
                {
                    yield return route;
                }
            }
        }
    }
}
