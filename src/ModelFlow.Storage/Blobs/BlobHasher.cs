using System.Buffers;
using System.Security.Cryptography;
using Azure;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using ModelFlow.Core.Naming;

namespace ModelFlow.Storage.Blobs;

/// <summary>Reads a blob in a stream and digests it: memory does not grow with the blob.</summary>
internal static class BlobHasher
{
    private const int BufferBytes = 1 << 20;

    /// <summary>Size and digest of a blob as it is under <paramref name="condition"/> (null: as it is at the start); null if there is none such.</summary>
    /// <exception cref="RequestFailedException">The blob is archived (409), or the storage failed.</exception>
    public static async Task<HashedBlob?> HashAsync(BlobBaseClient blob, ETag? condition, IProgress<long>? progress, CancellationToken cancellationToken)
    {
        try
        {
            var options = new BlobDownloadOptions { Conditions = condition is { } etag ? new BlobRequestConditions { IfMatch = etag } : null };
            using var download = (await blob.DownloadStreamingAsync(options, cancellationToken)).Value;
            using var sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
            try
            {
                long size = 0;
                int read;
                while ((read = await download.Content.ReadAsync(buffer, cancellationToken)) > 0)
                {
                    sha.AppendData(buffer, 0, read);
                    size += read;
                    progress?.Report(read);
                }

                return new HashedBlob(size, Sha256Digest.FromHash(sha.GetHashAndReset()), download.Details.ETag);
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }
        }
        catch (RequestFailedException e) when (e.Status is 404 or 412)
        {
            if (condition is { } etag && await BlobLooks.FindAsync(blob, etag, cancellationToken) is not null)
            {
                throw;
            }

            return null;
        }
    }
}

/// <summary>What a blob was when it was read.</summary>
internal sealed record HashedBlob(long Size, Sha256Digest Digest, ETag ETag);
