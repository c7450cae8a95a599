using System.Runtime.CompilerServices;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;

namespace ModelFlow.Storage.Blobs;

/// <summary>Lists of blobs, with failures translated.</summary>
internal static class BlobLists
{
    /// <summary>Blobs whose names begin with <paramref name="prefix"/>, in order.</summary>
    public static async IAsyncEnumerable<BlobItem> ListAsync(BlobContainerClient container, string? prefix, [EnumeratorCancellation] CancellationToken cancellationToken, BlobTraits traits = BlobTraits.None)
    {
        var options = new GetBlobsOptions { Prefix = prefix, Traits = traits };
        await using var pages = container.GetBlobsAsync(options, cancellationToken).AsPages().GetAsyncEnumerator(cancellationToken);
        while (await StorageErrors.TranslateAsync($"listing {container.Name}", () => pages.MoveNextAsync().AsTask(), cancellationToken))
        {
            foreach (var blob in pages.Current.Values)
            {
                yield return blob;
            }
        }
    }

    /// <summary>The first part of the names, up to the first <c>/</c>, in order.</summary>
    public static async IAsyncEnumerable<string> ListFoldersAsync(BlobContainerClient container, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var options = new GetBlobsByHierarchyOptions { Delimiter = "/" };
        await using var pages = container.GetBlobsByHierarchyAsync(options, cancellationToken).AsPages().GetAsyncEnumerator(cancellationToken);
        while (await StorageErrors.TranslateAsync($"listing {container.Name}", () => pages.MoveNextAsync().AsTask(), cancellationToken))
        {
            foreach (var item in pages.Current.Values.Where(v => v.IsPrefix))
            {
                yield return item.Prefix.TrimEnd('/');
            }
        }
    }
}
