using System.Security.Claims;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;

namespace ModelFlow.Api.Access;

/// <summary>Makes and reads identities in the one form that every scheme of a host gives them.</summary>
internal static class Identity
{
    /// <summary>The claim a role stands in.</summary>
    public const string RoleClaim = "roles";

    /// <summary>The claim a group stands in.</summary>
    public const string GroupClaim = "groups";

    /// <summary>The claim of the name that people are shown.</summary>
    public const string DisplayNameClaim = "displayName";

    /// <summary>The identity of one of ModelFlow's own tokens, good until <paramref name="until"/>.</summary>
    public static ClaimsPrincipal Of(TokenRecord token, string scheme, DateTimeOffset? until) => Of(token.Name, displayName: null, token.Roles, [], scheme, until);

    /// <summary>The identity of somebody whom another scheme knows.</summary>
    public static ClaimsPrincipal Of(string name, string? displayName, IEnumerable<string> roles, IEnumerable<string> groups, string scheme, DateTimeOffset? until)
    {
        var identity = new ClaimsIdentity(scheme, ClaimTypes.Name, RoleClaim);
        identity.AddClaim(new Claim(ClaimTypes.Name, name));
        identity.AddClaims(roles.Select(r => new Claim(RoleClaim, r)));
        identity.AddClaims(groups.Select(g => new Claim(GroupClaim, g)));
        if (displayName is not null)
        {
            identity.AddClaim(new Claim(DisplayNameClaim, displayName));
        }

        if (until is { } end)
        {
            identity.AddClaim(new Claim(ClaimTypes.Expiration, end.ToString("O")));
        }

        return new ClaimsPrincipal(identity);
    }

    public static IReadOnlyList<string> Groups(this ClaimsPrincipal user) => [.. user.FindAll(GroupClaim).Select(c => c.Value)];

    public static string? DisplayName(this ClaimsPrincipal user) => user.FindFirst(DisplayNameClaim)?.Value;

    /// <summary>Whether one of the roles lets do what needs <paramref name="needed"/> to the models of <paramref name="concern"/>; null for what concerns none.</summary>
    public static bool May(this ClaimsPrincipal user, Role needed, ModelScope? concern) => user.Grants().Any(g => g.Suffices(needed, concern));

    public static IEnumerable<Grant> Grants(this ClaimsPrincipal user)
    {
        foreach (var claim in user.FindAll(RoleClaim))
        {
            if (Grant.TryParse(claim.Value, out var grant, out _))
            {
                yield return grant;
            }
        }
    }
}
