using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Http;
using ModelFlow.Api.Problems;

namespace ModelFlow.Api.Access;

/// <summary>Why what a request was sent with was not accepted.</summary>
/// <param name="Reason">For the caller.</param>
/// <param name="RetryAfter">Set when it was not even looked at.</param>
/// <param name="MaybeForged">Whether another site may have made the browser send the request.</param>
internal sealed record AuthenticationFailure(string Reason, TimeSpan? RetryAfter = null, bool MaybeForged = false)
{
    /// <summary>As an answer.</summary>
    public Problem ToProblem() => this switch
    {
        { MaybeForged: true } => Problem.MaybeForged(Reason),
        { RetryAfter: { } wait } => Problem.TooManyFailures(wait),
        _ => Problem.Unauthenticated(Reason),
    };

    /// <summary>Leaves the reason for who answers the request.</summary>
    public AuthenticateResult Tell(HttpContext context)
    {
        context.Features.Set(this);
        return AuthenticateResult.Fail(Reason);
    }
}
