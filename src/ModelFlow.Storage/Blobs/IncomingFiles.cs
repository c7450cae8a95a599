using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using ModelFlow.Core.Manifests;
using ModelFlow.Core.Releases;

namespace ModelFlow.Storage.Blobs;

/// <summary>A blob as it was seen in a list or a look.</summary>
internal sealed record SeenBlob(string Name, ETag ETag, long Size, DateTimeOffset LastModified);

/// <summary>ETags as text: always as in a header, with quotes; lists give them without.</summary>
internal static class ETags
{
    public static string Text(ETag etag) => etag.ToString("H");
}

/// <summary>Looks at one blob.</summary>
internal static class BlobLooks
{
    /// <summary>The blob if it is there under <paramref name="etag"/>; null if it is gone or another.</summary>
    public static async Task<SeenBlob?> FindAsync(BlobBaseClient blob, ETag etag, CancellationToken cancellationToken)
    {
        try
        {
            var found = (await blob.GetPropertiesAsync(cancellationToken: cancellationToken)).Value;
            return found.ETag == etag ? new SeenBlob(blob.Name, found.ETag, found.ContentLength, found.LastModified) : null;
        }
        catch (RequestFailedException e) when (e.Status == 404)
        {
            return null;
        }
    }
}

/// <summary>The blobs of one upload in <c>incoming</c>.</summary>
internal static class IncomingFiles
{
    /// <summary>
    /// The upload's blobs, the one that completed it last; empty if that is gone or another. What was put into the folder after it
    /// belongs to somebody's next try and is left out.
    /// </summary>
    public static async Task<IReadOnlyList<SeenBlob>> ListAsync(BlobContainerClient incoming, UploadReference upload, CancellationToken cancellationToken)
    {
        var completing = await StorageErrors.TranslateAsync(
            $"looking at {upload.ManifestPath}", () => BlobLooks.FindAsync(incoming.GetBlobBaseClient(upload.ManifestPath), new ETag(upload.ETag), cancellationToken), cancellationToken);
        if (completing is null)
        {
            return [];
        }

        if (!IncomingPath.TryParse(upload.ManifestPath, out var path) || path.SingleFile)
        {
            return [completing];
        }

        return await BlobLists.ListAsync(incoming, path.Folder, cancellationToken)
            .Where(b => !string.Equals(b.Name, upload.ManifestPath, StringComparison.Ordinal) && b.Properties.LastModified <= completing.LastModified)
            .Select(b => new SeenBlob(b.Name, b.Properties.ETag ?? ETag.All, b.Properties.ContentLength ?? 0, b.Properties.LastModified ?? completing.LastModified))
            .Append(completing)
            .ToListAsync(cancellationToken);
    }

    /// <summary>Deletes blobs of an upload as far as they are still the ones that were seen: in order, so that one that is interrupted is found again.</summary>
    public static async Task DeleteAsync(BlobContainerClient incoming, UploadReference upload, IReadOnlyList<SeenBlob> blobs, CancellationToken cancellationToken)
    {
        foreach (var seen in blobs)
        {
            await StorageErrors.TranslateAsync($"deleting {upload.ManifestPath}", () => DeleteAsync(incoming.GetBlobBaseClient(seen.Name), seen.ETag, cancellationToken), cancellationToken);
        }
    }

    /// <summary>Deletes a blob if it is still the one under <paramref name="etag"/>.</summary>
    public static async Task<bool> DeleteAsync(BlobBaseClient blob, ETag etag, CancellationToken cancellationToken)
    {
        try
        {
            await blob.DeleteAsync(DeleteSnapshotsOption.IncludeSnapshots, new BlobRequestConditions { IfMatch = etag }, cancellationToken);
            return true;
        }
        catch (RequestFailedException e) when (e.Status is 404 or 412)
        {
            if (await BlobLooks.FindAsync(blob, etag, cancellationToken) is not null)
            {
                throw;
            }

            return false;
        }
    }
}
