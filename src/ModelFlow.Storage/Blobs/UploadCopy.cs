using System.Text.Json;
using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using ModelFlow.Core.Manifests;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;
using ModelFlow.Core.Serialization;

namespace ModelFlow.Storage.Blobs;

/// <summary>Copies an upload to <c>models/{model}/{version}/</c> and verifies the copy; goes on where an interrupted run stopped.</summary>
internal sealed class UploadCopy(StorageClients clients, BlobCopier copier)
{
    private const int FilesAtATime = 4;
    private const int MaxProblems = 20;

    private readonly BlobContainerClient _incoming = clients.Container(StorageNames.Incoming);
    private readonly BlobContainerClient _models = clients.Container(StorageNames.Models);

    /// <summary>Copies and verifies every file of the manifest.</summary>
    public async Task<CopyUpload> RunAsync(UploadReference upload, Manifest manifest, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        var sources = (await IncomingFiles.ListAsync(_incoming, upload, cancellationToken)).ToDictionary(s => s.Name, StringComparer.Ordinal);
        if (sources.Count == 0)
        {
            return new CopyUpload.Changed($"{upload.ManifestPath} is gone or was replaced while it was registered.");
        }

        if (!IncomingPath.TryParse(upload.ManifestPath, out var path))
        {
            throw new ArgumentException($"'{upload.ManifestPath}' does not complete an upload.", nameof(upload));
        }

        string SourceOf(ManifestFile file) => path.SingleFile ? upload.ManifestPath : path.Folder + file.Path;
        if (Check(manifest, sources, SourceOf) is { } mismatch)
        {
            return mismatch;
        }

        CopyUpload? failure = null;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            await Parallel.ForEachAsync(manifest.Files, new ParallelOptions { MaxDegreeOfParallelism = FilesAtATime, CancellationToken = stop.Token }, async (file, cancel) =>
            {
                var target = _models.GetBlockBlobClient(ModelPaths.File(manifest.Model, manifest.Version, file.Path));
                var found = await StorageErrors.TranslateAsync($"copying {file.Path}", () => CopyAsync(sources[SourceOf(file)], file, target, progress, cancel), cancel);
                if (found is not null)
                {
                    Interlocked.CompareExchange(ref failure, found, null);
                    await stop.CancelAsync();
                }
            });
        }
        catch (OperationCanceledException) when (failure is not null && !cancellationToken.IsCancellationRequested)
        {
            // The first failure ended the others.
        }

        return failure ?? await StorageErrors.TranslateAsync("writing manifest.json", () => WriteManifestAsync(upload, manifest, path.SingleFile, cancellationToken), cancellationToken);
    }

    /// <summary>Deletes what lies at a version's place.</summary>
    public async Task DiscardAsync(ModelName model, VersionName version, CancellationToken cancellationToken)
    {
        await foreach (var blob in BlobLists.ListAsync(_models, ModelPaths.Folder(model, version), cancellationToken))
        {
            var target = _models.GetBlobBaseClient(blob.Name);
            await StorageErrors.TranslateAsync($"deleting {blob.Name}", () => IncomingFiles.DeleteAsync(target, blob.Properties.ETag ?? ETag.All, cancellationToken), cancellationToken);
        }
    }

    private static CopyUpload.Mismatch? Check(Manifest manifest, Dictionary<string, SeenBlob> sources, Func<ManifestFile, string> sourceOf)
    {
        var problems = new List<string>();
        foreach (var file in manifest.Files)
        {
            if (!sources.TryGetValue(sourceOf(file), out var source))
            {
                problems.Add($"The manifest lists {file.Path}, which was not uploaded before it.");
            }
            else if (source.Size != file.Size)
            {
                problems.Add($"{file.Path} has {source.Size:N0} bytes; the manifest says {file.Size:N0}.");
            }
            else if (string.Equals(file.Path, IncomingPath.ManifestName, StringComparison.OrdinalIgnoreCase))
            {
                problems.Add($"The manifest lists {file.Path}, which is its own name.");
            }
        }

        return problems.Count switch
        {
            0 => null,
            <= MaxProblems => new CopyUpload.Mismatch(string.Join(' ', problems)),
            _ => new CopyUpload.Mismatch($"{string.Join(' ', problems.Take(MaxProblems))} And {problems.Count - MaxProblems} more."),
        };
    }

    /// <summary>Null when the copy is as the manifest says.</summary>
    private async Task<CopyUpload?> CopyAsync(SeenBlob seen, ManifestFile file, BlockBlobClient target, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        var source = _incoming.GetBlobBaseClient(seen.Name);
        for (var again = false; ; again = true)
        {
            var outcome = await copier.CopyAsync(source, seen.ETag, seen.Size, target, cancellationToken);
            if (outcome == CopyBlob.SourceChanged)
            {
                return new CopyUpload.Changed($"{file.Path} was replaced while it was registered.");
            }

            var copy = await BlobHasher.HashAsync(target, condition: null, progress, cancellationToken);
            if (copy is not null && ModelPaths.Difference(file, copy) is not { } difference)
            {
                return null;
            }

            if (outcome == CopyBlob.Copied || again)
            {
                return copy is null
                    ? new CopyUpload.Changed($"The copy of {file.Path} was deleted while it was registered.")
                    : new CopyUpload.Mismatch(ModelPaths.Difference(file, copy)!); // A copy that is no different was returned above.
            }

            // What is there is the rest of another upload that was refused: the version is in no catalogue, so nobody uses it.
            if (copy is not null)
            {
                await IncomingFiles.DeleteAsync(target, copy.ETag, cancellationToken);
            }
        }
    }

    private async Task<CopyUpload> WriteManifestAsync(UploadReference upload, Manifest manifest, bool singleFile, CancellationToken cancellationToken)
    {
        var target = _models.GetBlobClient(ModelPaths.Manifest(manifest.Model, manifest.Version));
        BinaryData bytes;
        if (singleFile)
        {
            bytes = BinaryData.FromBytes(JsonSerializer.SerializeToUtf8Bytes(manifest, CoreJson.Indented));
        }
        else
        {
            var source = _incoming.GetBlobClient(upload.ManifestPath);
            var etag = new ETag(upload.ETag);
            try
            {
                var conditions = new BlobRequestConditions { IfMatch = etag };
                bytes = (await source.DownloadContentAsync(new BlobDownloadOptions { Conditions = conditions }, cancellationToken)).Value.Content;
            }
            catch (RequestFailedException e) when (e.Status is 404 or 412)
            {
                if (await BlobLooks.FindAsync(source, etag, cancellationToken) is not null)
                {
                    throw;
                }

                return new CopyUpload.Changed($"{upload.ManifestPath} was replaced while it was registered.");
            }
        }

        for (var tries = 0; ; tries++)
        {
            try
            {
                await target.UploadAsync(bytes, new BlobUploadOptions { Conditions = new BlobRequestConditions { IfNoneMatch = ETag.All } }, cancellationToken);
                return new CopyUpload.Copied();
            }
            catch (RequestFailedException e) when (e.Status is 409 or 412 && tries < 3)
            {
                var there = await BlobHasher.HashAsync(target, condition: null, progress: null, cancellationToken);
                if (there?.Digest == Sha256Digest.Of(bytes))
                {
                    return new CopyUpload.Copied();
                }

                // The rest of an upload that was refused.
                if (there is not null)
                {
                    await IncomingFiles.DeleteAsync(target, there.ETag, cancellationToken);
                }
            }
        }
    }
}
