using ModelFlow.Core.Catalog;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;

namespace ModelFlow.Testing.InMemory;

/// <summary>The <c>models</c> container in memory.</summary>
public sealed class InMemoryArtifactStore(InMemoryBlobs blobs) : IArtifactStore
{
    /// <inheritdoc/>
    public Task<Uri> GrantReadAsync(ModelName model, VersionName version, string path, TimeSpan validFor, CancellationToken cancellationToken) =>
        Task.FromResult(InMemoryBlobs.Address(PathOf(model, version, path)));

    /// <inheritdoc/>
    public Task<SetTier> SetTierAsync(VersionRecord version, StorageTier tier, CancellationToken cancellationToken)
    {
        foreach (var file in version.Manifest.Files)
        {
            if (!blobs.SetTier(PathOf(version.Model, version.Version, file.Path), tier))
            {
                return Task.FromResult<SetTier>(new SetTier.Missing(file.Path));
            }
        }

        return Task.FromResult<SetTier>(new SetTier.Moved());
    }

    /// <inheritdoc/>
    public Task<VerifyFiles> VerifyAsync(VersionRecord version, IProgress<long>? bytesVerified, CancellationToken cancellationToken)
    {
        long bytes = 0;
        foreach (var file in version.Manifest.Files)
        {
            var blob = blobs.Find(PathOf(version.Model, version.Version, file.Path));
            if (blob is null)
            {
                return Task.FromResult<VerifyFiles>(new VerifyFiles.Damaged(file.Path, "The file is missing."));
            }

            if (blob.Tier == StorageTier.Archive)
            {
                return Task.FromResult<VerifyFiles>(new VerifyFiles.Offline(file.Path));
            }

            if (blob.Content.Length != file.Size || blob.Digest != file.Sha256)
            {
                return Task.FromResult<VerifyFiles>(new VerifyFiles.Damaged(file.Path, $"The file has {blob.Content.Length} bytes and digest {blob.Digest}; the manifest says {file.Size} bytes and {file.Sha256}."));
            }

            bytes += file.Size;
            bytesVerified?.Report(file.Size);
        }

        return Task.FromResult<VerifyFiles>(new VerifyFiles.Intact(bytes));
    }

    /// <inheritdoc/>
    public Task<DeleteFiles> DeleteAsync(VersionRecord version, CancellationToken cancellationToken)
    {
        if (version.Manifest.Files.FirstOrDefault(f => blobs.Find(PathOf(version.Model, version.Version, f.Path))?.Held == true) is { } held)
        {
            return Task.FromResult<DeleteFiles>(new DeleteFiles.Held(held.Path, SomeDeleted: false));
        }

        foreach (var file in version.Manifest.Files)
        {
            blobs.Delete(PathOf(version.Model, version.Version, file.Path));
        }

        return Task.FromResult<DeleteFiles>(new DeleteFiles.Deleted());
    }

    private static string PathOf(ModelName model, VersionName version, string path) => $"models/{model}/{version}/{path}";
}
