using ModelFlow.Core.Naming;

namespace ModelFlow.Core.Ports;

/// <summary>Policies: each kept under its digest for good, and the name → digest that new releases start under.</summary>
public interface IPolicyStore
{
    /// <summary>The YAML of a policy by its digest; null if unknown.</summary>
    Task<string?> GetAsync(Sha256Digest digest, CancellationToken cancellationToken);

    /// <summary>The policy that new releases of <paramref name="model"/> start under: the model's own, else <c>default</c>; null if neither is set.</summary>
    Task<StoredPolicy?> FindForAsync(ModelName model, CancellationToken cancellationToken);

    /// <summary>The policy of models without their own; null if it is not set.</summary>
    Task<StoredPolicy?> FindDefaultAsync(CancellationToken cancellationToken);

    /// <summary>Keeps the YAML under its digest and makes it the one for <paramref name="model"/> (null: the default).</summary>
    Task<Sha256Digest> SetAsync(ModelName? model, string yaml, CancellationToken cancellationToken);
}

/// <summary>A policy as it is kept.</summary>
/// <param name="Digest">SHA-256 of the YAML's bytes.</param>
/// <param name="Yaml">The text.</param>
public sealed record StoredPolicy(Sha256Digest Digest, string Yaml);

/// <summary>The <c>datasets</c> container.</summary>
public interface IDatasetStore
{
    /// <summary>Uploads a data set, create-only: a path keeps its bytes for good. Returns the digest; null if other bytes are there.</summary>
    Task<Sha256Digest?> AddAsync(string path, Stream content, CancellationToken cancellationToken);

    /// <summary>The first bytes of a data set, all of it if it has no more than <paramref name="most"/>; null if there is none.</summary>
    Task<byte[]?> ReadStartAsync(string path, int most, CancellationToken cancellationToken);

    /// <summary>A grant to read a data set; null if there is none.</summary>
    Task<Uri?> GrantReadAsync(string path, TimeSpan validFor, CancellationToken cancellationToken);
}

/// <summary>The <c>reports</c> container: what evaluations found, create-only.</summary>
public interface IReportStore
{
    /// <summary>Keeps a report file under <c>{release}/{name}</c>. The same bytes again are no error; other bytes under the same name are a conflict, answered with false.</summary>
    Task<bool> AddAsync(ReleaseId release, string name, Stream content, CancellationToken cancellationToken);

    /// <summary>Opens a report file; null if there is none.</summary>
    Task<Stream?> OpenAsync(ReleaseId release, string name, CancellationToken cancellationToken);

    /// <summary>Names of a release's report files.</summary>
    IAsyncEnumerable<string> ListAsync(ReleaseId release, CancellationToken cancellationToken);
}
