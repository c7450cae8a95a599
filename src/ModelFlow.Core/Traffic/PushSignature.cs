using System.Security.Cryptography;
using System.Text;

namespace ModelFlow.Core.Traffic;

/// <summary>
/// Proves that a pushed route comes from who has the control secret, without sending the secret: gateways report themselves where routes are pushed to.
/// <c>Authorization: HMAC-SHA256 {hex}</c> over the value of <see cref="GatewayRoutes.NowHeader"/>, a line feed and the body.
/// </summary>
/// <remarks>Who overhears a push can send it again; that changes nothing, as an older generation is refused, but renews the lease of the generation that is current.</remarks>
public static class PushSignature
{
    /// <summary>The scheme in the Authorization header.</summary>
    public const string Scheme = "HMAC-SHA256";

    /// <summary>The signature as lower-case hex.</summary>
    public static string Of(string secret, string now, ReadOnlySpan<byte> body) => Convert.ToHexStringLower(Compute(secret, now, body));

    /// <summary>Whether <paramref name="authorization"/>, the whole header, signs the body.</summary>
    public static bool Verify(string secret, string now, ReadOnlySpan<byte> body, string authorization)
    {
        var hex = authorization.StartsWith(Scheme + " ", StringComparison.OrdinalIgnoreCase) ? authorization.AsSpan(Scheme.Length + 1) : [];
        Span<byte> given = stackalloc byte[HMACSHA256.HashSizeInBytes];
        return hex.Length == 2 * given.Length
            && Convert.FromHexString(hex, given, out _, out _) == System.Buffers.OperationStatus.Done
            && CryptographicOperations.FixedTimeEquals(given, Compute(secret, now, body));
    }

    private static byte[] Compute(string secret, string now, ReadOnlySpan<byte> body)
    {
        using var hash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(secret));
        hash.AppendData(Encoding.UTF8.GetBytes(now));
        hash.AppendData("\n"u8);
        hash.AppendData(body);
        return hash.GetHashAndReset();
    }
}
