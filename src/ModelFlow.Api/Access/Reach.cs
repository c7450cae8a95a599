using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;
using ModelFlow.Core.Naming;

namespace ModelFlow.Api.Access;

/// <summary>
/// Where a request names the models it concerns: a role that is bound to models must be bound to these. A route with <c>{model}</c> or <c>{id}</c>, a release, has it from there;
/// any other says it, or the host does not start.
/// </summary>
public abstract record Reach
{
    private Reach()
    {
    }

    /// <summary>The route's <c>{model}</c>.</summary>
    public sealed record ModelInRoute : Reach;

    /// <summary>The model of the release that is the route's <c>{id}</c>.</summary>
    public sealed record ReleaseInRoute : Reach;

    /// <summary>The route's <c>{scope}</c>: a model, or a prefix and <c>*</c>; anything else concerns all models.</summary>
    public sealed record ScopeInRoute : Reach;

    /// <summary>The query's <c>model</c>; all models without it.</summary>
    public sealed record ModelInQuery : Reach;

    /// <summary>The body, which is checked when it is read: see <see cref="IConcernsModels"/>.</summary>
    public sealed record ModelInBody : Reach;

    /// <summary>A list that leaves out what is not for the caller's eyes. With <c>model</c> in the query, only that one.</summary>
    public sealed record Filtered : Reach;

    /// <summary>All models: a role that is bound to some never suffices.</summary>
    public sealed record AllModels : Reach;

    /// <summary>No model in particular: a role over any suffices.</summary>
    public sealed record NoModel : Reach;

    /// <summary>How a route names its models; null if nothing says so.</summary>
    internal static Reach? Of(Endpoint endpoint) =>
        endpoint.Metadata.GetMetadata<Reach>() ?? ((endpoint as RouteEndpoint)?.RoutePattern switch
        {
            { } pattern when pattern.GetParameter("model") is not null => new ModelInRoute(),
            { } pattern when pattern.GetParameter("id") is not null => new ReleaseInRoute(),
            _ => null,
        });

    /// <summary>
    /// The models that a request concerns; null for none in particular, and where that is seen later. What names no models that could be read concerns all:
    /// it is for the unbound roles to be told what is wrong with it.
    /// </summary>
    internal ModelScope? ConcernOf(HttpRequest request) => this switch
    {
        ModelInRoute => Parse(request.RouteValues["model"] as string),
        ReleaseInRoute => ReleaseId.TryParse(request.RouteValues["id"] as string, out var id, out _) ? Parse(id.Model.Value) : ModelScope.All,
        ScopeInRoute => Parse(request.RouteValues["scope"] as string),
        ModelInQuery => Parse(request.Query["model"] is [{ } one] ? one : null),
        Filtered => request.Query.ContainsKey("model") ? Parse(request.Query["model"] is [{ } one] ? one : null) : null,
        AllModels => ModelScope.All,
        ModelInBody or NoModel => null,
        var other => throw new InvalidOperationException($"Unknown reach {other}."),
    };

    internal static ModelScope Parse(string? text) => ModelScope.TryParse(text, out var scope, out _) ? scope : ModelScope.All;
}

/// <summary>A body that names the models its request concerns. Implemented explicitly, so that it is no part of the JSON.</summary>
internal interface IConcernsModels
{
    /// <summary>A model, or a prefix and <c>*</c>; null for all.</summary>
    string? Models { get; }
}

/// <summary>Says how a route names its models.</summary>
public static class ReachExtensions
{
    /// <summary>The route concerns all models.</summary>
    public static TBuilder OverAllModels<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(new Reach.AllModels());

    /// <summary>The route concerns no model in particular.</summary>
    public static TBuilder OverNoModel<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(new Reach.NoModel());

    /// <summary>The route's <c>{scope}</c> names its models.</summary>
    public static TBuilder OverScopeInRoute<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(new Reach.ScopeInRoute());

    /// <summary>The query's <c>model</c> names the route's models.</summary>
    public static TBuilder OverModelInQuery<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(new Reach.ModelInQuery());

    /// <summary>The body names the route's models.</summary>
    public static TBuilder OverModelInBody<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(new Reach.ModelInBody());

    /// <summary>The route's list leaves out what is not for the caller's eyes, by <c>Caller.Sees</c>.</summary>
    public static TBuilder Filtered<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(new Reach.Filtered());

    /// <summary>Whether a route's reach is said once, or follows from the route, and can be seen where it is said to be.</summary>
    internal static bool HasReach(this RouteEndpoint endpoint) =>
        endpoint.Metadata.GetOrderedMetadata<Reach>().Count <= 1
        && Reach.Of(endpoint) switch
        {
            null => false,
            Reach.ScopeInRoute => endpoint.RoutePattern.GetParameter("scope") is not null,
            Reach.ModelInBody => endpoint.Metadata.GetMetadata<IAcceptsMetadata>()?.RequestType is { } body && typeof(IConcernsModels).IsAssignableFrom(body),
            _ => true,
        };
}
