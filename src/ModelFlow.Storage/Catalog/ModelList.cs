using Azure.Data.Tables;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Storage.Tables;

namespace ModelFlow.Storage.Catalog;

/// <summary>Makes the list of models that have a version again. A version is written first and its model entered then, each time.</summary>
internal sealed class ModelList(StorageClients clients) : IProjectedList
{
    private readonly Table _versions = clients.Table(StorageNames.VersionsTable);
    private readonly Table _models = clients.Table(StorageNames.ModelsTable);

    public string Name => "models";

    public async Task<RebuiltList> RebuildAsync(CancellationToken cancellationToken)
    {
        var listed = await _models.QueryAsync(TableClient.CreateQueryFilter($"PartitionKey eq {TableVersionCatalog.ModelPartition}"), cancellationToken)
            .ToDictionaryAsync(r => r.RowKey, r => r.ETag, StringComparer.Ordinal, cancellationToken);
        var models = await _versions.QueryAsync(
                TableClient.CreateQueryFilter($"RowKey ge {TableVersionCatalog.VersionFrom} and RowKey lt {TableVersionCatalog.VersionBefore}"),
                cancellationToken,
                select: [nameof(TableEntity.PartitionKey)])
            .Select(r => r.PartitionKey)
            .ToHashSetAsync(StringComparer.Ordinal, cancellationToken);

        var missing = models.Where(m => !listed.ContainsKey(m)).ToList();
        foreach (var model in missing)
        {
            await _models.ForceAsync([TableVersionCatalog.EnterModel(ModelName.Parse(model))], cancellationToken);
        }

        var removed = 0;
        foreach (var (model, etag) in listed.Where(l => !models.Contains(l.Key)))
        {
            // A version that was registered after they were read enters its model again: then the entry is another.
            var versions = await _versions.FirstAsync(model, TableVersionCatalog.VersionFrom, TableVersionCatalog.VersionBefore, 1, cancellationToken);
            if (versions.Count == 0)
            {
                var write = await _models.WriteAsync([new(TableTransactionActionType.Delete, new TableEntity(TableVersionCatalog.ModelPartition, model), etag)], cancellationToken);
                removed += write switch
                {
                    TableWrite.Applied => 1,
                    TableWrite.Uncertain uncertain => throw uncertain.Error,
                    _ => 0,
                };
            }
        }

        return new RebuiltList(Name, models.Count, missing.Count, removed);
    }
}
