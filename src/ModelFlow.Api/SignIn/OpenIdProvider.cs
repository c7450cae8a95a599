using System.Security.Claims;

namespace ModelFlow.Api.SignIn;

/// <summary>A provider of identities (OpenID Connect Core 1.0), as a host knows it.</summary>
public sealed record OpenIdProvider
{
    /// <summary>Where its configuration is published (OpenID Connect Discovery 1.0).</summary>
    public required Uri Metadata { get; init; }

    /// <summary>What <c>iss</c> may be, beside the issuer that the configuration names.</summary>
    public IReadOnlyList<string> Issuers { get; init; } = [];

    /// <summary>What <c>aud</c> a bearer may have.</summary>
    public IReadOnlyList<string> Audiences { get; init; } = [];

    /// <summary>The application that people sign in with on the page.</summary>
    public string? ClientId { get; init; }

    /// <summary>Its secret.</summary>
    public string? ClientSecret { get; init; }

    /// <summary>What is asked for at sign-in.</summary>
    public IReadOnlyList<string> Scopes { get; init; } = ["openid", "profile"];

    /// <summary>The identity's name in every audit; null for a token that is nobody's. No two identities, of whatever scheme, may ever have the same.</summary>
    public required Func<ClaimsPrincipal, string?> Name { get; init; }

    /// <summary>The claim of the name that people are shown.</summary>
    public string DisplayNameClaim { get; init; } = "name";

    /// <summary>The claim of the roles; one inside another is named with a point.</summary>
    public string RolesClaim { get; init; } = "roles";

    /// <summary>Stands before ModelFlow's role in a role.</summary>
    public required string RolePrefix { get; init; }

    /// <summary>ModelFlow's roles, with commas between, by the provider's roles and groups.</summary>
    public IReadOnlyDictionary<string, string> RoleMap { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>The claim of the groups; one inside another is named with a point.</summary>
    public string GroupsClaim { get; init; } = "groups";

    /// <summary>What a token lacks that gives nobody a role: for the caller.</summary>
    public required string NoRole { get; init; }
}
