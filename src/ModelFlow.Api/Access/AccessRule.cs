using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace ModelFlow.Api.Access;

/// <summary>Who may call an endpoint. One without a rule cannot be called, and the host does not start with it.</summary>
public abstract record AccessRule
{
    private AccessRule()
    {
    }

    /// <summary>Everybody, without a token.</summary>
    public sealed record Everybody : AccessRule;

    /// <summary>Every valid token.</summary>
    public sealed record AnyToken : AccessRule;

    /// <summary>Tokens with a role that includes <paramref name="Needed"/>.</summary>
    public sealed record OfRole(Role Needed) : AccessRule;
}

/// <summary>Gives endpoints their <see cref="AccessRule"/>.</summary>
public static class AccessRuleExtensions
{
    /// <summary>Lets in tokens with a role that includes <paramref name="role"/>, over the models that the request concerns: see <see cref="Reach"/>.</summary>
    public static TBuilder Allow<TBuilder>(this TBuilder builder, Role role)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(new AccessRule.OfRole(role));

    /// <summary>Lets in every valid token.</summary>
    public static TBuilder AllowAnyToken<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(new AccessRule.AnyToken());

    /// <summary>Lets in everybody.</summary>
    public static TBuilder AllowEverybody<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(new AccessRule.Everybody());

    /// <summary>Fails the start if a route has no rule, or more than one, or goes round the rules.</summary>
    /// <exception cref="InvalidOperationException">Names every such route.</exception>
    public static void RequireAccessRules(this IEnumerable<EndpointDataSource> sources)
    {
        ArgumentNullException.ThrowIfNull(sources);
        var wrong = sources.SelectMany(s => s.Endpoints).OfType<RouteEndpoint>()
            .Where(e => e.Metadata.GetOrderedMetadata<AccessRule>().Count != 1
                || (e.Metadata.GetMetadata<AccessRule>() is AccessRule.OfRole && !e.HasReach())
                || e.Metadata.GetMetadata<Microsoft.AspNetCore.Authorization.IAuthorizeData>() is not null
                || e.Metadata.GetMetadata<Microsoft.AspNetCore.Authorization.IAllowAnonymous>() is not null)
            .Select(e => e.DisplayName ?? e.RoutePattern.RawText)
            .ToList();
        if (wrong.Count > 0)
        {
            throw new InvalidOperationException($"Every route needs exactly one access rule (Allow, AllowAnyToken or AllowEverybody), a way to see the models it concerns ({{model}} or {{id}} in the route, or one of OverAllModels, OverNoModel, OverScopeInRoute, OverModelInQuery, OverModelInBody, Filtered) and no other authorization metadata: {string.Join(", ", wrong)}.");
        }
    }
}
