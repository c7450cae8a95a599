using ModelFlow.Core.Catalog;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Policies;
using ModelFlow.Core.Ports;
using ModelFlow.EvaluatorProcess;

namespace ModelFlow.LocalHost.Files;

/// <summary>Files of a version, or a data set, on this machine for as long as it is not disposed of.</summary>
public sealed class CachedFiles : IDisposable
{
    private Action? _release;

    internal CachedFiles(string path, Action release)
    {
        Path = path;
        _release = release;
    }

    /// <summary>The folder with the version's files under their manifest paths, or the data set's file. Read-only.</summary>
    public string Path { get; }

    /// <summary>Allows the files to be removed.</summary>
    public void Dispose() => Interlocked.Exchange(ref _release, null)?.Invoke();
}

/// <summary>The outcome of asking for files.</summary>
public abstract record FetchFiles
{
    private FetchFiles()
    {
    }

    /// <summary>They are here, verified just now.</summary>
    public sealed record Here(CachedFiles Files) : FetchFiles;

    /// <summary>They cannot be had; why.</summary>
    public sealed record Unavailable(string Reason) : FetchFiles;
}

/// <summary>
/// Keeps versions and data sets on this machine, named by their digests, so that each is downloaded once. Every file is verified
/// each time it is asked for: what an evaluator did to the files it was given must not reach the next one.
/// </summary>
/// <param name="artifacts">Where versions come from.</param>
/// <param name="datasets">Where data sets come from.</param>
/// <param name="http">Follows the stores' grants.</param>
/// <param name="root">The cache's folder; made when needed. Whatever is in it may be deleted while nothing runs.</param>
/// <param name="mostBytes">What the cache may hold; beyond it the files used longest ago go.</param>
public sealed class ModelFileCache(IArtifactStore artifacts, IDatasetStore datasets, HttpClient http, string root, long mostBytes) : IDisposable
{
    private const string Versions = "versions";
    private const string Datasets = "datasets";

    // A listing of all levels would follow links to folders, and what it finds is deleted.
    private static readonly EnumerationOptions WithoutLinks = new() { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint };

    private static readonly string[] Kinds = [Versions, Datasets];
    private static readonly TimeSpan GrantFor = TimeSpan.FromHours(1);

    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly Lock _usesGate = new();
    private readonly Dictionary<string, int> _uses = new(StringComparer.Ordinal);

