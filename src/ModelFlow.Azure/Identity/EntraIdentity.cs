using System.Globalization;
using System.Security.Claims;
using ModelFlow.Api;
using ModelFlow.Api.Access;

namespace ModelFlow.Azure.Identity;

/// <summary>Makes ModelFlow's identity of a token that Entra ID signed.</summary>
internal static class EntraIdentity
{
    /// <summary>
    /// The identity; null, with the reason, for a token that gives nobody a role. It is named after the object id, which no other person or application ever gets:
    /// whoever uploaded a version must not approve it under a new user name.
    /// </summary>
    public static ClaimsIdentity? TryMake(ClaimsPrincipal token, EntraIdOptions options, DateTimeOffset validTo, string scheme, out string reason)
    {
        reason = "";
        if (token.FindFirst("oid")?.Value is not { Length: > 0 } objectId || !Guid.TryParse(objectId, CultureInfo.InvariantCulture, out var id))
        {
            reason = "The token has no object id.";
            return null;
        }

        var roles = token.FindAll("roles").Select(c => RoleOf(c.Value, options.RolePrefix)).OfType<Role>().Distinct().ToList();
        if (roles.Count == 0)
        {
            reason = $"The token has no app role of ModelFlow: {options.RolePrefix}Reader, for example, assigned to the user, group or application.";
            return null;
        }

        var identity = new ClaimsIdentity(scheme, ClaimTypes.Name, ModelFlowApi.RoleClaim);
        identity.AddClaim(new Claim(ClaimTypes.Name, $"entra:{id:D}"));
        identity.AddClaims(roles.Select(r => new Claim(ModelFlowApi.RoleClaim, r.ToText())));
        identity.AddClaim(new Claim(ClaimTypes.Expiration, validTo.ToString("O")));
        return identity;
    }

    private static Role? RoleOf(string value, string prefix) =>
#pragma warning disable CA1308 // Role names are lower case by definition.
        value.StartsWith(prefix, StringComparison.Ordinal) && Roles.TryParse(value[prefix.Length..].ToLowerInvariant(), out var role) ? role : null;
#pragma warning restore CA1308
}
