using System.Collections.Concurrent;
using ModelFlow.Core.Catalog;
using ModelFlow.Core.Naming;

namespace ModelFlow.Testing.InMemory;

/// <summary>Blobs of all containers, shared by the in-memory stores: <c>{container}/{path}</c>.</summary>
public sealed class InMemoryBlobs
{
    private readonly ConcurrentDictionary<string, Blob> _blobs = new(StringComparer.Ordinal);
    private long _lastETag;

    /// <summary>A blob's content, ETag and tier.</summary>
    public sealed record Blob(byte[] Content, string ETag, StorageTier Tier = StorageTier.Hot, bool Held = false)
    {
        /// <summary>Its digest.</summary>
        public Sha256Digest Digest => Sha256Digest.Of(Content);
    }

    /// <summary>Paths that begin with <paramref name="prefix"/>, in order.</summary>
    public IReadOnlyList<string> List(string prefix) => [.. _blobs.Keys.Where(k => k.StartsWith(prefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal)];

    /// <summary>A blob; null if there is none.</summary>
    public Blob? Find(string path) => _blobs.GetValueOrDefault(path);

    /// <summary>Writes a blob whatever is there. Returns its ETag.</summary>
    public string Put(string path, ReadOnlySpan<byte> content)
    {
        var blob = new Blob(content.ToArray(), NextETag());
        _blobs[path] = blob;
        return blob.ETag;
    }

    /// <summary>Writes a blob unless one is there.</summary>
    public bool TryCreate(string path, ReadOnlySpan<byte> content) => _blobs.TryAdd(path, new Blob(content.ToArray(), NextETag()));

    /// <summary>Changes a blob's tier; false if there is none.</summary>
    public bool SetTier(string path, StorageTier tier) => Change(path, blob => blob with { Tier = tier });

    /// <summary>Sets or lifts a blob's legal hold; false if there is none.</summary>
    public bool SetHold(string path, bool held) => Change(path, blob => blob with { Held = held });

    private bool Change(string path, Func<Blob, Blob> change)
    {
        while (_blobs.TryGetValue(path, out var blob))
        {
            if (_blobs.TryUpdate(path, change(blob), blob))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Deletes a blob.</summary>
    public bool Delete(string path) => _blobs.TryRemove(path, out _);

    /// <summary>An address for a grant; nothing listens there.</summary>
    public static Uri Address(string path) => new($"memory://blobs/{path}");

    private string NextETag() => $"\"0x{Interlocked.Increment(ref _lastETag):X}\"";
}
