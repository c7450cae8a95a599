using Azure;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;

namespace ModelFlow.Storage.Blobs;

/// <summary>
/// Copies a blob within the account: the bytes never pass through this process. The copy is made only if the source is still the one
/// that was looked at and only if nothing is at the destination.
/// </summary>
internal sealed class BlobCopier(StorageClients clients, BlobGrants grants)
{
    // Azure: a block list has at most 50,000 blocks.
    private const int MaxBlocks = 50_000;

    private static readonly TimeSpan SourceGrant = TimeSpan.FromHours(6);

    /// <summary>Copies <paramref name="source"/> as it is under <paramref name="etag"/>.</summary>
    public async Task<CopyBlob> CopyAsync(BlobBaseClient source, ETag etag, long size, BlockBlobClient target, CancellationToken cancellationToken)
    {
        var address = await grants.ReadAsync(source, SourceGrant, cancellationToken);
        try
        {
            if (size <= clients.Options.SingleCopyBytes)
            {
                await target.SyncCopyFromUriAsync(address, new BlobCopyFromUriOptions
                {
                    SourceConditions = new BlobRequestConditions { IfMatch = etag },
                    DestinationConditions = new BlobRequestConditions { IfNoneMatch = ETag.All },
                }, cancellationToken);
            }
            else if (await target.ExistsAsync(cancellationToken))
            {
                return CopyBlob.AlreadyThere;
            }
            else
            {
                await CopyBlocksAsync(address, etag, size, target, cancellationToken);
            }

            return CopyBlob.Copied;
        }
        catch (RequestFailedException e) when (e.Status is 404 or 409 or 412)
        {
            // The services have many codes for what is in the way; a look tells it for sure, and what passes by itself is thrown.
            if (await target.ExistsAsync(cancellationToken))
            {
                return CopyBlob.AlreadyThere;
            }

            if (await BlobLooks.FindAsync(source, etag, cancellationToken) is not null)
            {
                throw;
            }

            return CopyBlob.SourceChanged;
        }
    }

    private async Task CopyBlocksAsync(Uri source, ETag etag, long size, BlockBlobClient target, CancellationToken cancellationToken)
    {
        var blockBytes = Math.Max(clients.Options.CopyBlockBytes, (size + MaxBlocks - 1) / MaxBlocks);
        var count = (int)((size + blockBytes - 1) / blockBytes);

        // Names follow from the source's ETag: a copy that was interrupted finds the blocks it staged and goes on after them,
        // and blocks of two versions of the source never mix.
        var prefix = System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes($"{etag}/{size}/{blockBytes}"))[..16];
        string[] blocks = [.. Enumerable.Range(0, count).Select(i => Convert.ToBase64String([.. prefix, .. BitConverter.GetBytes(i)]))];
        var staged = await StagedAsync(target, cancellationToken);
        await Parallel.ForEachAsync(
            Enumerable.Range(0, count).Where(i => !staged.Contains(blocks[i])),
            new ParallelOptions { MaxDegreeOfParallelism = clients.Options.CopyParallelism, CancellationToken = cancellationToken },
            async (i, cancel) => await target.StageBlockFromUriAsync(source, blocks[i], new StageBlockFromUriOptions
            {
                SourceRange = new HttpRange(i * blockBytes, Math.Min(blockBytes, size - (i * blockBytes))),
                SourceConditions = new RequestConditions { IfMatch = etag },
            }, cancel));
        await target.CommitBlockListAsync(blocks, new CommitBlockListOptions { Conditions = new BlobRequestConditions { IfNoneMatch = ETag.All } }, cancellationToken);
    }

    private static async Task<HashSet<string>> StagedAsync(BlockBlobClient target, CancellationToken cancellationToken)
    {
        try
        {
            var list = await target.GetBlockListAsync(BlockListTypes.Uncommitted, cancellationToken: cancellationToken);
            return [.. list.Value.UncommittedBlocks.Select(b => b.Name)];
        }
        catch (RequestFailedException e) when (e.Status == 404)
        {
            return [];
        }
    }
}

/// <summary>What became of a copy.</summary>
internal enum CopyBlob
{
    /// <summary>It was made.</summary>
    Copied,

    /// <summary>Something is at the destination: an earlier copy, or another's.</summary>
    AlreadyThere,

    /// <summary>The source is gone or another.</summary>
    SourceChanged,
}
