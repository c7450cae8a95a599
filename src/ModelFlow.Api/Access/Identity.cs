using System.Security.Claims;
using ModelFlow.Core.Ports;

namespace ModelFlow.Api.Access;

/// <summary>Makes and reads identities in the one form that every scheme of a host gives them.</summary>
internal static class Identity
{
    /// <summary>The claim a role stands in.</summary>
    public const string RoleClaim = "roles";

    /// <summary>The identity of one of ModelFlow's own tokens, good until <paramref name="until"/>.</summary>
    public static ClaimsPrincipal Of(TokenRecord token, string scheme, DateTimeOffset? until)
    {
        var identity = new ClaimsIdentity(scheme, ClaimTypes.Name, RoleClaim);
        identity.AddClaim(new Claim(ClaimTypes.Name, token.Name));
        identity.AddClaims(token.Roles.Select(r => new Claim(RoleClaim, r)));
        if (until is { } end)
        {
            identity.AddClaim(new Claim(ClaimTypes.Expiration, end.ToString("O")));
        }

        return new ClaimsPrincipal(identity);
    }

    public static IEnumerable<Role> Roles(this ClaimsPrincipal user)
    {
        foreach (var claim in user.FindAll(RoleClaim))
        {
            if (Access.Roles.TryParse(claim.Value, out var role))
            {
                yield return role;
            }
        }
    }
}
