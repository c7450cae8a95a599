using System.Buffers;
using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;

namespace ModelFlow.Core.Traffic;

/// <summary>
/// From a sticky key to its place, the same in every gateway and after every restart:
/// <c>h = XXH64(utf8(key), seed: XXH64(utf8(salt), seed: 0))</c> (https://github.com/Cyan4973/xxHash, stable format);
/// the bucket is <c>((h &gt;&gt; 32) · 10,000) &gt;&gt; 32</c>, the sub-bucket the lowest six bits of <c>h</c>.
/// A candidate with weight w has the buckets below w, so a key that saw it at 5 % still sees it at 25 %.
/// </summary>
public static class Bucketing
{
    /// <summary>How many buckets a key can fall into: one per basis point of weight.</summary>
    public const int Buckets = 10_000;

    /// <summary>How many groups keys are counted in.</summary>
    public const int SubBuckets = 64;

    /// <summary>The seed that stands for a salt; compute it once per route.</summary>
    public static ulong SeedOf(string salt) => XxHash64.HashToUInt64(Encoding.UTF8.GetBytes(salt));

    /// <summary>The hash of a key under a salt's seed.</summary>
    public static ulong Hash(ulong seed, ReadOnlySpan<char> key)
    {
        const int OnStack = 512;
        var size = Encoding.UTF8.GetMaxByteCount(key.Length);
        var rented = size > OnStack ? ArrayPool<byte>.Shared.Rent(size) : null;
        var bytes = rented ?? stackalloc byte[OnStack];
        var length = Encoding.UTF8.GetBytes(key, bytes);
        var hash = XxHash64.HashToUInt64(bytes[..length], unchecked((long)seed));
        if (rented is not null)
        {
            ArrayPool<byte>.Shared.Return(rented);
        }

        return hash;
    }

    /// <summary>The hash of what tells a request apart (<see cref="RequestId.Unique"/>, its eight bytes in big-endian order) under a salt's seed.</summary>
    public static ulong Hash(ulong seed, ulong unique)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, unique);
        return XxHash64.HashToUInt64(bytes, unchecked((long)seed));
    }

    /// <summary>The bucket of a hash, 0 to 9,999.</summary>
    public static int BucketOf(ulong hash) => (int)(((hash >> 32) * Buckets) >> 32);

    /// <summary>The sub-bucket of a hash, 0 to 63; independent of its bucket.</summary>
    public static int SubBucketOf(ulong hash) => (int)(hash & (SubBuckets - 1));
}
