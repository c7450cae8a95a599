using ModelFlow.Core.Naming;

namespace ModelFlow.Core.Ports;

/// <summary>Bearer tokens, kept as hashes.</summary>
public interface ITokenStore
{
    /// <summary>Adds a token; false if the name is taken.</summary>
    Task<bool> AddAsync(TokenRecord token, CancellationToken cancellationToken);

    /// <summary>The token whose secret has this hash; null if none.</summary>
    Task<TokenRecord?> FindAsync(Sha256Digest secretHash, CancellationToken cancellationToken);

    /// <summary>All tokens by name.</summary>
    IAsyncEnumerable<TokenRecord> ListAsync(CancellationToken cancellationToken);

    /// <summary>Revokes a token for good; false if there is none of this name.</summary>
    Task<bool> RevokeAsync(string name, DateTimeOffset at, CancellationToken cancellationToken);
}

/// <summary>A token without its secret.</summary>
public sealed record TokenRecord
{
    /// <summary>Its name, also the identity in the audit log.</summary>
    public required string Name { get; init; }

    /// <summary>SHA-256 of the secret.</summary>
    public required Sha256Digest SecretHash { get; init; }

    /// <summary>What it may do: <c>reader</c>, <c>uploader</c>, <c>approver</c>, <c>operator</c>, <c>admin</c>, <c>gateway</c>.</summary>
    public required IReadOnlyList<string> Roles { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it stops working; null for never.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>When it was revoked.</summary>
    public DateTimeOffset? RevokedAt { get; init; }
}
