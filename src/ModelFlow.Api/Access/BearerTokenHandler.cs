using System.Security.Claims;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;

namespace ModelFlow.Api.Access;

/// <summary>Authenticates <c>Authorization: Bearer mf_…</c> by <see cref="TokenLookup"/>.</summary>
internal sealed class BearerTokenHandler(
    TokenLookup tokens,
    FailedAuthentications failures,
    IOptionsMonitor<AuthenticationSchemeOptions> options,
    ILoggerFactory logger,
    UrlEncoder encoder) : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    /// <summary>The name of the scheme.</summary>
    public const string SchemeName = "ModelFlowToken";

    private const string Bearer = "Bearer ";

    /// <summary>The secret that the headers <c>Authorization</c> have, if it is formed like one.</summary>
    public static bool TryReadSecret(StringValues headers, out TokenSecret secret)
    {
        var text = headers.Count == 1 ? headers[0] : null;
        return TokenSecret.TryParse(text?.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase) == true ? text[Bearer.Length..].Trim() : null, out secret);
    }

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        var headers = Request.Headers.Authorization;
        if (headers.Count == 0)
        {
            return AuthenticateResult.NoResult();
        }

        var formed = TryReadSecret(headers, out var secret);
        var address = Context.Connection.RemoteIpAddress;
        if (failures.WaitFor(address) is { } wait && !(formed && tokens.IsKnown(secret)))
        {
            return Fail(new AuthenticationFailure("Too many failed authentications.", wait));
        }

        var token = formed ? await tokens.FindAsync(secret, Context.RequestAborted) : null;
        if (token is null)
        {
            failures.Add(address);
            Log.AuthenticationFailed(Logger, address, formed ? "unknown, expired or revoked" : "malformed");
            return Fail(new AuthenticationFailure(formed
                ? "The token is unknown, expired or revoked."
                : "The header 'Authorization' must be 'Bearer mf_…' with one whole token."));
        }

        var identity = new ClaimsIdentity(SchemeName, ClaimTypes.Name, Identity.RoleClaim);
        identity.AddClaim(new Claim(ClaimTypes.Name, token.Name));
        identity.AddClaims(token.Roles.Select(r => new Claim(Identity.RoleClaim, r)));
        if (token.ExpiresAt is { } end)
        {
            identity.AddClaim(new Claim(ClaimTypes.Expiration, end.ToString("O")));
        }

        return AuthenticateResult.Success(new AuthenticationTicket(new ClaimsPrincipal(identity), SchemeName));
    }

    private AuthenticateResult Fail(AuthenticationFailure failure)
    {
        Context.Features.Set(failure);
        return AuthenticateResult.Fail(failure.Reason);
    }
}
