using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;

namespace ModelFlow.Notifications;

/// <summary>
/// Protects with AES-256-GCM under the keys of <see cref="NotificationOptions.ProtectionKeys"/>:
/// <c>1.{first 8 digits of the key's SHA-256}.{base64 of nonce, tag and cipher text}</c>.
/// </summary>
public sealed class AesGcmSecretProtector(IOptions<NotificationOptions> options) : ISecretProtector
{
    private const string Format = "1";

    private readonly List<(string Id, byte[] Key)> _keys = [.. options.Value.ProtectionKeys.Select(Convert.FromBase64String).Select(k => (IdOf(k), k))];

    /// <inheritdoc/>
    public bool CanProtect => _keys.Count > 0;

    /// <inheritdoc/>
    public string Protect(string secret)
    {
        var (id, key) = CanProtect ? _keys[0] : throw new InvalidOperationException($"{NotificationOptions.Section}:{nameof(NotificationOptions.ProtectionKeys)} has no key.");
        var plain = Encoding.UTF8.GetBytes(secret);
        var sealedBytes = new byte[AesGcm.NonceByteSizes.MaxSize + AesGcm.TagByteSizes.MaxSize + plain.Length];
        var (nonce, tag, cipher) = Parts(sealedBytes);
        RandomNumberGenerator.Fill(nonce);
        using var aes = new AesGcm(key, AesGcm.TagByteSizes.MaxSize);
        aes.Encrypt(nonce, plain, cipher, tag, Encoding.ASCII.GetBytes(id));
        return $"{Format}.{id}.{Convert.ToBase64String(sealedBytes)}";
    }

    /// <inheritdoc/>
    public string Unprotect(string text)
    {
        if (text.Split('.') is not [Format, var id, var base64])
        {
            throw new CryptographicException("The protected text is not in a form that is known.");
        }

        var key = _keys.Find(k => string.Equals(k.Id, id, StringComparison.Ordinal)).Key
            ?? throw new CryptographicException($"It was protected with the key {id}, which {NotificationOptions.Section}:{nameof(NotificationOptions.ProtectionKeys)} does not have.");
        var sealedBytes = Decode(base64);
        var (nonce, tag, cipher) = Parts(sealedBytes);
        var plain = new byte[cipher.Length];
        using var aes = new AesGcm(key, AesGcm.TagByteSizes.MaxSize);
        aes.Decrypt(nonce, cipher, tag, plain, Encoding.ASCII.GetBytes(id));
        return Encoding.UTF8.GetString(plain);
    }

    private static byte[] Decode(string base64)
    {
        var bytes = new byte[base64.Length];
        return Convert.TryFromBase64String(base64, bytes, out var written) && written >= AesGcm.NonceByteSizes.MaxSize + AesGcm.TagByteSizes.MaxSize
            ? bytes[..written]
            : throw new CryptographicException("The protected text is damaged.");
    }

    private static Sealed Parts(byte[] bytes)
    {
        var (nonce, tag) = (AesGcm.NonceByteSizes.MaxSize, AesGcm.TagByteSizes.MaxSize);
        return new Sealed(bytes.AsSpan(0, nonce), bytes.AsSpan(nonce, tag), bytes.AsSpan(nonce + tag));
    }

    private static string IdOf(byte[] key) => Sha256Digest.Of(key).Hex[..8];

    private readonly ref struct Sealed(Span<byte> nonce, Span<byte> tag, Span<byte> cipher)
    {
        private readonly Span<byte> _nonce = nonce;
        private readonly Span<byte> _tag = tag;
        private readonly Span<byte> _cipher = cipher;

        public void Deconstruct(out Span<byte> nonce, out Span<byte> tag, out Span<byte> cipher)
        {
            nonce = _nonce;
            tag = _tag;
            cipher = _cipher;
        }
    }
}
