using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using ModelFlow.Core.Ports;

namespace ModelFlow.Api.Access;

/// <summary>Checks one of ModelFlow's own tokens, wherever in a request it stands, and counts the failures of an address.</summary>
internal sealed class TokenCheck(TokenLookup tokens, FailedAuthentications failures, ILogger<TokenCheck> logger)
{
    /// <summary>The token of a secret's <paramref name="text"/>; <paramref name="malformed"/> is said of a text that is none.</summary>
    public async ValueTask<CheckedToken> CheckAsync(HttpContext context, string? text, string malformed)
    {
        var formed = TokenSecret.TryParse(text, out var secret);
        var address = context.Connection.RemoteIpAddress;
        if (failures.WaitFor(address) is { } wait && !(formed && tokens.IsKnown(secret)))
        {
            return new CheckedToken.Refused(new AuthenticationFailure("Too many failed authentications.", wait));
        }

        if (formed && await tokens.FindAsync(secret, context.RequestAborted) is { } token)
        {
            return new CheckedToken.Good(token, secret);
        }

        Failed(context, formed ? "unknown, expired or revoked" : "malformed");
        return new CheckedToken.Refused(new AuthenticationFailure(formed ? "The token is unknown, expired or revoked." : malformed));
    }

    /// <summary>Counts a failure of the request's address; <paramref name="reason"/> is for the log.</summary>
    public void Failed(HttpContext context, string reason)
    {
        var address = context.Connection.RemoteIpAddress;
        failures.Add(address);
        Log.AuthenticationFailed(logger, address, reason);
    }
}

/// <summary>What came of checking a token.</summary>
internal abstract record CheckedToken
{
    private CheckedToken()
    {
    }

    /// <summary>It is valid now.</summary>
    public sealed record Good(TokenRecord Token, TokenSecret Secret) : CheckedToken;

    /// <summary>It is not.</summary>
    public sealed record Refused(AuthenticationFailure Failure) : CheckedToken;
}

/// <summary>The token that a request was let in with, for what outlasts the request's beginning.</summary>
internal sealed record HeldToken(TokenSecret Secret);
