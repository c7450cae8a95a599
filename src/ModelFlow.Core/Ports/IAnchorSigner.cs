namespace ModelFlow.Core.Ports;

/// <summary>The keys that anchors are signed with.</summary>
public interface IAnchorSigner
{
    /// <summary>The id of the key that signs now; null when there is none, and nothing can be anchored.</summary>
    string? SigningKey { get; }

    /// <summary>Every key that is or was signed with.</summary>
    IReadOnlyList<AnchorKey> Keys { get; }

    /// <summary>Signs with <see cref="SigningKey"/>: ECDSA with P-256 and SHA-256 (FIPS 186-5), in DER form.</summary>
    /// <exception cref="InvalidOperationException">There is no key.</exception>
    byte[] Sign(ReadOnlySpan<byte> data);
}

/// <summary>A public key.</summary>
/// <param name="Id">The first 16 hexadecimal digits of SHA-256 over <paramref name="PublicKey"/>.</param>
/// <param name="PublicKey">Its SubjectPublicKeyInfo (RFC 5280) in DER form.</param>
public sealed record AnchorKey(string Id, ReadOnlyMemory<byte> PublicKey);
