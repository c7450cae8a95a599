using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using ModelFlow.Core.Naming;

namespace ModelFlow.Core.Traffic;

/// <summary>
/// Signs request ids: base64url of the id's 24 bytes, its slice in ASCII if it has one, and the first 16 bytes of HMAC-SHA-256 (RFC 2104) over
/// the model's name in ASCII, '/' and the slice if it has one, and those 24 bytes. <see cref="Length"/> characters without a slice, at most 96 with one. For any number of threads.
/// </summary>
public sealed class RequestIdSigner : IDisposable
{
    /// <summary>How many bytes a signing key needs at least.</summary>
    public const int MinKeyBytes = 32;

    /// <summary>How many characters a signed id without a slice has.</summary>
    public const int Length = 54;

    private const int MacBytes = 16;
    private const int LeastBytes = RequestId.Bytes + MacBytes;
    private const int MostBytes = LeastBytes + SliceName.MaxLength;
    private const int MostCharacters = ((MostBytes * 4) + 2) / 3;

    // Keying an HMAC anew for each request would cost more than the signature.
    private readonly ThreadLocal<IncrementalHash> _hmac;

    /// <summary>Signs with <paramref name="key"/>.</summary>
    /// <exception cref="ArgumentException">The key has less than <see cref="MinKeyBytes"/> bytes.</exception>
    public RequestIdSigner(ReadOnlySpan<byte> key)
    {
        if (key.Length < MinKeyBytes)
        {
            throw new ArgumentException($"A signing key has at least {MinKeyBytes} bytes.", nameof(key));
        }

        var own = key.ToArray();

        // Not tracked: pool threads come and go for as long as the process lives, and a tracked value would outlive its thread.
        _hmac = new ThreadLocal<IncrementalHash>(() => IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, own));
    }

    /// <summary>Writes the id and its signature as text.</summary>
    public string Sign(ModelName model, RequestId id)
    {
        Span<byte> bytes = stackalloc byte[MostBytes];
        id.Write(bytes);
        var length = RequestId.Bytes + Encoding.ASCII.GetBytes(id.Slice, bytes[RequestId.Bytes..]);
        Mac(model, bytes[..length], bytes[length..]);
        return Base64Url.EncodeToString(bytes[..(length + MacBytes)]);
    }

    /// <summary>Reads an id; false if it was not signed for <paramref name="model"/> with this key.</summary>
    public bool TryVerify(string? text, ModelName model, out RequestId id)
    {
        id = default;
        Span<byte> bytes = stackalloc byte[MostBytes];
        Span<byte> mac = stackalloc byte[MacBytes];
        if (text is null or { Length: > MostCharacters } || !Base64Url.IsValid(text) || !Base64Url.TryDecodeFromChars(text, bytes, out var length) || length < LeastBytes)
        {
            return false;
        }

        var signed = bytes[..(length - MacBytes)];
        Mac(model, signed, mac);
        if (!CryptographicOperations.FixedTimeEquals(mac, bytes[signed.Length..length]))
        {
            return false;
        }

        id = RequestId.Read(signed) with { Slice = signed.Length == RequestId.Bytes ? null : Encoding.ASCII.GetString(signed[RequestId.Bytes..]) };
        return true;
    }

    /// <inheritdoc/>
    public void Dispose() => _hmac.Dispose();

    // No model and no slice has a '/' in its name, and the id is of one length: no two ids are signed by the same bytes.
    private void Mac(ModelName model, ReadOnlySpan<byte> idAndSlice, Span<byte> to)
    {
        Span<byte> signed = stackalloc byte[ModelName.MaxLength + 1 + MostBytes];
        var length = Encoding.ASCII.GetBytes(model.Value, signed);
        if (idAndSlice.Length > RequestId.Bytes)
        {
            signed[length++] = (byte)'/';
            idAndSlice[RequestId.Bytes..].CopyTo(signed[length..]);
            length += idAndSlice.Length - RequestId.Bytes;
        }

        idAndSlice[..RequestId.Bytes].CopyTo(signed[length..]);
        length += RequestId.Bytes;
        Span<byte> full = stackalloc byte[HMACSHA256.HashSizeInBytes];
        var hmac = _hmac.Value!; // The factory never answers null.
        hmac.AppendData(signed[..length]);
        hmac.GetHashAndReset(full);
        full[..MacBytes].CopyTo(to);
    }
}
