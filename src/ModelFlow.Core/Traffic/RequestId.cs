using System.Buffers.Binary;
using System.Buffers.Text;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using ModelFlow.Core.Naming;

namespace ModelFlow.Core.Traffic;

/// <summary>
/// The id a gateway gives to each answer, signed, so that feedback can later be booked on the version that really answered.
/// 40 bytes as base64url, 54 characters: 6 bytes time (milliseconds since 1970), 8 bytes unique number, 8 bytes route generation,
/// 1 byte version index in <see cref="RouteTable.Versions"/>, 1 byte sub-bucket, all big-endian, then the first 16 bytes of HMAC-SHA-256
/// (RFC 2104) over the model's name and these 24 bytes.
/// </summary>
/// <param name="At">When the answer began.</param>
/// <param name="Unique">Tells ids of the same millisecond apart.</param>
/// <param name="Generation">The route generation that chose the version.</param>
/// <param name="Version">The version's index in that route's <see cref="RouteTable.Versions"/>, 0 to 255.</param>
/// <param name="SubBucket">The group of the sticky key, 0 to 63.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct RequestId(DateTimeOffset At, ulong Unique, long Generation, int Version, int SubBucket)
{
    /// <summary>How many bytes a signing key needs at least.</summary>
    public const int MinKeyBytes = 32;

    /// <summary>How many characters an id has.</summary>
    public const int Length = 54;

    private const int PayloadBytes = 24;
    private const int MacBytes = 16;

    /// <summary>Writes the id and its signature as text.</summary>
    public string Sign(ModelName model, ReadOnlySpan<byte> key)
    {
        Span<byte> bytes = stackalloc byte[PayloadBytes + MacBytes];
        BinaryPrimitives.WriteInt64BigEndian(bytes, At.ToUnixTimeMilliseconds() << 16);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[6..], Unique);
        BinaryPrimitives.WriteInt64BigEndian(bytes[14..], Generation);
        bytes[22] = (byte)Version;
        bytes[23] = (byte)SubBucket;
        Mac(model, bytes[..PayloadBytes], key, bytes[PayloadBytes..]);
        return Base64Url.EncodeToString(bytes);
    }

    /// <summary>Reads an id; false if it was not signed for <paramref name="model"/> with <paramref name="key"/>.</summary>
    public static bool TryVerify(string? text, ModelName model, ReadOnlySpan<byte> key, out RequestId id)
    {
        id = default;
        Span<byte> bytes = stackalloc byte[PayloadBytes + MacBytes];
        Span<byte> mac = stackalloc byte[MacBytes];
        if (text is not { Length: Length } || !Base64Url.TryDecodeFromChars(text, bytes, out var length) || length != bytes.Length)
        {
            return false;
        }

        Mac(model, bytes[..PayloadBytes], key, mac);
        if (!CryptographicOperations.FixedTimeEquals(mac, bytes[PayloadBytes..]))
        {
            return false;
        }

        var milliseconds = (long)(BinaryPrimitives.ReadUInt64BigEndian(bytes) >> 16);
        id = new RequestId(
            DateTimeOffset.FromUnixTimeMilliseconds(milliseconds),
            BinaryPrimitives.ReadUInt64BigEndian(bytes[6..]),
            BinaryPrimitives.ReadInt64BigEndian(bytes[14..]),
            bytes[22],
            bytes[23]);
        return true;
    }

    private static void Mac(ModelName model, ReadOnlySpan<byte> payload, ReadOnlySpan<byte> key, Span<byte> to)
    {
        Span<byte> signed = stackalloc byte[ModelName.MaxLength + PayloadBytes];
        var length = Encoding.ASCII.GetBytes(model.Value, signed);
        payload.CopyTo(signed[length..]);
        Span<byte> full = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(key, signed[..(length + PayloadBytes)], full);
        full[..MacBytes].CopyTo(to);
    }
}
