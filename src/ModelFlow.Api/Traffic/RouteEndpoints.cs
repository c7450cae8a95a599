using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using ModelFlow.Api.Access;
using ModelFlow.Api.Problems;
using ModelFlow.Api.Requests;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using Route = ModelFlow.Core.Traffic.Route;

namespace ModelFlow.Api.Traffic;

/// <summary>Routes: what is and what was live.</summary>
internal static class RouteEndpoints
{
    public static void MapRoutes(this RouteGroupBuilder api)
    {
        var route = api.MapGroup("/models/{model}/route").WithTags("Routes");
        route.MapGet("/", GetAsync).Allow(Role.Reader).WithSummary("What is live now, or what was live at a time.");
        route.MapGet("/history", HistoryAsync).Allow(Role.Reader).WithSummary("Past and current routes, newest first.");
        route.MapGet("/history/{generation}", GenerationAsync).Allow(Role.Reader).WithSummary("The route of one generation.");
    }

    private static async Task<Results<Ok<RouteView>, Problem>> GetAsync(string model, string? at, IRouteStore routes, CancellationToken cancellationToken)
    {
        var fields = new Fields();
        var name = fields.Model("model", model);
        var time = fields.OptionalTime("at", at);
        fields.Check();
        if (time is null)
        {
            return RouteView.Of(await routes.GetAsync(name, cancellationToken)) is { } current
                ? TypedResults.Ok(current)
                : Problem.NotFound($"'{name}' has no route yet.", "It gets one when its first version is live.");
        }

        var then = await routes.ReadHistoryAsync(name, cancellationToken).FirstOrDefaultAsync(r => r.At <= time, cancellationToken);
        return then is not null
            ? TypedResults.Ok(new RouteView(then, LeaseUntil: null))
            : Problem.NotFound($"'{name}' had no route at {time:u}.", $"GET /api/models/{name}/route/history lists every route with its time.");
    }

    private static async Task<Results<Ok<ItemList<Route>>, Problem>> HistoryAsync(string model, string? limit, string? continuation, IRouteStore routes, CancellationToken cancellationToken)
    {
        var fields = new Fields();
        var name = fields.Model("model", model);
        var most = fields.Limit(limit);
        var from = continuation is null ? long.MaxValue : fields.Generation("continuation", continuation);
        fields.Check();
        var items = await routes.ReadHistoryAsync(name, cancellationToken).SkipWhile(r => r.Generation > from).Take(most).ToListAsync(cancellationToken);
        if (items.Count == 0 && continuation is null)
        {
            return Problem.NotFound($"'{name}' has no route yet.", "It gets one when its first version is live.");
        }

        var next = items.Count == most && items[^1].Generation > 1 ? (items[^1].Generation - 1).ToString() : null;
        return TypedResults.Ok(new ItemList<Route>(items, next));
    }

    private static async Task<Results<Ok<Route>, Problem>> GenerationAsync(string model, string generation, IRouteStore routes, CancellationToken cancellationToken)
    {
        var fields = new Fields();
        var name = fields.Model("model", model);
        var number = fields.Generation("generation", generation);
        fields.Check();
        return await routes.GetGenerationAsync(name, number, cancellationToken) is { } route
            ? TypedResults.Ok(route)
            : Problem.NotFound($"'{name}' has no route of generation {number}.", $"GET /api/models/{name}/route/history lists every route.");
    }
}
