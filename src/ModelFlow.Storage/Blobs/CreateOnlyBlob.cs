using System.Security.Cryptography;
using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using ModelFlow.Core.Naming;

namespace ModelFlow.Storage.Blobs;

/// <summary>
/// Writes a blob that is never overwritten, in a stream: the first bytes at a path stay. The digest is kept in its metadata, so that
/// the same bytes again are recognised without reading them, also when the answer to the first try was lost.
/// </summary>
internal static class CreateOnlyBlob
{
    private const int BlockBytes = 8 << 20;
    private const int BlocksAtATime = 4;
    private const string DigestMetadata = "sha256";

    /// <summary>Writes <paramref name="content"/>. Returns its digest, and whether these bytes are the blob's now.</summary>
    public static async Task<(Sha256Digest Digest, bool IsKept)> WriteAsync(BlobContainerClient container, string path, Stream content, CancellationToken cancellationToken)
    {
        var blob = container.GetBlockBlobClient(path);
        using var sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var first = await ReadBlockAsync(content, sha, cancellationToken);
        var isWhole = first.Length < BlockBytes;
        return isWhole
            ? await PutAsync(blob, first, sha, cancellationToken)
            : await PutBlocksAsync(blob, first, content, sha, cancellationToken);
    }

    private static async Task<(Sha256Digest Digest, bool IsKept)> PutAsync(BlockBlobClient blob, ReadOnlyMemory<byte> bytes, IncrementalHash sha, CancellationToken cancellationToken)
    {
        var digest = Sha256Digest.FromHash(sha.GetHashAndReset());
        var options = new BlobUploadOptions { Conditions = NotThere(), Metadata = Metadata(digest) };
        return await CreateAsync(blob, digest, () => blob.UploadAsync(BinaryData.FromBytes(bytes).ToStream(), options, cancellationToken), cancellationToken);
    }

    private static async Task<(Sha256Digest Digest, bool IsKept)> PutBlocksAsync(BlockBlobClient blob, ReadOnlyMemory<byte> first, Stream content, IncrementalHash sha, CancellationToken cancellationToken)
    {
        // Block names are this call's own: blocks of two writers never mix.
        var name = Guid.NewGuid();
        var blocks = new List<string>();
        var staging = new List<Task>();
        for (var block = first; block.Length > 0; block = await ReadBlockAsync(content, sha, cancellationToken))
        {
            var id = Convert.ToBase64String([.. name.ToByteArray(), .. BitConverter.GetBytes(blocks.Count)]);
            var bytes = BinaryData.FromBytes(block);
            blocks.Add(id);
            staging.Add(StorageErrors.TranslateAsync($"writing {blob.Name}", () => blob.StageBlockAsync(id, bytes.ToStream(), cancellationToken: cancellationToken), cancellationToken));
            if (staging.Count >= BlocksAtATime)
            {
                await Task.WhenAny(staging);
                foreach (var done in staging.Where(s => s.IsCompleted).ToList())
                {
                    await done;
                    staging.Remove(done);
                }
            }
        }

        await Task.WhenAll(staging);
        var digest = Sha256Digest.FromHash(sha.GetHashAndReset());
        var options = new CommitBlockListOptions { Conditions = NotThere(), Metadata = Metadata(digest) };
        return await CreateAsync(blob, digest, () => blob.CommitBlockListAsync(blocks, options, cancellationToken), cancellationToken);
    }

    private static async Task<(Sha256Digest Digest, bool IsKept)> CreateAsync<T>(BlockBlobClient blob, Sha256Digest digest, Func<Task<T>> create, CancellationToken cancellationToken)
    {
        try
        {
            await create();
            return (digest, true);
        }
        catch (Exception e) when (StorageErrors.IsStorageFailure(e, cancellationToken) && (StorageErrors.StatusOf(e) is 409 or 412 || StorageErrors.IsUncertain(e)))
        {
            var there = await StorageErrors.TranslateAsync($"reading {blob.Name}", () => DigestOfAsync(blob, cancellationToken), cancellationToken);
            return there is { } found ? (digest, found == digest) : throw StorageErrors.Translate($"writing {blob.Name}", e);
        }
        catch (Exception e) when (StorageErrors.IsStorageFailure(e, cancellationToken))
        {
            throw StorageErrors.Translate($"writing {blob.Name}", e);
        }
    }

    private static async Task<Sha256Digest?> DigestOfAsync(BlockBlobClient blob, CancellationToken cancellationToken)
    {
        try
        {
            var properties = (await blob.GetPropertiesAsync(cancellationToken: cancellationToken)).Value;
            if (properties.Metadata.TryGetValue(DigestMetadata, out var text) && Sha256Digest.TryParse(text, out var digest, out _))
            {
                return digest;
            }
        }
        catch (RequestFailedException e) when (e.Status == 404)
        {
            return null;
        }

        // Put there by other means.
        return (await BlobHasher.HashAsync(blob, condition: null, progress: null, cancellationToken))?.Digest;
    }

    private static async Task<ReadOnlyMemory<byte>> ReadBlockAsync(Stream content, IncrementalHash sha, CancellationToken cancellationToken)
    {
        // Small files must not cost a whole block's memory each.
        var buffer = new byte[content.CanSeek ? (int)Math.Clamp(content.Length - content.Position + 1, 1, BlockBytes) : BlockBytes];
        var length = await content.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
        sha.AppendData(buffer, 0, length);
        return buffer.AsMemory(0, length);
    }

    private static BlobRequestConditions NotThere() => new() { IfNoneMatch = ETag.All };

    private static Dictionary<string, string> Metadata(Sha256Digest digest) => new(StringComparer.Ordinal) { [DigestMetadata] = digest.Hex };
}
