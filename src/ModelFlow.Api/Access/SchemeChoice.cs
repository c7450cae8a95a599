using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using ModelFlow.Api.Sessions;

namespace ModelFlow.Api.Access;

/// <summary>The schemes of tokens that others sign (JSON Web Tokens), beside ModelFlow's own.</summary>
internal sealed class SignedTokens
{
    /// <summary>The schemes.</summary>
    public IList<SignedTokenScheme> Schemes { get; } = [];
}

/// <summary>A scheme of signed tokens.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Issuers">Whose tokens it checks.</param>
internal sealed record SignedTokenScheme(string Name, IReadOnlyList<string> Issuers);

/// <summary>Chooses the scheme that a request is authenticated by.</summary>
internal static class SchemeChoice
{
    private const string OwnToken = "mf_";

    // Who sends a token means it: a cookie beside it plays no part.
    public static string For(HttpContext context)
    {
        if (context.Request.Headers.Authorization.Count > 0)
        {
            return SignedScheme(context) ?? BearerTokenHandler.SchemeName;
        }

        return context.RequestServices.GetRequiredService<SessionCookie>().IsSent(context.Request) ? SessionHandler.SchemeName : BearerTokenHandler.SchemeName;
    }

    // ModelFlow's own tokens begin with mf_; a signed token has three parts. Anything else is answered as one of ModelFlow's own that is not valid.
    private static string? SignedScheme(HttpContext context)
    {
        var schemes = context.RequestServices.GetRequiredService<IOptions<SignedTokens>>().Value.Schemes;
        if (schemes.Count == 0 || Bearer.Of(context.Request) is not { } token || token.StartsWith(OwnToken, StringComparison.Ordinal) || token.Count(c => c == '.') != 2)
        {
            return null;
        }

        // Not checked yet: it only says who is to check it.
        var issuer = IssuerOf(token);
        return (schemes.FirstOrDefault(s => s.Issuers.Contains(issuer, StringComparer.Ordinal)) ?? schemes[0]).Name;
    }

    private static string? IssuerOf(string token)
    {
        try
        {
            return new JsonWebToken(token).Issuer;
        }
        catch (Exception e) when (e is ArgumentException or SecurityTokenException)
        {
            return null;
        }
    }
}
