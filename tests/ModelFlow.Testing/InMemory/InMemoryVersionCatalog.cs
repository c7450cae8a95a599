using System.Runtime.CompilerServices;
using ModelFlow.Core.Catalog;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;

namespace ModelFlow.Testing.InMemory;

/// <summary>Versions in memory.</summary>
public sealed class InMemoryVersionCatalog : IVersionCatalog
{
    private readonly Lock _gate = new();
    private readonly Dictionary<(ModelName Model, string Key), string> _versions = [];

    /// <inheritdoc/>
    public Task<AddVersion> AddAsync(VersionRecord version, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            return Task.FromResult<AddVersion>(_versions.TryAdd((version.Model, version.Version.Key), Json.Write(version))
                ? new AddVersion.Added()
                : new AddVersion.AlreadyExists(Json.Read<VersionRecord>(_versions[(version.Model, version.Version.Key)])));
        }
    }

    /// <inheritdoc/>
    public Task<VersionRecord?> GetAsync(ModelName model, VersionName version, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            return Task.FromResult(Find(model, version));
        }
    }

    /// <inheritdoc/>
    public Task<VersionRecord?> UpdateAsync(ModelName model, VersionName version, Func<VersionRecord, VersionRecord> change, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (Find(model, version) is not { } stored)
            {
                return Task.FromResult<VersionRecord?>(null);
            }

            var changed = change(stored);
            VersionWriteRules.CheckChange(stored, changed);
            _versions[(model, version.Key)] = Json.Write(changed);
            return Task.FromResult<VersionRecord?>(Json.Copy(changed));
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<VersionRecord> ListAsync(ModelName model, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.CompletedTask;
        List<VersionRecord> versions;
        lock (_gate)
        {
            versions = [.. _versions.Where(v => v.Key.Model == model).Select(v => Json.Read<VersionRecord>(v.Value)).OrderByDescending(v => v.Version)];
        }

        foreach (var version in versions)
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return version;
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<ModelName> ListModelsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.CompletedTask;
        List<ModelName> models;
        lock (_gate)
        {
            models = [.. _versions.Keys.Select(k => k.Model).Distinct().Order()];
        }

        foreach (var model in models)
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return model;
        }
    }

    private VersionRecord? Find(ModelName model, VersionName version) =>
        _versions.TryGetValue((model, version.Key), out var json) && Json.Read<VersionRecord>(json) is var record && record.Version == version ? record : null;
}
