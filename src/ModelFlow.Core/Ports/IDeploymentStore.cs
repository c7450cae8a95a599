using ModelFlow.Core.Catalog;
using ModelFlow.Core.Naming;

namespace ModelFlow.Core.Ports;

/// <summary>What is loaded where: one row for each version that ever was on the model servers.</summary>
public interface IDeploymentStore
{
    /// <summary>A deployment; null if the version never was on the model servers.</summary>
    Task<Deployment?> GetAsync(ModelName model, VersionName version, CancellationToken cancellationToken);

    /// <summary>Applies <paramref name="change"/> to what is stored (null if nothing is), again if somebody else wrote in between; a null result writes nothing. Returns what is stored then.</summary>
    Task<Deployment?> UpdateAsync(ModelName model, VersionName version, Func<Deployment?, Deployment?> change, CancellationToken cancellationToken);

    /// <summary>Deployments of one model.</summary>
    IAsyncEnumerable<Deployment> ListAsync(ModelName model, CancellationToken cancellationToken);

    /// <summary>Deployments of all models.</summary>
    IAsyncEnumerable<Deployment> ListAllAsync(CancellationToken cancellationToken);
}
