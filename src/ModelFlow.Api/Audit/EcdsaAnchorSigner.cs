using System.Security.Cryptography;
using Microsoft.Extensions.Options;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;

namespace ModelFlow.Api.Audit;

/// <summary>Signs anchors with the keys of <see cref="AuditOptions"/>: ECDSA with P-256 and SHA-256, so that <c>openssl dgst -sha256 -verify</c> can check them.</summary>
public sealed class EcdsaAnchorSigner : IAnchorSigner
{
    private const int KeyBits = 256;
    private const int IdDigits = 16;

    private readonly string? _privateKey;

    /// <summary>Takes the keys; they were checked with the options.</summary>
    public EcdsaAnchorSigner(IOptions<AuditOptions> options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _privateKey = options.Value.SigningKeys.FirstOrDefault();
        Keys =
        [
            .. options.Value.SigningKeys.Select(k => Of(k, isPrivate: true)).Concat(options.Value.TrustedKeys.Select(k => Of(k, isPrivate: false))).DistinctBy(k => k.Id, StringComparer.Ordinal),
        ];
    }

    /// <inheritdoc/>
    public string? SigningKey => _privateKey is null ? null : Keys[0].Id;

    /// <inheritdoc/>
    public IReadOnlyList<AnchorKey> Keys { get; }

    /// <inheritdoc/>
    public byte[] Sign(ReadOnlySpan<byte> data)
    {
        using var key = Import(_privateKey ?? throw new InvalidOperationException($"{AuditOptions.Section}:{nameof(AuditOptions.SigningKeys)} has no key."), isPrivate: true);
        return key.SignData(data, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
    }

    internal static bool IsKey(string text, bool isPrivate)
    {
        try
        {
            using var key = Import(text, isPrivate);
            return key.KeySize == KeyBits && string.Equals(key.ExportParameters(includePrivateParameters: false).Curve.Oid.Value, ECCurve.NamedCurves.nistP256.Oid.Value, StringComparison.Ordinal);
        }
        catch (Exception e) when (e is CryptographicException or FormatException)
        {
            return false;
        }
    }

    private static ECDsa Import(string text, bool isPrivate)
    {
        var key = ECDsa.Create();
        try
        {
            var bytes = Convert.FromBase64String(text);
            if (isPrivate)
            {
                key.ImportPkcs8PrivateKey(bytes, out _);
            }
            else
            {
                key.ImportSubjectPublicKeyInfo(bytes, out _);
            }

            return key;
        }
        catch
        {
            key.Dispose();
            throw;
        }
    }

    private static AnchorKey Of(string text, bool isPrivate)
    {
        using var key = Import(text, isPrivate);
        var bytes = key.ExportSubjectPublicKeyInfo();
        return new AnchorKey(Sha256Digest.Of(bytes).Hex[..IdDigits], bytes);
    }
}
