using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace ModelFlow.Api.Access;

/// <summary>Authenticates <c>Authorization: Bearer mf_…</c>.</summary>
internal sealed class BearerTokenHandler(
    TokenCheck tokens, IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    /// <summary>The name of the scheme.</summary>
    public const string SchemeName = "ModelFlowToken";

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (Request.Headers.Authorization.Count == 0)
        {
            return AuthenticateResult.NoResult();
        }

        switch (await tokens.CheckAsync(Context, Bearer.Of(Request), "The header 'Authorization' must be 'Bearer mf_…' with one whole token."))
        {
            case CheckedToken.Good good:
                Context.Features.Set(new HeldToken(good.Secret));
                return AuthenticateResult.Success(new AuthenticationTicket(Identity.Of(good.Token, SchemeName, good.Token.ExpiresAt), SchemeName));
            case CheckedToken.Refused refused:
                return refused.Failure.Tell(Context);
            case var other:
                throw new InvalidOperationException($"Unknown outcome {other}.");
        }
    }
}

/// <summary>The header <c>Authorization</c> as bearers send it.</summary>
internal static class Bearer
{
    private const string Start = "Bearer ";

    /// <summary>What stands behind <c>Bearer</c> in the one header; null if there is none, or more than one.</summary>
    public static string? Of(HttpRequest request) =>
        request.Headers.Authorization is [{ } only] && only.StartsWith(Start, StringComparison.OrdinalIgnoreCase) ? only[Start.Length..].Trim() : null;
}
