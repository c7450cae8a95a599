using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace ModelFlow.Core.Notifications;

/// <summary>
/// How receivers know that a message is ours, unchanged and new: Standard Webhooks 1.0 (standardwebhooks.com), symmetric signatures.
/// The header <c>webhook-signature</c> holds, for each key, <c>v1,</c> and base64 of HMAC-SHA-256 over <c>{id}.{timestamp}.{body}</c>;
/// <c>webhook-id</c> and <c>webhook-timestamp</c> (seconds since 1970) are the other two parts. Receivers refuse timestamps more than five minutes away.
/// </summary>
public static class WebhookSignature
{
    /// <summary>The header of the message's id.</summary>
    public const string IdHeader = "webhook-id";

    /// <summary>The header of the time it was sent.</summary>
    public const string TimestampHeader = "webhook-timestamp";

    /// <summary>The header of the signatures.</summary>
    public const string SignatureHeader = "webhook-signature";

    /// <summary>How many bytes a key has.</summary>
    public const int KeyBytes = 32;

    private const string SecretPrefix = "whsec_";

    /// <summary>The header's value.</summary>
    /// <param name="keys">Each signs; at least one.</param>
    /// <param name="id">The message's id.</param>
    /// <param name="sentAt">When this try is made.</param>
    /// <param name="body">What is sent, as UTF-8.</param>
    public static string Sign(IEnumerable<byte[]> keys, string id, DateTimeOffset sentAt, ReadOnlySpan<byte> body)
    {
        ArgumentNullException.ThrowIfNull(keys);
        var head = Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{id}.{sentAt.ToUnixTimeSeconds()}."));
        var signed = new byte[head.Length + body.Length];
        head.CopyTo(signed, 0);
        body.CopyTo(signed.AsSpan(head.Length));
        return string.Join(' ', keys.Select(k => "v1," + Convert.ToBase64String(HMACSHA256.HashData(k, signed))));
    }

    /// <summary>A key as the standard writes it for people: <c>whsec_</c> and base64.</summary>
    public static string ShowKey(byte[] key) => SecretPrefix + Convert.ToBase64String(key);
}
