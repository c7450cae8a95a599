using System.Security.Cryptography;
using ModelFlow.Core.Manifests;
using ModelFlow.Core.Naming;

namespace ModelFlow.Serving.Repository;

/// <summary>Brings a version's files to disk, whole and verified.</summary>
internal sealed class ModelFiles(FileDownload download)
{
    /// <summary>A file that is here is hashed again, a missing one is downloaded; once, where two versions have the same files.</summary>
    /// <exception cref="DownloadException">A file cannot be fetched now.</exception>
    /// <exception cref="WrongBytesException">A file is not the one that its digest names.</exception>
    public async Task FetchAsync(LoadRequest request, ModelCache.Lease lease, CancellationToken cancellationToken)
    {
        await lease.Fetching.WaitAsync(cancellationToken);
        try
        {
            foreach (var file in request.Files.Files)
            {
                await FetchAsync(file, request.Sources.GetValueOrDefault(file.Path), lease, cancellationToken);
            }
        }
        finally
        {
            lease.Fetching.Release();
        }
    }

    private async Task FetchAsync(ManifestFile file, Uri? source, ModelCache.Lease lease, CancellationToken cancellationToken)
    {
        var path = lease.PathOf(file.Path);
        if (await IsWholeAsync(path, file, cancellationToken))
        {
            return;
        }

        if (source is null)
        {
            throw new DownloadException($"'{file.Path}' is missing or damaged on the server's disk; load the version again.");
        }

        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        await download.RunAsync(file, source, lease.PartialPathOf(file.Path), path, cancellationToken);
    }

    private static async Task<bool> IsWholeAsync(string path, ManifestFile file, CancellationToken cancellationToken)
    {
        var info = new FileInfo(path);
        if (!info.Exists || info.Length != file.Size)
        {
            return false;
        }

        await using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 17, FileOptions.Asynchronous | FileOptions.SequentialScan);
        return Sha256Digest.FromHash(await SHA256.HashDataAsync(stream, cancellationToken)) == file.Sha256;
    }
}
