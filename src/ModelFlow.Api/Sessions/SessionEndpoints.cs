using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;
using ModelFlow.Api.Access;
using ModelFlow.Api.Problems;
using ModelFlow.Api.Requests;
using ModelFlow.Api.SignIn;
using ModelFlow.Api.Tokens;

namespace ModelFlow.Api.Sessions;

/// <summary>Sessions of browsers: who is signed in, signing in, signing out.</summary>
internal static class SessionEndpoints
{
    public static void MapSession(this RouteGroupBuilder api)
    {
        var session = api.MapGroup("/session").WithTags("Session");
        session.MapGet("/", Get).AllowEverybody().WithSummary("Who is signed in, and how one can sign in.");
        session.MapPost("/", OpenAsync).AllowEverybody().WithSummary("Signs in with a token: sets a cookie that stands for it.");
        session.MapDelete("/", End).AllowEverybody().WithSummary("Signs out: takes the cookie away.");
    }

    private static Ok<SessionAnswer> Get(HttpContext context, SessionCookie cookie, IOptions<SignInWays> ways) => TypedResults.Ok(new SessionAnswer(
        context.User.Identity?.IsAuthenticated == true ? Identified.Of(context.User) : null,
        cookie.Obstacle(context.Request) is null ? [new WayIn("token"), .. ways.Value.All.Select(w => new WayIn("oidc", w.Title, w.Address))] : []));

    private static async Task<Results<Ok<Identified>, Problem>> OpenAsync(Body<OpenSessionRequest> body, Caller caller, HttpContext context, TokenCheck tokens, SessionCookie cookie)
    {
        var fields = new Fields();
        caller.CheckKey(fields);
        fields.Check();

        // Not even a session of one's own choice may be put upon somebody.
        if ((Forgery.FromElsewhere(context.Request) ?? AlreadyRefused(context, body.Value)) is { } refusal)
        {
            return refusal.ToProblem();
        }

        if (cookie.Obstacle(context.Request) is { } obstacle)
        {
            return obstacle;
        }

        var text = body.Value.Token ?? Bearer.Of(context.Request);
        if (text is null)
        {
            return Problem.Invalid("token", "is needed: 'mf_…', here or in the header 'Authorization: Bearer mf_…'.");
        }

        switch (await tokens.CheckAsync(context, text, "The token must be 'mf_…', one whole token."))
        {
            case CheckedToken.Good { Token: var token, Secret: var secret }:
                var ends = cookie.EndOfNew();
                cookie.Write(context, new Session { Token = secret.Reveal(), Ends = ends });
                return TypedResults.Ok(Identified.Of(Identity.Of(token, SessionHandler.SchemeName, token.ExpiresAt < ends ? token.ExpiresAt : ends)));
            case CheckedToken.Refused refused:
                return refused.Failure.ToProblem();
            case var other:
                throw new InvalidOperationException($"Unknown outcome {other}.");
        }
    }

    private static Results<NoContent, Problem> End(Caller caller, HttpContext context, SessionCookie cookie)
    {
        var fields = new Fields();
        caller.CheckKey(fields);
        fields.Check();

        if (Forgery.FromElsewhere(context.Request) is { } elsewhere)
        {
            return elsewhere.ToProblem();
        }

        if (cookie.IsSent(context.Request))
        {
            if (Forgery.Of(context.Request) is { } forged)
            {
                return forged.ToProblem();
            }

            cookie.Delete(context);
        }

        return TypedResults.NoContent();
    }

    // A refused bearer counts once, and a refused cookie is no reason not to sign in.
    private static AuthenticationFailure? AlreadyRefused(HttpContext context, OpenSessionRequest request) =>
        request.Token is null && context.Request.Headers.Authorization.Count > 0 ? context.Features.Get<AuthenticationFailure>() : null;
}

/// <summary>Asks for a session.</summary>
public sealed record OpenSessionRequest
{
    /// <summary>The token, <c>mf_…</c>; may be left out where the request has it as a bearer.</summary>
    public string? Token { get; init; }
}

/// <summary>Who is signed in, and how one can sign in.</summary>
/// <param name="Identity">Who is signed in; absent if nobody is.</param>
/// <param name="Ways">How one can sign in here; empty where no session can be kept.</param>
public sealed record SessionAnswer(Identified? Identity, IReadOnlyList<WayIn> Ways);

/// <summary>A way to sign in.</summary>
/// <param name="Kind"><c>token</c>: send one to <c>POST /api/session</c>; <c>oidc</c>: let the browser go to <paramref name="Address"/>.</param>
/// <param name="Title">What to show.</param>
/// <param name="Address">Where the browser begins; takes <c>?return=</c> with the path to come back to.</param>
public sealed record WayIn(string Kind, string? Title = null, string? Address = null);
