using Azure.Data.Tables;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Storage.Tables;

namespace ModelFlow.Storage.Routes;

/// <summary>
/// Makes the list of models that have a route again. Nothing is taken out: an entry without a route may be one whose first route is
/// about to be written, and whoever reads the list passes over it.
/// </summary>
internal sealed class RouteList(StorageClients clients) : IProjectedList
{
    private readonly Table _routes = clients.Table(StorageNames.RoutesTable);
    private readonly Table _lists = clients.Table(StorageNames.ListsTable);

    public string Name => "routes";

    public async Task<RebuiltList> RebuildAsync(CancellationToken cancellationToken)
    {
        var listed = await _lists.QueryAsync(TableClient.CreateQueryFilter($"PartitionKey eq {TableRouteStore.ListPartition}"), cancellationToken)
            .Select(r => r.RowKey)
            .ToHashSetAsync(StringComparer.Ordinal, cancellationToken);
        var models = await _routes.QueryAsync(TableClient.CreateQueryFilter($"RowKey eq {RouteRows.CurrentKey}"), cancellationToken, select: [nameof(TableEntity.PartitionKey)])
            .Select(r => r.PartitionKey)
            .ToListAsync(cancellationToken);
        var missing = models.Where(m => !listed.Contains(m)).ToList();
        foreach (var model in missing)
        {
            await _lists.ForceAsync([TableRouteStore.EnterModel(ModelName.Parse(model))], cancellationToken);
        }

        return new RebuiltList(Name, models.Count, missing.Count, 0);
    }
}
