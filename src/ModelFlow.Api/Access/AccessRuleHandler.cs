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
                AccessRule.OfRole rule => known && Reach.Of(endpoint) is { } reach && context.User.May(rule.Needed, reach.ConcernOf(((HttpContext)context.Resource!).Request)), // an endpoint came from it
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
            var endpoint = context.GetEndpoint();
            var needed = (endpoint?.Metadata.GetMetadata<AccessRule>() as AccessRule.OfRole)?.Needed;
            var concern = needed is null || endpoint is null ? null : Reach.Of(endpoint)?.ConcernOf(context.Request);
            return Problem.Forbidden(context.User.Identity.Name ?? "", needed, concern).ExecuteAsync(context);
        }

        return (context.Features.Get<AuthenticationFailure>()?.ToProblem() ?? Problem.Unauthenticated(reason: null)).ExecuteAsync(context);
    }
}
