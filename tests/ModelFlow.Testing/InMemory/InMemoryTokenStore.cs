using System.Runtime.CompilerServices;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;

namespace ModelFlow.Testing.InMemory;

/// <summary>Tokens in memory.</summary>
public sealed class InMemoryTokenStore : ITokenStore
{
    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, string> _tokens = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public Task<bool> AddAsync(TokenRecord token, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (Tokens().Any(t => t.SecretHash == token.SecretHash))
            {
                return Task.FromResult(false);
            }

            return Task.FromResult(_tokens.TryAdd(token.Name, Json.Write(token)));
        }
    }

    /// <inheritdoc/>
    public Task<TokenRecord?> FindAsync(Sha256Digest secretHash, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            return Task.FromResult(Tokens().FirstOrDefault(t => t.SecretHash == secretHash));
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<TokenRecord> ListAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.CompletedTask;
        List<TokenRecord> tokens;
        lock (_gate)
        {
            tokens = [.. Tokens()];
        }

        foreach (var token in tokens)
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return token;
        }
    }

    /// <inheritdoc/>
    public Task<bool> RevokeAsync(string name, DateTimeOffset at, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (!_tokens.TryGetValue(name, out var json))
            {
                return Task.FromResult(false);
            }

            var token = Json.Read<TokenRecord>(json);
            _tokens[name] = Json.Write(token with { RevokedAt = token.RevokedAt ?? at });
            return Task.FromResult(true);
        }
    }

    private IEnumerable<TokenRecord> Tokens() => _tokens.Values.Select(Json.Read<TokenRecord>);
}
