using System.Buffers.Text;
using System.Security.Cryptography;
using ModelFlow.Core.Naming;

namespace ModelFlow.Api.Access;

/// <summary>A bearer token's secret: <c>mf_</c> and 256 random bits in base64url. Its own hash is all that is ever kept, so no salt or slow hash is needed.</summary>
public readonly record struct TokenSecret
{
    private const string Prefix = "mf_";
    private const int RandomBytes = 32;
    private static readonly int TextLength = Prefix.Length + Base64Url.GetEncodedLength(RandomBytes);

    private readonly string? _text;

    private TokenSecret(string text) => _text = text;

    /// <summary>SHA-256 of the text: what is stored.</summary>
    public Sha256Digest Hash => Sha256Digest.Of(_text ?? "");

    /// <summary>A new secret from the operating system's generator.</summary>
    public static TokenSecret Create() => new(Prefix + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(RandomBytes)));

    /// <summary>Whether <paramref name="text"/> has the form of a secret; nothing else is worth looking up.</summary>
    public static bool TryParse(string? text, out TokenSecret secret)
    {
        secret = default;
        if (text is null || text.Length != TextLength || !text.StartsWith(Prefix, StringComparison.Ordinal) || !Base64Url.IsValid(text.AsSpan(Prefix.Length)))
        {
            return false;
        }

        secret = new TokenSecret(text);
        return true;
    }

    /// <summary>The secret itself, to be shown once.</summary>
    public string Reveal() => _text ?? "";

    /// <summary>Never the secret: it must not get into a log by accident.</summary>
    public override string ToString() => $"{Prefix}***";
}
