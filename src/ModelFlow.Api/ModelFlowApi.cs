using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using ModelFlow.Api.Access;
using ModelFlow.Api.Approvals;
using ModelFlow.Api.Audit;
using ModelFlow.Api.Catalog;
using ModelFlow.Api.Documentation;
using ModelFlow.Api.Freezes;
using ModelFlow.Api.Gateways;
using ModelFlow.Api.Health;
using ModelFlow.Api.Lists;
using ModelFlow.Api.Pages;
using ModelFlow.Api.People;
using ModelFlow.Api.Policies;
using ModelFlow.Api.Problems;
using ModelFlow.Api.Releases;
using ModelFlow.Api.Requests;
using ModelFlow.Api.Retention;
using ModelFlow.Api.Sessions;
using ModelFlow.Api.SignIn;
using ModelFlow.Api.Subscriptions;
using ModelFlow.Api.Tokens;
using ModelFlow.Api.Traffic;
using ModelFlow.Api.Uploads;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Serialization;
using ModelFlow.Orchestration.Auditing;

namespace ModelFlow.Api;

/// <summary>The HTTP API as one ASP.NET pipeline for every host: <c>AddModelFlowApi</c>, then <c>UseModelFlowApi</c>, then <c>MapModelFlowApi</c>.</summary>
public static class ModelFlowApi
{
    /// <summary>The default authentication scheme: chooses among the others by what a request has.</summary>
    public const string DefaultScheme = "ModelFlow";

    /// <summary>The authentication scheme of ModelFlow's own bearer tokens (<c>mf_…</c>).</summary>
    public const string TokenScheme = BearerTokenHandler.SchemeName;

    /// <summary>The authentication scheme of browsers' sessions.</summary>
    public const string SessionScheme = SessionHandler.SchemeName;

    /// <summary>The claim type that a role stands in, as <see cref="Roles.ToText"/> writes it, whatever scheme made the identity.</summary>
    public const string RoleClaim = Identity.RoleClaim;

    /// <summary>The claim type that a group of the identity's provider stands in.</summary>
    public const string GroupClaim = Identity.GroupClaim;

    /// <summary>
    /// Adds the API's services: authentication by bearer token, authorization by access rules (whatever has no rule is closed), JSON, OpenAPI.
    /// The host adds the orchestration, the ports, a <see cref="TimeProvider"/>, and its health checks.
    /// </summary>
    public static IServiceCollection AddModelFlowApi(this IServiceCollection services)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.AddOptions<ApiOptions>().BindConfiguration("Api").ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<ApiOptions>, ApiOptionsValidator>());
        services.AddOptions<AuditOptions>().BindConfiguration(AuditOptions.Section).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<AuditOptions>, AuditAnnotations>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<AuditOptions>, AuditOptionsValidator>());
        services.TryAddSingleton<IAnchorSigner, EcdsaAnchorSigner>();
        services.TryAddSingleton(p => new AnchorSettings(p.GetRequiredService<IOptions<AuditOptions>>().Value.AnchorEvery));
        services.TryAddSingleton<TokenLookup>();
        services.TryAddSingleton<FailedAuthentications>();
        services.TryAddSingleton<FirstAdminToken>();
        services.TryAddSingleton<EventStreams>();
        services.TryAddSingleton<DecideServices>();
        services.TryAddSingleton<PageFiles>();

        services.TryAddSingleton<TokenCheck>();
        services.TryAddSingleton<SessionCookie>();
        services.AddAuthentication(DefaultScheme)
            .AddPolicyScheme(DefaultScheme, displayName: null, o => o.ForwardDefaultSelector = SchemeChoice.For)
            .AddScheme<AuthenticationSchemeOptions, BearerTokenHandler>(TokenScheme, null)
            .AddScheme<AuthenticationSchemeOptions, SessionHandler>(SessionScheme, null);
        services.AddAuthorizationBuilder()
            .SetFallbackPolicy(new AuthorizationPolicyBuilder().AddRequirements(new AccessRuleRequirement()).Build());
        services.AddSingleton<IAuthorizationHandler, AccessRuleHandler>();
        services.AddSingleton<IAuthorizationMiddlewareResultHandler, AccessRefusedAnswer>();

        services.ConfigureHttpJsonOptions(o => CoreJson.Configure(o.SerializerOptions));
        services.Configure<RouteHandlerOptions>(o => o.ThrowOnBadRequest = true);
        services.Configure<KestrelServerOptions>(o => o.AddServerHeader = false);
        services.AddHealthChecks().AddCheck<HoldHealth>("versionHolds").AddCheck<AnchorHealth>("auditAnchors");
        services.AddModelFlowOpenApi();
        return services;
    }

    /// <summary>Adds the middleware: headers, errors as problem details, routing, authentication, authorization.</summary>
    public static IApplicationBuilder UseModelFlowApi(this IApplicationBuilder app)
    {
        ArgumentNullException.ThrowIfNull(app);
        app.Use((context, next) =>
        {
            SecurityHeaders.Set(context.Response.Headers);
            return next(context);
        });
        app.UseMiddleware<ProblemMiddleware>();
        app.UseRouting();
        app.UseAuthentication();
        app.UseMiddleware<RequestLimit>();
        app.UseAuthorization();
        return app;
    }

    /// <summary>Maps every route under <c>/api</c>, the OpenAPI document, and the web page at <c>/</c>.</summary>
    /// <exception cref="InvalidOperationException">A route mapped so far has no access rule.</exception>
    public static IEndpointRouteBuilder MapModelFlowApi(this IEndpointRouteBuilder endpoints)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        var api = endpoints.MapGroup("/api").RefuseUnknownQuery();
        api.MapModels();
        api.MapVersions();
        api.MapRoutes();
        api.MapRollback();
        api.MapReleases();
        api.MapReleaseEvents();
        api.MapReleaseSignals();
        api.MapApprovals();
        api.MapPeople();
        api.MapReleaseAnalysis();
        api.MapUploads();
        api.MapDatasets(endpoints.ServiceProvider.GetRequiredService<IOptions<ApiOptions>>().Value);
        api.MapPolicies();
        api.MapFreezes();
        api.MapRetention();
        api.MapLists();
        api.MapTokens();
        api.MapSession();
        api.MapSubscriptions();
        api.MapAudit();
        api.MapGateways();
        api.MapHealth();
        endpoints.MapSignIn();
        OpenApiDocumentText.Map(endpoints);
        endpoints.MapDecide();
        endpoints.MapPage();
        endpoints.DataSources.RequireAccessRules();
        return endpoints;
    }
}
