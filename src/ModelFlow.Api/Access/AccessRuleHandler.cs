using System.Security.Claims;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Authorization.Policy;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using ModelFlow.Api.Problems;

namespace ModelFlow.Api.Access;

/// <summary>The one requirement of the fallback policy: the endpoint's own rule.</summary>
internal sealed class AccessRuleRequirement : IAuthorizationRequirement;

/// <summary>Applies an endpoint's <see cref="AccessRule"/>; a route without one is closed to all.</summary>
internal sealed class AccessRuleHandler : AuthorizationHandler<AccessRuleRequirement>
{
    protected override Task HandleRequirementAsync(AuthorizationHandlerContext context, AccessRuleRequirement requirement)
    {
        var endpoint = (context.Resource as HttpContext)?.GetEndpoint();
        var known = context.User.Identity?.IsAuthenticated == true;
        var allowed = endpoint switch
        {
            // No route, or routing's own answers (405, 415): who has a token is told what is wrong.
            null => known,
            not RouteEndpoint => known,
            _ => endpoint.Metadata.GetMetadata<AccessRule>() switch
            {
                AccessRule.Everybody => true,
                AccessRule.AnyToken => known,
                AccessRule.OfRole rule => known && context.User.Roles().Any(r => r.Includes(rule.Needed)),
                _ => false,
            },
        };
        if (allowed)
        {
            context.Succeed(requirement);
        }

        return Task.CompletedTask;
    }
}

/// <summary>Answers refused requests with problem details.</summary>
internal sealed class AccessRefusedAnswer : IAuthorizationMiddlewareResultHandler
{
    public Task HandleAsync(RequestDelegate next, HttpContext context, AuthorizationPolicy policy, PolicyAuthorizationResult authorizeResult)
    {
        if (authorizeResult.Succeeded)
        {
            return next(context);
        }

        if (context.User.Identity?.IsAuthenticated == true)
        {
            var needed = (context.GetEndpoint()?.Metadata.GetMetadata<AccessRule>() as AccessRule.OfRole)?.Needed;
            return Problem.Forbidden(context.User.Identity.Name ?? "", needed).ExecuteAsync(context);
        }

        var failure = context.Features.Get<AuthenticationFailure>();
        return (failure?.RetryAfter is { } wait ? Problem.TooManyFailures(wait) : Problem.Unauthenticated(failure?.Reason)).ExecuteAsync(context);
    }
}

/// <summary>Why a request's token was not accepted.</summary>
/// <param name="Reason">For the caller.</param>
/// <param name="RetryAfter">Set when the token was not even looked at.</param>
internal sealed record AuthenticationFailure(string Reason, TimeSpan? RetryAfter = null);

/// <summary>Reads identities as every scheme of a host makes them.</summary>
internal static class Identity
{
    /// <summary>The claim a role stands in.</summary>
    public const string RoleClaim = "roles";

    public static IEnumerable<Role> Roles(this ClaimsPrincipal user)
    {
        foreach (var claim in user.FindAll(RoleClaim))
        {
            if (Access.Roles.TryParse(claim.Value, out var role))
            {
                yield return role;
            }
        }
    }
}
