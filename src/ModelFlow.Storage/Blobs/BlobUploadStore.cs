using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using ModelFlow.Core.Manifests;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;

namespace ModelFlow.Storage.Blobs;

/// <summary>Uploads in the container <c>incoming</c>, and their way to <c>models</c> or <c>quarantine</c>.</summary>
internal sealed class BlobUploadStore(StorageClients clients, UploadCopy copy, Quarantine quarantine, UploadGrants grants) : IUploadStore
{
    private const int MaxManifestBytes = 4 << 20;
    private const int MaxRemembered = 1_000;

    private readonly BlobContainerClient _incoming = clients.Container(StorageNames.Incoming);

    // The bytes under one ETag never change: a single file is read once, not at every look.
    private readonly ConcurrentDictionary<UploadReference, HashedBlob> _hashed = new();

    public async IAsyncEnumerable<IncomingUpload> ListCompleteAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var blob in BlobLists.ListAsync(_incoming, prefix: null, cancellationToken))
        {
            if (blob.Properties.ETag is { } etag && IncomingPath.TryParse(blob.Name, out var path))
            {
                yield return new IncomingUpload(new UploadReference(blob.Name, ETags.Text(etag)), path.Model, path.Version, path.SingleFile);
            }
        }
    }

    public Task<ReadManifest> ReadManifestAsync(UploadReference upload, CancellationToken cancellationToken) =>
        StorageErrors.TranslateAsync<ReadManifest>($"reading {upload.ManifestPath}", async () =>
        {
            var blob = _incoming.GetBlobClient(upload.ManifestPath);
            var etag = new ETag(upload.ETag);
            try
            {
                var conditions = new BlobRequestConditions { IfMatch = etag };
                using var download = (await blob.DownloadStreamingAsync(new BlobDownloadOptions { Conditions = conditions }, cancellationToken)).Value;
                if (download.Details.ContentLength > MaxManifestBytes)
                {
                    return new ReadManifest.TooLarge(download.Details.ContentLength);
                }

                var bytes = new byte[download.Details.ContentLength];
                await download.Content.ReadExactlyAsync(bytes, cancellationToken);
                return new ReadManifest.Found(bytes);
            }
            catch (RequestFailedException e) when (e.Status is 404 or 412)
            {
                if (await BlobLooks.FindAsync(blob, etag, cancellationToken) is not null)
                {
                    throw;
                }

                return new ReadManifest.Gone();
            }
        }, cancellationToken);

    public async Task<Manifest?> DescribeSingleFileAsync(UploadReference upload, ModelName model, VersionName version, CancellationToken cancellationToken)
    {
        var blob = _incoming.GetBlobBaseClient(upload.ManifestPath);
        if (_hashed.TryGetValue(upload, out var hashed))
        {
            var there = await StorageErrors.TranslateAsync($"looking at {upload.ManifestPath}", () => BlobLooks.FindAsync(blob, new ETag(upload.ETag), cancellationToken), cancellationToken);
            return there is null ? null : IncomingPath.DescribeSingleFile(upload.ManifestPath, model, version, hashed.Size, hashed.Digest);
        }

        hashed = await StorageErrors.TranslateAsync($"reading {upload.ManifestPath}", () => BlobHasher.HashAsync(blob, new ETag(upload.ETag), progress: null, cancellationToken), cancellationToken);
        if (hashed is null)
        {
            return null;
        }

        if (_hashed.Count >= MaxRemembered)
        {
            _hashed.Clear();
        }

        _hashed[upload] = hashed;
        return IncomingPath.DescribeSingleFile(upload.ManifestPath, model, version, hashed.Size, hashed.Digest);
    }

    public Task<CopyUpload> CopyToModelsAsync(UploadReference upload, Manifest manifest, IProgress<long>? bytesVerified, CancellationToken cancellationToken) =>
        copy.RunAsync(upload, manifest, bytesVerified, cancellationToken);

    public Task DiscardCopyAsync(ModelName model, VersionName version, CancellationToken cancellationToken) => copy.DiscardAsync(model, version, cancellationToken);

    public Task<string> QuarantineAsync(UploadReference upload, Refusal refusal, CancellationToken cancellationToken) => quarantine.MoveAsync(upload, refusal, cancellationToken);

    public async Task DeleteIncomingAsync(UploadReference upload, CancellationToken cancellationToken)
    {
        var files = await IncomingFiles.ListAsync(_incoming, upload, cancellationToken);
        await IncomingFiles.DeleteAsync(_incoming, upload, files, cancellationToken);
    }

    public IAsyncEnumerable<Refusal> ListRefusalsAsync(CancellationToken cancellationToken) => quarantine.ListAsync(cancellationToken);

    public Task<UploadAddresses> GrantUploadAsync(ModelName model, VersionName version, IReadOnlyList<string> files, string uploader, TimeSpan validFor, CancellationToken cancellationToken) =>
        grants.GrantAsync(model, version, files, uploader, validFor, cancellationToken);

    public Task<string?> FindUploaderAsync(ModelName model, VersionName version, CancellationToken cancellationToken) => grants.FindAsync(model, version, cancellationToken);
}
