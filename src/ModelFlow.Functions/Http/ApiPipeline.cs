using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using ModelFlow.Api;

namespace ModelFlow.Functions.Http;

/// <summary>
/// The HTTP API's own ASP.NET pipeline, made once from the host's services: the same middleware, routes, authorization and OpenAPI document as in the
/// embedded host. The worker's pipeline has one endpoint, the catch-all function, which hands every request over to this one.
/// </summary>
public sealed class ApiPipeline
{
    private readonly Lazy<RequestDelegate> _pipeline;

    /// <summary>Made at the first request.</summary>
    public ApiPipeline(IServiceProvider services) => _pipeline = new Lazy<RequestDelegate>(() => Build(services));

    /// <summary>Answers a request.</summary>
    public async Task AnswerAsync(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);

        // Routing leaves a request alone that has an endpoint, and this one has: the function's.
        var (endpoint, routeValues) = (context.GetEndpoint(), context.Request.RouteValues);
        context.SetEndpoint(null);
        context.Request.RouteValues = [];
        try
        {
            await _pipeline.Value(context);
        }
        finally
        {
            context.SetEndpoint(endpoint);
            context.Request.RouteValues = routeValues;
        }
    }

    private static RequestDelegate Build(IServiceProvider services)
    {
        var app = new ApplicationBuilder(services);
        app.UseModelFlowApi();
        app.UseEndpoints(endpoints => endpoints.MapModelFlowApi());
        return app.Build();
    }
}
