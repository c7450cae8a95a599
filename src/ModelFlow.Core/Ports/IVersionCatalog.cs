using ModelFlow.Core.Catalog;
using ModelFlow.Core.Naming;

namespace ModelFlow.Core.Ports;

/// <summary>Registered models and versions.</summary>
public interface IVersionCatalog
{
    /// <summary>Enters a version, once: its manifest never changes after. Two names that differ only in letter case are the same.</summary>
    Task<AddVersion> AddAsync(VersionRecord version, CancellationToken cancellationToken);

    /// <summary>A version; null if it is not registered.</summary>
    Task<VersionRecord?> GetAsync(ModelName model, VersionName version, CancellationToken cancellationToken);

    /// <summary>
    /// Changes what may change of a version by applying <paramref name="change"/> to what is stored, again if somebody else wrote in between.
    /// Null if it is not registered.
    /// </summary>
    /// <exception cref="InvalidOperationException">The change touches the manifest, its digest, the uploader or the time of registration.</exception>
    Task<VersionRecord?> UpdateAsync(ModelName model, VersionName version, Func<VersionRecord, VersionRecord> change, CancellationToken cancellationToken);

    /// <summary>Versions of a model, highest version first.</summary>
    IAsyncEnumerable<VersionRecord> ListAsync(ModelName model, CancellationToken cancellationToken);

    /// <summary>Models that have a version, by name.</summary>
    IAsyncEnumerable<ModelName> ListModelsAsync(CancellationToken cancellationToken);
}

/// <summary>The outcome of entering a version.</summary>
public abstract record AddVersion
{
    private AddVersion()
    {
    }

    /// <summary>It is new.</summary>
    public sealed record Added : AddVersion;

    /// <summary>There is one of this name, or one that differs only in letter case.</summary>
    public sealed record AlreadyExists(VersionRecord Existing) : AddVersion;
}
