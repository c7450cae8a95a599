using System.Security.Cryptography;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;

namespace ModelFlow.Testing;

/// <summary>Signs anchors with the first of its keys.</summary>
public sealed class AnchorSigner : IAnchorSigner, IDisposable
{
    private readonly List<ECDsa> _keys = [ECDsa.Create(ECCurve.NamedCurves.nistP256)];

    /// <inheritdoc/>
    public string? SigningKey => Keys[0].Id;

    /// <inheritdoc/>
    public IReadOnlyList<AnchorKey> Keys => [.. _keys.Select(Of)];

    /// <inheritdoc/>
    public byte[] Sign(ReadOnlySpan<byte> data) => _keys[0].SignData(data, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);

    /// <summary>From now on another key signs; those before stay trusted.</summary>
    public void Rotate() => _keys.Insert(0, ECDsa.Create(ECCurve.NamedCurves.nistP256));

    /// <inheritdoc/>
    public void Dispose() => _keys.ForEach(k => k.Dispose());

    private static AnchorKey Of(ECDsa key)
    {
        var bytes = key.ExportSubjectPublicKeyInfo();
        return new AnchorKey(Sha256Digest.Of(bytes).Hex[..16], bytes);
    }
}
