using System.Text.Json;
using Microsoft.Extensions.Options;
using ModelFlow.Core.Manifests;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Serialization;

namespace ModelFlow.Serving.Repository;

/// <summary>
/// The model files on disk, by content: one folder for each set of files, named by the set's digest. Bounded; sets that no
/// loaded version uses leave first, the longest unused before others. Folder layout: <c>{digest}/set.json</c>,
/// <c>{digest}/files/…</c> (whole, verified files) and <c>{digest}/partial/…</c> (downloads under way).
/// </summary>
internal sealed class ModelCache
{
    private const string Trash = ".trash-";

    private readonly string _root;
    private readonly long _capacity;
    private readonly TimeProvider _time;
    private readonly Lock _lock = new();
    private readonly Dictionary<Sha256Digest, Entry> _entries = [];

    /// <summary>Takes over what an earlier process left.</summary>
    public ModelCache(DataDirectory directory, IOptions<ServingOptions> options, TimeProvider time)
    {
        _root = Path.Combine(directory.Root, "cache");
        _capacity = options.Value.CacheBytes;
        _time = time;
        Directory.CreateDirectory(_root);
        foreach (var folder in Directory.GetDirectories(_root))
        {
            if (!Sha256Digest.TryParse(Path.GetFileName(folder), out var digest, out _) || ReadSet(folder) is not { } files || files.Digest != digest)
            {
                Directory.Delete(folder, recursive: true);
                continue;
            }

            _entries.Add(digest, new Entry(files.TotalBytes) { LastUse = Directory.GetLastWriteTimeUtc(folder) });
        }
    }

    /// <summary>The bytes of all sets, whole or under way.</summary>
    public long Bytes
    {
        get
        {
            lock (_lock)
            {
                return _entries.Values.Sum(e => e.Bytes);
            }
        }
    }

    /// <summary>Makes room for a set and holds it until the result is disposed; null, with a reason, when there is no room.</summary>
    public Lease? TryHold(FileSet files, out string? reason)
    {
        var folder = Path.Combine(_root, files.Digest.Hex);
        Entry? entry;
        lock (_lock)
        {
            if (!_entries.TryGetValue(files.Digest, out entry))
            {
                reason = MakeRoom(files.TotalBytes);
                if (reason is not null)
                {
                    return null;
                }

                Directory.CreateDirectory(folder);
                File.WriteAllBytes(Path.Combine(folder, "set.json"), JsonSerializer.SerializeToUtf8Bytes(files.Files, CoreJson.Options));
                _entries.Add(files.Digest, entry = new Entry(files.TotalBytes));
            }

            entry.Holds++;
            Touch(entry, folder);
        }

        reason = null;
        Directory.CreateDirectory(Path.Combine(folder, "files"));
        Directory.CreateDirectory(Path.Combine(folder, "partial"));
        return new Lease(this, files, folder, entry.Fetching);
    }

    private static FileSet? ReadSet(string folder)
    {
        try
        {
            var files = JsonSerializer.Deserialize<IReadOnlyList<ManifestFile>>(File.ReadAllBytes(Path.Combine(folder, "set.json")), CoreJson.Options);
            return files is null ? null : new FileSet(files);
        }
        catch (Exception e) when (e is JsonException or FileNotFoundException)
        {
            return null;
        }
    }

    private string? MakeRoom(long bytes)
    {
        if (bytes > _capacity)
        {
            return $"The files have {bytes} bytes; the server keeps at most {_capacity} (Serving:CacheBytes).";
        }

        var used = _entries.Values.Sum(e => e.Bytes);
        var leaving = new List<Sha256Digest>();
        foreach (var (digest, entry) in _entries.Where(e => e.Value.Holds == 0).OrderBy(e => e.Value.LastUse))
        {
            if (used + bytes <= _capacity)
            {
                break;
            }

            leaving.Add(digest);
            used -= entry.Bytes;
        }

        if (used + bytes > _capacity)
        {
            return $"The files have {bytes} bytes; {used} of the {_capacity} that the server keeps (Serving:CacheBytes) are in use by loaded versions: unload one, or raise the bound.";
        }

        leaving.ForEach(Remove);
        var free = new DriveInfo(_root).AvailableFreeSpace;
        return bytes > free ? $"The files have {bytes} bytes; the disk of Serving:DataDirectory has {free} left." : null;
    }

    // Renamed before it is deleted: a process that ends in between leaves rubbish that the next start removes, not half a set.
    private void Remove(Sha256Digest digest)
    {
        var trash = Path.Combine(_root, Trash + digest.Hex);
        Directory.Move(Path.Combine(_root, digest.Hex), trash);
        _entries.Remove(digest);
        Directory.Delete(trash, recursive: true);
    }

    private void Touch(Entry entry, string folder)
    {
        entry.LastUse = _time.GetUtcNow().UtcDateTime;
        Directory.SetLastWriteTimeUtc(folder, entry.LastUse);
    }

    private void Release(FileSet files, string folder, bool forget)
    {
        lock (_lock)
        {
            var entry = _entries[files.Digest];
            entry.Holds--;
            if (forget && entry.Holds == 0)
            {
                Remove(files.Digest);
            }
            else
            {
                Touch(entry, folder);
            }
        }
    }

    private sealed class Entry(long bytes)
    {
        public long Bytes => bytes;

        public SemaphoreSlim Fetching { get; } = new(1, 1);

        public int Holds { get; set; }

        public DateTime LastUse { get; set; }
    }

    /// <summary>A held set.</summary>
    public sealed class Lease(ModelCache cache, FileSet files, string folder, SemaphoreSlim fetching) : IDisposable
    {
        private int _released;

        /// <summary>Held while the set's files are looked at and fetched.</summary>
        public SemaphoreSlim Fetching => fetching;

        /// <summary>Where a file of the set lies, or will.</summary>
        public string PathOf(string path) => Path.Combine(folder, "files", path.Replace('/', Path.DirectorySeparatorChar));

        /// <summary>Where a file's download is kept until it is whole.</summary>
        public string PartialPathOf(string path) => Path.Combine(folder, "partial", Sha256Digest.Of(path).Hex);

        /// <summary>Whether the set's bytes cannot be used and should not be kept once nothing holds them.</summary>
        public bool Forget { get; set; }

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _released, 1) == 0)
            {
                cache.Release(files, folder, Forget);
            }
        }
    }
}
