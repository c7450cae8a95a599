using System.Runtime.CompilerServices;
using ModelFlow.Core.Catalog;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;

namespace ModelFlow.Testing.InMemory;

/// <summary>Deployments in memory.</summary>
public sealed class InMemoryDeploymentStore : IDeploymentStore
{
    private readonly Lock _gate = new();
    private readonly Dictionary<(ModelName Model, VersionName Version), string> _deployments = [];

    /// <inheritdoc/>
    public Task<Deployment?> GetAsync(ModelName model, VersionName version, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            return Task.FromResult(_deployments.TryGetValue((model, version), out var json) ? Json.Read<Deployment>(json) : null);
        }
    }

    /// <inheritdoc/>
    public Task<Deployment?> UpdateAsync(ModelName model, VersionName version, Func<Deployment?, Deployment?> change, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            var stored = _deployments.TryGetValue((model, version), out var json) ? Json.Read<Deployment>(json) : null;
            if (change(stored) is not { } changed)
            {
                return Task.FromResult(stored);
            }

            if (changed.Model != model || changed.Version != version)
            {
                throw new InvalidOperationException($"A deployment of {model} {version} cannot become one of {changed.Model} {changed.Version}.");
            }

            _deployments[(model, version)] = Json.Write(changed);
            return Task.FromResult<Deployment?>(Json.Copy(changed));
        }
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<Deployment> ListAsync(ModelName model, CancellationToken cancellationToken) => ReadAsync(m => m == model, cancellationToken);

    /// <inheritdoc/>
    public IAsyncEnumerable<Deployment> ListAllAsync(CancellationToken cancellationToken) => ReadAsync(_ => true, cancellationToken);

    private async IAsyncEnumerable<Deployment> ReadAsync(Func<ModelName, bool> include, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.CompletedTask;
        List<string> found;
        lock (_gate)
        {
            found = [.. _deployments.Where(d => include(d.Key.Model)).OrderBy(d => d.Key.Model).ThenByDescending(d => d.Key.Version).Select(d => d.Value)];
        }

        foreach (var json in found)
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return Json.Read<Deployment>(json);
        }
    }
}
