using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using ModelFlow.Api.Sessions;

namespace ModelFlow.Api.Access;

/// <summary>The schemes of tokens that others sign (JSON Web Tokens), beside ModelFlow's own.</summary>
public sealed class SignedTokens
{
    /// <summary>The schemes' names.</summary>
    public IList<string> Schemes { get; } = [];
}

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
    private static string? SignedScheme(HttpContext context) =>
        Bearer.Of(context.Request) is { } token && !token.StartsWith(OwnToken, StringComparison.Ordinal) && token.Count(c => c == '.') == 2
            ? context.RequestServices.GetRequiredService<IOptions<SignedTokens>>().Value.Schemes.FirstOrDefault()
            : null;
}
