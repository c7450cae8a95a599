using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;

namespace ModelFlow.Api.Access;

/// <summary>Finds tokens by their secrets, and remembers them for the few seconds that a revocation may take.</summary>
public sealed class TokenLookup(ITokenStore store, TimeProvider time, IOptions<ApiOptions> options)
{
    private const int MostRemembered = 4_096;
    private static readonly TimeSpan KnownFor = TimeSpan.FromMinutes(10);

    private readonly ConcurrentDictionary<Sha256Digest, Remembered> _remembered = new();

    /// <summary>Whether the secret worked in the last minutes, so that a burst of failures from its address is no reason not to look it up.</summary>
    public bool IsKnown(TokenSecret secret) => _remembered.TryGetValue(secret.Hash, out var entry) && time.GetUtcNow() - entry.At < KnownFor;

    /// <summary>The token, if it is valid now; null if it is unknown, expired or revoked.</summary>
    public async ValueTask<TokenRecord?> FindAsync(TokenSecret secret, CancellationToken cancellationToken)
    {
        var hash = secret.Hash;
        var now = time.GetUtcNow();
        if (!_remembered.TryGetValue(hash, out var entry) || now - entry.At >= TimeSpan.FromMilliseconds(options.Value.TokenCacheMs))
        {
            var token = await store.FindAsync(hash, cancellationToken);
            if (token is not { RevokedAt: null } || !SameHash(token.SecretHash, hash))
            {
                _remembered.TryRemove(hash, out _);
                return null;
            }

            entry = new Remembered(token, now);
            if (_remembered.Count >= MostRemembered)
            {
                _remembered.Clear();
            }

            _remembered[hash] = entry;
        }

        return entry.Token.ExpiresAt is null || entry.Token.ExpiresAt > now ? entry.Token : null;
    }

    /// <summary>Forgets a token by its name: it was revoked on this host.</summary>
    public void Forget(string name)
    {
        foreach (var (hash, _) in _remembered.Where(e => string.Equals(e.Value.Token.Name, name, StringComparison.Ordinal)))
        {
            _remembered.TryRemove(hash, out _);
        }
    }

    // Stores find by the hash's text, whose comparison may tell its time; what decides is this one, which does not.
    private static bool SameHash(Sha256Digest a, Sha256Digest b) =>
        CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(a.Hex), Encoding.ASCII.GetBytes(b.Hex));

    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Remembered(TokenRecord Token, DateTimeOffset At);
}