    /// <summary>The files of a version.</summary>
    /// <exception cref="HttpRequestException">The storage cannot be reached.</exception>
    public async Task<FetchFiles> GetVersionAsync(VersionRecord version, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(version);
        var folder = Path.Combine(root, Versions, version.Digest.Hex);
        await _gate.WaitAsync(cancellationToken);
        try
        {
            Directory.CreateDirectory(folder);
            foreach (var file in version.Manifest.Files)
            {
                var path = Path.GetFullPath(Path.Combine(folder, file.Path));
                if (!path.StartsWith(folder + Path.DirectorySeparatorChar, StringComparison.Ordinal))
                {
                    return new FetchFiles.Unavailable($"the manifest of {version.Version} names a file outside the version's folder: {file.Path}");
                }

                if (await IsIntactAsync(path, folder, file.Sha256, cancellationToken))
                {
                    continue;
                }

                Directory.CreateDirectory(Path.GetDirectoryName(path)!); // inside the folder
                var grant = await artifacts.GrantReadAsync(version.Model, version.Version, file.Path, GrantFor, cancellationToken);
                if (await VerifiedDownload.ToFileAsync(http, grant, path, file.Size, file.Sha256, cancellationToken) is Downloaded.Refused refused)
                {
                    return new FetchFiles.Unavailable($"{version.Version}: {refused.Reason}");
                }
            }

            RemoveStrangers(folder, [.. version.Manifest.Files.Select(f => Path.GetFullPath(Path.Combine(folder, f.Path)))]);
            return Use(folder);
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <summary>The file of a data set, under its digest and with its ending.</summary>
    /// <exception cref="HttpRequestException">The storage cannot be reached.</exception>
    public async Task<FetchFiles> GetDatasetAsync(DatasetReference dataset, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        var folder = Path.Combine(root, Datasets);
        var path = Path.Combine(folder, dataset.Sha256.Hex + Path.GetExtension(dataset.Path));
        await _gate.WaitAsync(cancellationToken);
        try
        {
            Directory.CreateDirectory(folder);
            if (!await IsIntactAsync(path, folder, dataset.Sha256, cancellationToken))
            {
                if (await datasets.GrantReadAsync(dataset.Path, GrantFor, cancellationToken) is not { } grant)
                {
                    return new FetchFiles.Unavailable($"there is no data set '{dataset.Path}'; upload it before the policy names it");
                }

                if (await VerifiedDownload.ToFileAsync(http, grant, path, null, dataset.Sha256, cancellationToken) is Downloaded.Refused refused)
                {
                    return new FetchFiles.Unavailable($"data set '{dataset.Path}': {refused.Reason}; the policy pins the digest");
                }
            }

            return Use(path);
        }
        finally
        {
            _gate.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _gate.Dispose();

    private static async Task<bool> IsIntactAsync(string path, string folder, Sha256Digest sha256, CancellationToken cancellationToken)
    {
        RemoveLinks(path, folder);
        if (await VerifiedDownload.HasDigestAsync(path, sha256, cancellationToken))
        {
            return true;
        }

        if (Directory.Exists(path))
        {
            Directory.Delete(path, recursive: true);
        }

        File.Delete(path);
        return false;
    }

    // A link would lead the evaluator, and the next verification, to a file elsewhere.
    private static void RemoveLinks(string path, string folder)
    {
        for (var part = path; part.Length > folder.Length; part = Path.GetDirectoryName(part)!)
        {
            if (new FileInfo(part).LinkTarget is not null)
            {
                File.Delete(part);
            }
        }
    }

    private static void RemoveStrangers(string folder, HashSet<string> known)
    {
        foreach (var entry in new DirectoryInfo(folder).EnumerateFileSystemInfos().ToList())
        {
            if (entry.LinkTarget is null && entry is DirectoryInfo)
            {
                RemoveStrangers(entry.FullName, known);
            }
            else if (entry.LinkTarget is not null || !known.Contains(entry.FullName))
            {
                entry.Delete();
            }
        }
    }

    private FetchFiles.Here Use(string entry)
    {
        lock (_usesGate)
        {
            _uses[entry] = _uses.GetValueOrDefault(entry) + 1;
        }

        if (Directory.Exists(entry))
        {
            Directory.SetLastWriteTimeUtc(entry, DateTime.UtcNow);
        }
        else
        {
            File.SetLastWriteTimeUtc(entry, DateTime.UtcNow);
        }

        Trim();
        return new FetchFiles.Here(new CachedFiles(entry, () =>
        {
            lock (_usesGate)
            {
                _uses[entry]--;
            }
        }));
    }

    private void Trim()
    {
        var entries = Kinds
            .Select(kind => new DirectoryInfo(Path.Combine(root, kind)))
            .Where(kind => kind.Exists)
            .SelectMany(kind => kind.EnumerateFileSystemInfos())
            .Select(e => (Entry: e, Bytes: e is FileInfo file ? file.Length : ((DirectoryInfo)e).EnumerateFiles("*", WithoutLinks).Sum(f => f.Length)))
            .OrderByDescending(e => e.Entry.LastWriteTimeUtc)
            .ToList();
        var kept = 0L;
        foreach (var (entry, bytes) in entries)
        {
            lock (_usesGate)
            {
                if (kept + bytes <= mostBytes || _uses.GetValueOrDefault(entry.FullName) > 0)
                {
                    kept += bytes;
                    continue;
                }
            }

            if (entry is DirectoryInfo folder)
            {
                folder.Delete(recursive: true);
            }
            else
            {
                entry.Delete();
            }
        }
    }
}
