using System.Diagnostics.CodeAnalysis;
using System.Security.Claims;
using System.Text.Json;
using ModelFlow.Api.Access;

namespace ModelFlow.Api.SignIn;

/// <summary>Makes ModelFlow's identity of what a provider signed.</summary>
internal static class ProviderIdentity
{
    // As many as Entra ID puts into a token; more would not fit into a browser's cookies.
    private const int MostGroups = 200;
    private const int MostTextCharacters = 256;

    /// <summary>The identity; or, in <paramref name="reason"/>, why the token is nobody's here: a token without any role is refused, whoever has it.</summary>
    public static bool TryMake(
        ClaimsPrincipal token, OpenIdProvider provider, string scheme, DateTimeOffset? until, [NotNullWhen(true)] out ClaimsPrincipal? user, [NotNullWhen(false)] out string? reason)
    {
        (user, reason) = (null, null);
        if (provider.Name(token) is not { } name)
        {
            reason = "The token does not say whose it is.";
            return false;
        }

        var groups = Values(token, provider.GroupsClaim).Distinct(StringComparer.Ordinal).Take(MostGroups).ToList();
        var roles = Values(token, provider.RolesClaim).SelectMany(r => Mapped(r, provider).Append(WithoutPrefix(r, provider.RolePrefix)))
            .Concat(groups.SelectMany(g => Mapped(g, provider)))
            .Where(r => Grant.TryParse(r, out _, out _)).Distinct(StringComparer.Ordinal).ToList();
        if (roles.Count == 0)
        {
            reason = provider.NoRole;
            return false;
        }

        user = Identity.Of(name, Values(token, provider.DisplayNameClaim).FirstOrDefault(), roles!, groups, scheme, until);
        return true;
    }

    private static string[] Mapped(string value, OpenIdProvider provider) =>
        provider.RoleMap.TryGetValue(value, out var mapped) ? mapped.Split(',', StringSplitOptions.TrimEntries) : [];

#pragma warning disable CA1308 // Role names are lower case by definition.
    private static string? WithoutPrefix(string value, string prefix) => value.StartsWith(prefix, StringComparison.Ordinal) ? value[prefix.Length..].ToLowerInvariant() : null;
#pragma warning restore CA1308

    // Names and groups come from outside and go into logs, tables and terminals.
    private static IEnumerable<string> Values(ClaimsPrincipal token, string claim) =>
        Raw(token, claim).Where(v => v.Length is > 0 and <= MostTextCharacters && !v.Any(char.IsControl));

    private static IEnumerable<string> Raw(ClaimsPrincipal token, string claim)
    {
        var direct = token.FindAll(claim).Select(c => c.Value).ToList();
        return direct.Count > 0 || claim.Split('.', 2) is not [var outer, var inner] ? direct : token.FindAll(outer).SelectMany(c => Inside(c.Value, inner));
    }

    private static List<string> Inside(string json, string path)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            var element = document.RootElement;
            foreach (var name in path.Split('.'))
            {
                if (element.ValueKind != JsonValueKind.Object || !element.TryGetProperty(name, out element))
                {
                    return [];
                }
            }

            return element.ValueKind switch
            {
                JsonValueKind.Array => [.. element.EnumerateArray().Where(e => e.ValueKind == JsonValueKind.String).Select(e => e.GetString()!)], // a string is not null
                JsonValueKind.String => [element.GetString()!], // as above
                _ => [],
            };
        }
        catch (JsonException)
        {
            return [];
        }
    }
}
