using Azure.Data.Tables;
using ModelFlow.Core.Catalog;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Storage.Tables;

namespace ModelFlow.Storage.Catalog;

/// <summary>Deployments in the table <c>Deployments</c>, one partition a model, the highest version first.</summary>
internal sealed class TableDeploymentStore(StorageClients clients) : IDeploymentStore
{
    private readonly Table _table = clients.Table(StorageNames.DeploymentsTable);
    private readonly ValueRow<Deployment> _rows = new(clients.Table(StorageNames.DeploymentsTable), Documents.Deployment);

    public Task<Deployment?> GetAsync(ModelName model, VersionName version, CancellationToken cancellationToken) =>
        _rows.FindAsync(model.Value, Keys.Falling(version), cancellationToken);

    public Task<Deployment?> UpdateAsync(ModelName model, VersionName version, Func<Deployment?, Deployment?> change, CancellationToken cancellationToken) =>
        _rows.UpdateAsync(model.Value, Keys.Falling(version), stored => change(stored) switch
        {
            { } changed when changed.Model != model || changed.Version != version =>
                throw new InvalidOperationException($"A deployment of {model} {version} cannot become one of {changed.Model} {changed.Version}."),
            var changed => changed,
        }, cancellationToken);

    public IAsyncEnumerable<Deployment> ListAsync(ModelName model, CancellationToken cancellationToken) =>
        _table.QueryAsync(TableClient.CreateQueryFilter($"PartitionKey eq {model.Value}"), cancellationToken).Select(_rows.Read);

    public IAsyncEnumerable<Deployment> ListAllAsync(CancellationToken cancellationToken) =>
        _table.QueryAsync("", cancellationToken).Select(_rows.Read);
}
