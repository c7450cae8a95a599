using ModelFlow.Core.Audit;
using ModelFlow.Core.Ports;

namespace ModelFlow.Orchestration.Operations;

/// <summary>Gives out and revokes bearer tokens. Secrets are made and shown by the caller; only hashes come here.</summary>
public sealed class ManageTokens(ITokenStore tokens, IAuditLog audit, TimeProvider time)
{
    /// <summary>Adds a token; false if the name is or was in use.</summary>
    public async Task<bool> AddAsync(TokenRecord token, Requester requester, CancellationToken cancellationToken)
    {
        await foreach (var existing in tokens.ListAsync(cancellationToken))
        {
            if (string.Equals(existing.Name, token.Name, StringComparison.OrdinalIgnoreCase))
            {
                return false;
            }
        }

        var until = token.ExpiresAt is { } end ? $" until {end:u}" : "";
        await RecordAsync("tokenCreated", token.Name, $"gave '{token.Name}' a token as {string.Join(", ", token.Roles)}{until}", token.CreatedAt, requester, cancellationToken);
        return await tokens.AddAsync(token, cancellationToken);
    }

    /// <summary>Revokes a token for good.</summary>
    public async Task<RevokeToken> RevokeAsync(string name, Requester requester, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        TokenRecord? found = null;
        var otherAdmins = 0;
        await foreach (var token in tokens.ListAsync(cancellationToken))
        {
            if (string.Equals(token.Name, name, StringComparison.Ordinal))
            {
                found = token;
            }
            else if (IsValidAdmin(token, now))
            {
                otherAdmins++;
            }
        }

        switch (found)
        {
            case null:
                return new RevokeToken.NotFound();
            case { RevokedAt: not null }:
                return new RevokeToken.Revoked();
            case var token when otherAdmins == 0 && IsValidAdmin(token, now):
                return new RevokeToken.LastAdmin();
        }

        await RecordAsync("tokenRevoked", name, $"revoked the token of '{name}'", now, requester, cancellationToken);
        return await tokens.RevokeAsync(name, now, cancellationToken) ? new RevokeToken.Revoked() : new RevokeToken.NotFound();
    }

    /// <summary>Whether a token works at <paramref name="now"/> and has the role <c>admin</c>.</summary>
    public static bool IsValidAdmin(TokenRecord token, DateTimeOffset now) =>
        token.RevokedAt is null && (token.ExpiresAt is null || token.ExpiresAt > now) && token.Roles.Contains("admin", StringComparer.Ordinal);

    private Task RecordAsync(string action, string name, string message, DateTimeOffset at, Requester requester, CancellationToken cancellationToken) =>
        audit.AppendAsync(
            AuditScope.System,
            new AuditEntry(requester.IdFor(action, name), at, requester.By, action, name, message),
            cancellationToken);
}

/// <summary>The outcome of revoking a token.</summary>
public abstract record RevokeToken
{
    private RevokeToken()
    {
    }

    /// <summary>It works no longer.</summary>
    public sealed record Revoked : RevokeToken;

    /// <summary>There is none of this name.</summary>
    public sealed record NotFound : RevokeToken;

    /// <summary>It is the last valid one with the role <c>admin</c>: without it nobody could give out tokens.</summary>
    public sealed record LastAdmin : RevokeToken;
}
