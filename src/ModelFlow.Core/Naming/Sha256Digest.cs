using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace ModelFlow.Core.Naming;

/// <summary>A SHA-256 digest, written as 64 lower-case hexadecimal digits (the prefix <c>sha256:</c> is accepted).</summary>
public readonly record struct Sha256Digest
{
    private readonly string? _hex;

    private Sha256Digest(string hex) => _hex = hex;

    /// <summary>64 lower-case hexadecimal digits; empty for the default value.</summary>
    public string Hex => _hex ?? "";

    /// <summary>The digest of <paramref name="bytes"/>.</summary>
    public static Sha256Digest Of(ReadOnlySpan<byte> bytes) => new(Convert.ToHexStringLower(SHA256.HashData(bytes)));

    /// <summary>The digest of <paramref name="text"/> in UTF-8.</summary>
    public static Sha256Digest Of(string text) => Of(Encoding.UTF8.GetBytes(text));

    /// <summary>The digest whose 32 bytes are <paramref name="hash"/>.</summary>
    /// <exception cref="ArgumentException">There are not exactly 32 bytes.</exception>
    public static Sha256Digest FromHash(ReadOnlySpan<byte> hash) => hash.Length == SHA256.HashSizeInBytes
        ? new(Convert.ToHexStringLower(hash))
        : throw new ArgumentException($"A SHA-256 digest has 32 bytes, not {hash.Length}.", nameof(hash));

    /// <summary>Parses 64 hexadecimal digits of either case, with or without <c>sha256:</c> before them.</summary>
    public static bool TryParse(string? text, out Sha256Digest digest, [NotNullWhen(false)] out string? error)
    {
        digest = default;
        var hex = text is not null && text.StartsWith("sha256:", StringComparison.OrdinalIgnoreCase) ? text[7..] : text;
        if (hex is not { Length: 64 } || !hex.All(char.IsAsciiHexDigit))
        {
            error = "A SHA-256 digest is 64 hexadecimal digits, as 'sha256sum FILE' prints them.";
            return false;
        }

#pragma warning disable CA1308 // Digests are written in lower case.
        digest = new Sha256Digest(hex.ToLowerInvariant());
#pragma warning restore CA1308
        error = null;
        return true;
    }

    /// <summary>Parses <paramref name="text"/>.</summary>
    /// <exception cref="FormatException">The text is not a SHA-256 digest.</exception>
    public static Sha256Digest Parse(string text) =>
        TryParse(text, out var digest, out var error) ? digest : throw new FormatException(error);

    /// <inheritdoc/>
    public override string ToString() => Hex.Length == 0 ? "" : $"sha256:{Hex}";
}
