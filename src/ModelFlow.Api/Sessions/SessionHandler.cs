using System.Security.Claims;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using ModelFlow.Api.Access;

namespace ModelFlow.Api.Sessions;

/// <summary>Authenticates the cookie of a session as if its token had been sent.</summary>
internal sealed class SessionHandler(
    SessionCookie cookie, TokenCheck tokens, TimeProvider time, IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder)
    : SignInAuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    /// <summary>The name of the scheme.</summary>
    public const string SchemeName = "ModelFlowSession";

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (!cookie.IsSent(Request))
        {
            return AuthenticateResult.NoResult();
        }

        if (Forgery.Of(Request) is { } forged)
        {
            return forged.Tell(Context);
        }

        if (cookie.Read(Request) is not { } session)
        {
            tokens.Failed(Context, "in a session that this host did not seal");
            return End("The session is not one of this host; sign in again.");
        }

        if (session.Ends <= time.GetUtcNow())
        {
            return End("The session has ended; sign in again.");
        }

        if (session.Person is { } person)
        {
            return AuthenticateResult.Success(new AuthenticationTicket(Identity.Of(person.Name, person.DisplayName, person.Roles, person.Groups, SchemeName, session.Ends), SchemeName));
        }

        switch (await tokens.CheckAsync(Context, session.Token, "The session has no token."))
        {
            case CheckedToken.Good good:
                Context.Features.Set(new HeldToken(good.Secret));
                var until = good.Token.ExpiresAt < session.Ends ? good.Token.ExpiresAt : session.Ends;
                return AuthenticateResult.Success(new AuthenticationTicket(Identity.Of(good.Token, SchemeName, until), SchemeName));
            case CheckedToken.Refused { Failure.RetryAfter: null }:
                return End("The session's token has expired or was revoked; sign in again.");
            case CheckedToken.Refused refused:
                return refused.Failure.Tell(Context);
            case var other:
                throw new InvalidOperationException($"Unknown outcome {other}.");
        }
    }

    /// <summary>Opens a session for somebody whom a provider of identities knows.</summary>
    protected override Task HandleSignInAsync(ClaimsPrincipal user, AuthenticationProperties? properties)
    {
        var person = new SignedIn(user.Identity!.Name!, user.DisplayName(), [.. user.FindAll(Identity.RoleClaim).Select(c => c.Value)], user.Groups()); // identities have names
        cookie.Write(Context, new Session { Person = person, Ends = cookie.EndOfNew() });
        return Task.CompletedTask;
    }

    protected override Task HandleSignOutAsync(AuthenticationProperties? properties)
    {
        cookie.Delete(Context);
        return Task.CompletedTask;
    }

    // A cookie that is good for nothing would be sent, and refused, again and again.
    private AuthenticateResult End(string reason)
    {
        cookie.Delete(Context);
        return new AuthenticationFailure(reason).Tell(Context);
    }
}
