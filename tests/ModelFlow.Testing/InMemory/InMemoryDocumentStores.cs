using System.Runtime.CompilerServices;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;

namespace ModelFlow.Testing.InMemory;

/// <summary>Policies in memory.</summary>
public sealed class InMemoryPolicyStore : IPolicyStore
{
    private readonly Lock _gate = new();
    private readonly Dictionary<Sha256Digest, string> _policies = [];
    private readonly Dictionary<string, Sha256Digest> _current = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public Task<string?> GetAsync(Sha256Digest digest, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            return Task.FromResult(_policies.GetValueOrDefault(digest));
        }
    }

    /// <inheritdoc/>
    public Task<StoredPolicy?> FindForAsync(ModelName model, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            return Task.FromResult(_current.TryGetValue(model.Value, out var digest) || _current.TryGetValue("", out digest) ? new StoredPolicy(digest, _policies[digest]) : null);
        }
    }

    /// <inheritdoc/>
    public Task<StoredPolicy?> FindDefaultAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            return Task.FromResult(_current.TryGetValue("", out var digest) ? new StoredPolicy(digest, _policies[digest]) : null);
        }
    }

    /// <inheritdoc/>
    public Task<Sha256Digest> SetAsync(ModelName? model, string yaml, CancellationToken cancellationToken)
    {
        var digest = Sha256Digest.Of(yaml);
        lock (_gate)
        {
            _policies[digest] = yaml;
            _current[model?.Value ?? ""] = digest;
        }

        return Task.FromResult(digest);
    }
}

/// <summary>The <c>datasets</c> container in memory.</summary>
public sealed class InMemoryDatasetStore(InMemoryBlobs blobs) : IDatasetStore
{
    /// <inheritdoc/>
    public async Task<Sha256Digest?> AddAsync(string path, Stream content, CancellationToken cancellationToken)
    {
        using var buffer = new MemoryStream();
        await content.CopyToAsync(buffer, cancellationToken);
        var digest = Sha256Digest.Of(buffer.ToArray());
        return blobs.TryCreate("datasets/" + path, buffer.ToArray()) || blobs.Find("datasets/" + path)!.Digest == digest ? digest : null;
    }

    /// <inheritdoc/>
    public Task<byte[]?> ReadStartAsync(string path, int most, CancellationToken cancellationToken) =>
        Task.FromResult<byte[]?>(blobs.Find("datasets/" + path) is { } blob ? [.. blob.Content.Take(most)] : null);

    /// <inheritdoc/>
    public Task<Uri?> GrantReadAsync(string path, TimeSpan validFor, CancellationToken cancellationToken) =>
        Task.FromResult(blobs.Find("datasets/" + path) is null ? null : InMemoryBlobs.Address("datasets/" + path));
}

/// <summary>The <c>reports</c> container in memory.</summary>
public sealed class InMemoryReportStore(InMemoryBlobs blobs) : IReportStore
{
    /// <inheritdoc/>
    public async Task<bool> AddAsync(ReleaseId release, string name, Stream content, CancellationToken cancellationToken)
    {
        using var buffer = new MemoryStream();
        await content.CopyToAsync(buffer, cancellationToken);
        var path = $"reports/{release}/{name}";
        return blobs.TryCreate(path, buffer.ToArray()) || blobs.Find(path)!.Content.AsSpan().SequenceEqual(buffer.ToArray());
    }

    /// <inheritdoc/>
    public Task<Stream?> OpenAsync(ReleaseId release, string name, CancellationToken cancellationToken) =>
        Task.FromResult<Stream?>(blobs.Find($"reports/{release}/{name}") is { } blob ? new MemoryStream(blob.Content, writable: false) : null);

    /// <inheritdoc/>
    public async IAsyncEnumerable<string> ListAsync(ReleaseId release, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.CompletedTask;
        var prefix = $"reports/{release}/";
        foreach (var path in blobs.List(prefix))
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return path[prefix.Length..];
        }
    }
}
