using System.Text.Json;
using Microsoft.Extensions.Options;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Serialization;
using ModelFlow.Core.Traffic;
using ModelFlow.Gateway.Routing;

namespace ModelFlow.Gateway.Control;

/// <summary>What the control plane and operators may ask of the gateway: <c>PUT /control/routes/{model}</c> and <c>GET /health</c>.</summary>
internal sealed class ControlEndpoints(
    RouteKeeper keeper, RouteBook book, GatewayClock clock, GatewayAddress address, IOptions<GatewayOptions> options, ILogger<ControlEndpoints> logger)
{
    private const string Routes = "/control/routes/";
    private const int MaxRouteBytes = 1024 * 1024;

    /// <summary>Answers a request that is not for a model.</summary>
    public Task AnswerAsync(HttpContext context)
    {
        var path = context.Request.Path.Value ?? "";
        if (path.StartsWith("/control/", StringComparison.Ordinal) && (address.ControlPort is not { } port || context.Connection.LocalPort == port))
        {
            return ControlAsync(context, path);
        }

        return path switch
        {
            "/health" or "/health/live" => HealthAsync(context, ready: true),
            "/health/ready" => HealthAsync(context, ready: book.All.Count > 0),
            _ => Problem.NotFound("Nothing is here; models are at /models/{model}/v2/infer and /models/{model}/v1/chat/completions.").WriteAsync(context),
        };
    }

    private async Task ControlAsync(HttpContext context, string path)
    {
        if (!path.StartsWith(Routes, StringComparison.Ordinal) || !ModelName.TryParse(path[Routes.Length..], out var model, out _))
        {
            await Problem.NotFound("Routes are pushed to /control/routes/{model}.").WriteAsync(context);
            return;
        }

        if (!HttpMethods.IsPut(context.Request.Method))
        {
            context.Response.Headers.Allow = HttpMethods.Put;
            await Problem.MethodNotAllowed("Routes are pushed with PUT.").WriteAsync(context);
            return;
        }

        if (context.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = MaxRouteBytes;
        }

        await (await TakeAsync(context, model)).WriteAsync(context);
    }

    private async Task<Problem> TakeAsync(HttpContext context, ModelName model)
    {
        var arrivedAt = clock.Now;
        var body = await ReadAsync(context);
        var (now, signature) = (context.Request.Headers[GatewayRoutes.NowHeader].ToString(), context.Request.Headers.Authorization.ToString());
        if (options.Value.ControlSecret is not { } secret || !PushSignature.Verify(secret, now, body, signature))
        {
            context.Response.Headers.WWWAuthenticate = PushSignature.Scheme;
            return Problem.Unauthenticated("Routes are pushed with their signature by Gateway:ControlSecret, which the host has as Gateways:ControlSecret.");
        }

        try
        {
            var served = JsonSerializer.Deserialize<ServedRoute>(body, CoreJson.Options);
            if (served is null || served.Route.Model != model)
            {
                return Problem.Invalid($"The body must be the route of '{model}'.");
            }

            DateTimeOffset? theirNow = DateTimeOffset.TryParse(now, out var time) ? time : null;
            return await keeper.TakeAsync(served, theirNow, arrivedAt) == TakeRoute.Older
                ? Problem.Conflict($"A newer generation of '{model}' than {served.Route.Generation} is in use.")
                : Problem.None;
        }
        catch (Exception e) when (e is JsonException or ArgumentException)
        {
            logger.RouteRefused(model, e.Message);
            return Problem.Invalid(e.Message);
        }
    }

    private static async Task<byte[]> ReadAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        return body.ToArray();
    }

    private Task HealthAsync(HttpContext context, bool ready)
    {
        var now = clock.Now;
        context.Response.StatusCode = ready ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        var routes = book.All.Select(r => new RouteHealth(r.Route.Model, r.Route.Generation, r.Route.Stable, r.Table.IsLeased(now), [.. r.Targets.Select(VersionHealth.Of)]));
        return context.Response.WriteAsJsonAsync(
            new GatewayHealth(ready ? "ok" : "no routes yet", options.Value.Name, [.. routes.OrderBy(r => r.Model)], book.Draining()), CoreJson.Options, context.RequestAborted);
    }

    private sealed record GatewayHealth(string Status, string Gateway, IReadOnlyList<RouteHealth> Routes, IReadOnlyList<DrainingVersion> Draining);

    private sealed record RouteHealth(ModelName Model, long Generation, VersionName? Stable, bool Leased, IReadOnlyList<VersionHealth> Versions);

    private sealed record VersionHealth(string Version, int InFlight, int Replicas, int Healthy)
    {
        public static VersionHealth Of(VersionTarget target) => new(target.Name, target.Load.InFlight, target.Replicas.Count, target.Replicas.Count(r => r.Health.IsHealthy));
    }
}
