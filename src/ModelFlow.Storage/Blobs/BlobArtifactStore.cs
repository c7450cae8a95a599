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

    public async Task<DeleteFiles> DeleteAsync(VersionRecord version, CancellationToken cancellationToken)
    {
        var folder = ModelPaths.Folder(version.Model, version.Version);
        var files = version.Manifest.Files.Select(f => f.Path).ToHashSet(StringComparer.Ordinal);
        await foreach (var blob in BlobLists.ListAsync(_models, folder, cancellationToken, BlobTraits.LegalHold))
        {
            if (blob.Properties.HasLegalHold && files.Contains(blob.Name[folder.Length..]))
            {
                return new DeleteFiles.Held(blob.Name[folder.Length..], SomeDeleted: false);
            }
        }

        var deleted = false;
        foreach (var file in version.Manifest.Files)
        {
            switch (await DeleteAsync(FileOf(version, file), cancellationToken))
            {
                case null:
                    return new DeleteFiles.Held(file.Path, deleted);
                case true:
                    deleted = true;
                    break;
            }
        }

        return new DeleteFiles.Deleted();
    }

    private BlobBaseClient FileOf(VersionRecord version, ManifestFile file) => _models.GetBlobBaseClient(ModelPaths.File(version.Model, version.Version, file.Path));

    /// <summary>True: deleted; false: it was not there; null: it has a legal hold.</summary>
    private static Task<bool?> DeleteAsync(BlobBaseClient blob, CancellationToken cancellationToken) =>
        StorageErrors.TranslateAsync<bool?>($"deleting {blob.Name}", async () =>
        {
            try
            {
                return await blob.DeleteIfExistsAsync(DeleteSnapshotsOption.IncludeSnapshots, cancellationToken: cancellationToken);
            }
            catch (RequestFailedException e) when (e.Status == 409 && string.Equals(e.ErrorCode, "BlobImmutableDueToLegalHold", StringComparison.Ordinal))
            {
                return null;
            }
        }, cancellationToken);

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
