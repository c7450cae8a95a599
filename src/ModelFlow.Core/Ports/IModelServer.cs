using ModelFlow.Core.Catalog;
using ModelFlow.Core.Naming;

namespace ModelFlow.Core.Ports;

/// <summary>The model servers: ModelFlow.Serving, Triton, TorchServe, vLLM, …</summary>
public interface IModelServer
{
    /// <summary>Loads a version and waits until it is ready; loading a loaded one answers at once.</summary>
    Task<LoadModel> LoadAsync(VersionRecord version, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(version);
        return LoadAsync(version, version.Version, cancellationToken);
    }

    /// <summary>Loads a version's files under a name, which may be loaded beside the version itself: it shares no memory with it.</summary>
    /// <param name="version">The version whose files they are.</param>
    /// <param name="instance">The name it is served under; the version's own, or a <see cref="Traffic.BaselineInstance"/>'s.</param>
    /// <param name="cancellationToken">Ends it.</param>
    Task<LoadModel> LoadAsync(VersionRecord version, VersionName instance, CancellationToken cancellationToken);

    /// <summary>Unloads a version; one that is not loaded is no error.</summary>
    Task UnloadAsync(ModelName model, VersionName version, CancellationToken cancellationToken);

    /// <summary>The versions that are loaded and ready.</summary>
    Task<IReadOnlyList<ServedVersion>> ListAsync(CancellationToken cancellationToken);
}

/// <summary>A loaded version.</summary>
public sealed record ServedVersion(ModelName Model, VersionName Version, Uri Endpoint);

/// <summary>The outcome of loading.</summary>
public abstract record LoadModel
{
    private LoadModel()
    {
    }

    /// <summary>Ready at these base addresses.</summary>
    public sealed record Ready(IReadOnlyList<Uri> Endpoints, TimeSpan Took) : LoadModel
    {
        /// <summary>What the servers call the version in the bodies of OpenAI's API; null for its name.</summary>
        public string? ServedModel { get; init; }
    }

    /// <summary>The server cannot load these bytes.</summary>
    public sealed record Refused(string Reason) : LoadModel;
}
