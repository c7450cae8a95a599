using System.Runtime.CompilerServices;
using Azure.Data.Tables;
using ModelFlow.Core.Catalog;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Storage.Tables;

namespace ModelFlow.Storage.Catalog;

/// <summary>Versions in the table <c>Versions</c>, one partition a model, the highest version first; models in one partition of <c>Models</c>.</summary>
internal sealed class TableVersionCatalog(StorageClients clients) : IVersionCatalog
{
    public const string VersionFrom = "version:";
    public const string VersionBefore = "version;";
    public const string ModelPartition = "_models";

    private readonly Table _versions = clients.Table(StorageNames.VersionsTable);
    private readonly Table _models = clients.Table(StorageNames.ModelsTable);
    private readonly ValueRow<VersionRecord> _rows = new(clients.Table(StorageNames.VersionsTable), Documents.Version);

    /// <summary>Enters a model into the list of models.</summary>
    public static TableTransactionAction EnterModel(ModelName model) => new(TableTransactionActionType.UpsertReplace, new TableEntity(ModelPartition, model.Value));

    public async Task<AddVersion> AddAsync(VersionRecord version, CancellationToken cancellationToken)
    {
        var existing = await _rows.AddAsync(version.Model.Value, KeyOf(version.Version), version, cancellationToken);

        // Also when the version is there: a writer that was cut off between the two comes back this way.
        // Each time: a rebuild of the list may have found the model without a version and taken it out.
        await _models.ForceAsync([EnterModel(version.Model)], cancellationToken);
        return existing is null ? new AddVersion.Added() : new AddVersion.AlreadyExists(existing);
    }

    public async Task<VersionRecord?> GetAsync(ModelName model, VersionName version, CancellationToken cancellationToken) =>
        await _rows.FindAsync(model.Value, KeyOf(version), cancellationToken) is { } found && found.Version == version ? found : null;

    public async Task<VersionRecord?> UpdateAsync(ModelName model, VersionName version, Func<VersionRecord, VersionRecord> change, CancellationToken cancellationToken)
    {
        var updated = await _rows.UpdateAsync(model.Value, KeyOf(version), stored =>
        {
            if (stored is null || stored.Version != version)
            {
                return null;
            }

            var changed = change(stored);
            VersionWriteRules.CheckChange(stored, changed);
            return changed;
        }, cancellationToken);
        return updated?.Version == version ? updated : null;
    }

    public async IAsyncEnumerable<VersionRecord> ListAsync(ModelName model, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // Keys order siblings without regard to letter case, names with: siblings are put in order here.
        var siblings = new List<VersionRecord>();
        await foreach (var row in _versions.RangeAsync(model.Value, VersionFrom, VersionBefore, cancellationToken))
        {
            var version = _rows.Read(row);
            if (siblings.Count > 0 && !siblings[0].Version.IsSiblingOf(version.Version))
            {
                foreach (var sibling in siblings.OrderByDescending(s => s.Version))
                {
                    yield return sibling;
                }

                siblings.Clear();
            }

            siblings.Add(version);
        }

        foreach (var sibling in siblings.OrderByDescending(s => s.Version))
        {
            yield return sibling;
        }
    }

    public IAsyncEnumerable<ModelName> ListModelsAsync(CancellationToken cancellationToken) =>
        _models.QueryAsync(TableClient.CreateQueryFilter($"PartitionKey eq {ModelPartition}"), cancellationToken).Select(r => ModelName.Parse(r.RowKey));

    private static string KeyOf(VersionName version) => VersionFrom + Keys.Falling(version);
}
