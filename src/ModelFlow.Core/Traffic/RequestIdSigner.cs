using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using ModelFlow.Core.Naming;

namespace ModelFlow.Core.Traffic;

/// <summary>
/// Signs request ids: base64url, 54 characters, of the id's 24 bytes and the first 16 bytes of HMAC-SHA-256 (RFC 2104) over the
/// model's name in ASCII and those 24 bytes. For any number of threads.
/// </summary>
public sealed class RequestIdSigner : IDisposable
{
    /// <summary>How many bytes a signing key needs at least.</summary>
    public const int MinKeyBytes = 32;

    /// <summary>How many characters a signed id has.</summary>
    public const int Length = 54;

    private const int MacBytes = 16;

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
        Span<byte> bytes = stackalloc byte[RequestId.Bytes + MacBytes];
        id.Write(bytes);
        Mac(model, bytes[..RequestId.Bytes], bytes[RequestId.Bytes..]);
        return Base64Url.EncodeToString(bytes);
    }

    /// <summary>Reads an id; false if it was not signed for <paramref name="model"/> with this key.</summary>
    public bool TryVerify(string? text, ModelName model, out RequestId id)
    {
        id = default;
        Span<byte> bytes = stackalloc byte[RequestId.Bytes + MacBytes];
        Span<byte> mac = stackalloc byte[MacBytes];
        if (text is not { Length: Length } || !Base64Url.IsValid(text) || !Base64Url.TryDecodeFromChars(text, bytes, out var length) || length != bytes.Length)
        {
            return false;
        }

        Mac(model, bytes[..RequestId.Bytes], mac);
        if (!CryptographicOperations.FixedTimeEquals(mac, bytes[RequestId.Bytes..]))
        {
            return false;
        }

        id = RequestId.Read(bytes);
        return true;
    }

    /// <inheritdoc/>
    public void Dispose() => _hmac.Dispose();

    private void Mac(ModelName model, ReadOnlySpan<byte> id, Span<byte> to)
    {
        Span<byte> signed = stackalloc byte[ModelName.MaxLength + RequestId.Bytes];
        var length = Encoding.ASCII.GetBytes(model.Value, signed);
        id.CopyTo(signed[length..]);
        Span<byte> full = stackalloc byte[HMACSHA256.HashSizeInBytes];
        var hmac = _hmac.Value!; // The factory never answers null.
        hmac.AppendData(signed[..(length + RequestId.Bytes)]);
        hmac.GetHashAndReset(full);
        full[..MacBytes].CopyTo(to);
    }
}
