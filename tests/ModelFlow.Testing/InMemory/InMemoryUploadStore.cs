using System.Runtime.CompilerServices;
using System.Text;
using ModelFlow.Core.Manifests;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;

namespace ModelFlow.Testing.InMemory;

/// <summary>The <c>incoming</c> and <c>quarantine</c> containers in memory. Put uploads with <c>blobs.Put("incoming/digits/v1.0.0/manifest.json", …)</c>.</summary>
public sealed class InMemoryUploadStore(InMemoryBlobs blobs) : IUploadStore
{
    private const int MaxManifestBytes = 4 << 20;

    private readonly Lock _gate = new();
    private readonly Dictionary<(ModelName, VersionName), HashSet<string>> _uploaders = [];
    private readonly List<Refusal> _refusals = [];

    /// <inheritdoc/>
    public async IAsyncEnumerable<IncomingUpload> ListCompleteAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.CompletedTask;
        foreach (var path in blobs.List("incoming/"))
        {
            cancellationToken.ThrowIfCancellationRequested();
            var relative = path["incoming/".Length..];
            if (blobs.Find(path) is { } blob && IncomingPath.TryParse(relative, out var incoming))
            {
                yield return new IncomingUpload(new UploadReference(relative, blob.ETag), incoming.Model, incoming.Version, incoming.SingleFile);
            }
        }
    }

    /// <inheritdoc/>
    public Task<ReadManifest> ReadManifestAsync(UploadReference upload, CancellationToken cancellationToken) => Task.FromResult<ReadManifest>(Find(upload) switch
    {
        null => new ReadManifest.Gone(),
        { Content.Length: > MaxManifestBytes } blob => new ReadManifest.TooLarge(blob.Content.Length),
        var blob => new ReadManifest.Found(blob.Content),
    });

    /// <inheritdoc/>
    public Task<Manifest?> DescribeSingleFileAsync(UploadReference upload, ModelName model, VersionName version, CancellationToken cancellationToken) => Task.FromResult(Find(upload) is { } blob
        ? IncomingPath.DescribeSingleFile(upload.ManifestPath, model, version, blob.Content.Length, blob.Digest)
        : null);

    /// <inheritdoc/>
    public Task<CopyUpload> CopyToModelsAsync(UploadReference upload, Manifest manifest, IProgress<long>? bytesVerified, CancellationToken cancellationToken)
    {
        if (Find(upload) is not { } completing)
        {
            return Task.FromResult<CopyUpload>(new CopyUpload.Changed($"{upload.ManifestPath} is gone or was replaced."));
        }

        var single = IncomingPath.TryParse(upload.ManifestPath, out var incoming) && incoming.SingleFile;
        var target = $"models/{manifest.Model}/{manifest.Version}/";
        foreach (var file in manifest.Files)
        {
            var source = single ? completing : blobs.Find($"incoming/{incoming!.Folder}{file.Path}");
            if (source is null)
            {
                return Task.FromResult<CopyUpload>(new CopyUpload.Mismatch($"The manifest lists {file.Path}, which was not uploaded."));
            }

            if (source.Content.Length != file.Size || source.Digest != file.Sha256)
            {
                return Task.FromResult<CopyUpload>(new CopyUpload.Mismatch($"{file.Path} has {source.Content.Length} bytes and digest {source.Digest}; the manifest says {file.Size} bytes and {file.Sha256}."));
            }

            blobs.TryCreate(target + file.Path, source.Content);
            bytesVerified?.Report(file.Size);
        }

        blobs.TryCreate(target + "manifest.json", single ? Encoding.UTF8.GetBytes(Json.Write(manifest)) : completing.Content);
        return Task.FromResult<CopyUpload>(new CopyUpload.Copied());
    }

    /// <inheritdoc/>
    public Task DiscardCopyAsync(ModelName model, VersionName version, CancellationToken cancellationToken)
    {
        foreach (var path in blobs.List($"models/{model}/{version}/"))
        {
            blobs.Delete(path);
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<string> QuarantineAsync(UploadReference upload, Refusal refusal, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (_refusals.Find(r => r.Upload == upload) is { Folder: { } known })
            {
                return Task.FromResult(known);
            }

            var folder = IncomingPath.QuarantineFolder(refusal);
            foreach (var path in PathsOf(upload))
            {
                if (blobs.Find("incoming/" + path) is { } blob)
                {
                    blobs.TryCreate($"quarantine/{folder}/{path}", blob.Content);
                    blobs.Delete("incoming/" + path);
                }
            }

            var kept = refusal with { Folder = folder };
            blobs.TryCreate($"quarantine/{folder}/refusal.json", Encoding.UTF8.GetBytes(Json.Write(kept)));
            _refusals.Add(kept);
            return Task.FromResult(folder);
        }
    }

    /// <inheritdoc/>
    public Task DeleteIncomingAsync(UploadReference upload, CancellationToken cancellationToken)
    {
        if (Find(upload) is not null)
        {
            foreach (var path in PathsOf(upload))
            {
                blobs.Delete("incoming/" + path);
            }
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<Refusal> ListRefusalsAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.CompletedTask;
        List<Refusal> refusals;
        lock (_gate)
        {
            refusals = [.. _refusals.OrderByDescending(r => r.At)];
        }

        foreach (var refusal in refusals)
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return refusal;
        }
    }

    /// <inheritdoc/>
    public Task<UploadAddresses> GrantUploadAsync(ModelName model, VersionName version, IReadOnlyList<string> files, string uploader, TimeSpan validFor, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (!_uploaders.TryGetValue((model, version), out var who))
            {
                _uploaders[(model, version)] = who = new HashSet<string>(StringComparer.Ordinal);
            }

            who.Add(uploader);
        }

        Uri AddressOf(string file) => InMemoryBlobs.Address($"incoming/{model}/{version}/{file}");
        return Task.FromResult(new UploadAddresses([.. files.Select(AddressOf)], AddressOf(IncomingPath.ManifestName)));
    }

    /// <inheritdoc/>
    public Task<string?> FindUploaderAsync(ModelName model, VersionName version, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            return Task.FromResult(_uploaders.TryGetValue((model, version), out var who) && who.Count == 1 ? who.Single() : null);
        }
    }

    private InMemoryBlobs.Blob? Find(UploadReference upload) =>
        blobs.Find("incoming/" + upload.ManifestPath) is { } blob && string.Equals(blob.ETag, upload.ETag, StringComparison.Ordinal) ? blob : null;

    private IEnumerable<string> PathsOf(UploadReference upload) => IncomingPath.TryParse(upload.ManifestPath, out var incoming) && !incoming.SingleFile
        ? blobs.List("incoming/" + incoming.Folder).Select(p => p["incoming/".Length..])
        : [upload.ManifestPath];
}
