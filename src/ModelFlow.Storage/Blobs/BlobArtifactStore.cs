using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using ModelFlow.Core.Catalog;
using ModelFlow.Core.Manifests;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;

namespace ModelFlow.Storage.Blobs;

/// <summary>The files of registered versions: <c>models/{model}/{version}/…</c>. The <c>manifest.json</c> beside them stays hot and is never deleted.</summary>
internal sealed class BlobArtifactStore(StorageClients clients, BlobGrants grants) : IArtifactStore
{
    private const int FilesAtATime = 4;

    private readonly BlobContainerClient _models = clients.Container(StorageNames.Models);

    public Task<Uri> GrantReadAsync(ModelName model, VersionName version, string path, TimeSpan validFor, CancellationToken cancellationToken) =>
        grants.ReadAsync(_models.GetBlobBaseClient(ModelPaths.File(model, version, path)), validFor, cancellationToken);

    public async Task<SetTier> SetTierAsync(VersionRecord version, StorageTier tier, CancellationToken cancellationToken)
    {
        var rehydrating = false;
        foreach (var file in version.Manifest.Files)
        {
            switch (await SetTierAsync(FileOf(version, file), tier, cancellationToken))
            {
                case null:
                    return new SetTier.Missing(file.Path);
                case false:
                    rehydrating = true;
                    break;
            }
        }

        return rehydrating ? new SetTier.Rehydrating() : new SetTier.Moved();
    }

    public async Task<VerifyFiles> VerifyAsync(VersionRecord version, IProgress<long>? bytesVerified, CancellationToken cancellationToken)
    {
        VerifyFiles? failure = null;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            await Parallel.ForEachAsync(version.Manifest.Files, new ParallelOptions { MaxDegreeOfParallelism = FilesAtATime, CancellationToken = stop.Token }, async (file, cancel) =>
            {
                if (await VerifyAsync(FileOf(version, file), file, bytesVerified, cancel) is { } found)
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

        return failure ?? new VerifyFiles.Intact(version.Manifest.TotalBytes);
    }

    public async Task DeleteAsync(VersionRecord version, CancellationToken cancellationToken)
    {
        foreach (var file in version.Manifest.Files)
        {
            var blob = FileOf(version, file);
            await StorageErrors.TranslateAsync($"deleting {blob.Name}", () => blob.DeleteIfExistsAsync(DeleteSnapshotsOption.IncludeSnapshots, cancellationToken: cancellationToken), cancellationToken);
        }
    }

    private BlobBaseClient FileOf(VersionRecord version, ManifestFile file) => _models.GetBlobBaseClient(ModelPaths.File(version.Model, version.Version, file.Path));

    /// <summary>True: moved; false: on its way; null: missing.</summary>
    private static Task<bool?> SetTierAsync(BlobBaseClient blob, StorageTier tier, CancellationToken cancellationToken) =>
        StorageErrors.TranslateAsync<bool?>($"moving {blob.Name} to the {tier} tier", async () =>
        {
            try
            {
                var answer = await blob.SetAccessTierAsync(TierOf(tier), rehydratePriority: RehydratePriority.Standard, cancellationToken: cancellationToken);
                return answer.Status != 202;
            }
            catch (RequestFailedException e) when (e.Status == 404)
            {
                return null;
            }
            catch (RequestFailedException e) when (string.Equals(e.ErrorCode, BlobErrorCode.BlobBeingRehydrated.ToString(), StringComparison.Ordinal))
            {
                return false;
            }
        }, cancellationToken);

    private static Task<VerifyFiles?> VerifyAsync(BlobBaseClient blob, ManifestFile file, IProgress<long>? progress, CancellationToken cancellationToken) =>
        StorageErrors.TranslateAsync<VerifyFiles?>($"verifying {blob.Name}", async () =>
        {
            try
            {
                var found = await BlobHasher.HashAsync(blob, condition: null, progress, cancellationToken);
                return found is null ? new VerifyFiles.Damaged(file.Path, "The file is missing.")
                    : ModelPaths.Difference(file, found) is { } difference ? new VerifyFiles.Damaged(file.Path, difference)
                    : null;
            }
            catch (RequestFailedException e) when (e.Status == 409 && e.ErrorCode is "BlobArchived" or "BlobBeingRehydrated")
            {
                return new VerifyFiles.Offline(file.Path);
            }
        }, cancellationToken);

    private static AccessTier TierOf(StorageTier tier) => tier switch
    {
        StorageTier.Hot => AccessTier.Hot,
        StorageTier.Cool => AccessTier.Cool,
        StorageTier.Cold => AccessTier.Cold,
        StorageTier.Archive => AccessTier.Archive,
        _ => throw new ArgumentOutOfRangeException(nameof(tier), tier, message: null),
    };
}
