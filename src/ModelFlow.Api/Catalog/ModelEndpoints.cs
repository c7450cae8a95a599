using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using ModelFlow.Api.Access;
using ModelFlow.Api.Problems;
using ModelFlow.Api.Requests;
using ModelFlow.Api.Traffic;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;

namespace ModelFlow.Api.Catalog;

/// <summary>Models: what is registered, what is live.</summary>
internal static class ModelEndpoints
{
    public static void MapModels(this RouteGroupBuilder api)
    {
        var models = api.MapGroup("/models").WithTags("Models");
        models.MapGet("/", ListAsync).Allow(Role.Reader).Filtered().WithSummary("Lists the models with what is live.");
        models.MapGet("/{model}", GetAsync).Allow(Role.Reader).WithSummary("One model: route, deployments, freezes, policy.");
    }

    private static async Task<Ok<ItemList<ModelItem>>> ListAsync(
        Caller caller, IVersionCatalog catalog, IRouteStore routes, IFreezeStore freezes, CancellationToken cancellationToken)
    {
        var live = new Dictionary<ModelName, CurrentRoute>();
        await foreach (var route in routes.ListAsync(cancellationToken))
        {
            live[route.Route.Model] = route;
        }

        var standing = await freezes.ListAsync(cancellationToken);
        var items = new List<ModelItem>();
        await foreach (var model in catalog.ListModelsAsync(cancellationToken).Where(caller.Sees))
        {
            // Who has the turn would be one more read for each model; a route says which release it is of.
            items.Add(Item(model, live.GetValueOrDefault(model), live.GetValueOrDefault(model)?.Route.Release, standing.Any(f => f.Covers(model))));
        }

        return TypedResults.Ok(new ItemList<ModelItem>(items));
    }

    private static async Task<Results<Ok<ModelDetail>, Problem>> GetAsync(
        string model,
        IVersionCatalog catalog,
        IRouteStore routes,
        IFreezeStore freezes,
        IDeploymentStore deployments,
        IRampTurns turns,
        IPolicyStore policies,
        CancellationToken cancellationToken)
    {
        var fields = new Fields();
        var name = fields.Model("model", model);
        fields.Check();
        var versions = await catalog.ListAsync(name, cancellationToken).CountAsync(cancellationToken);
        if (versions == 0)
        {
            return Problem.NoModel(name);
        }

        var covering = (await freezes.ListAsync(cancellationToken)).Where(f => f.Covers(name)).ToList();
        var current = await routes.GetAsync(name, cancellationToken);
        return TypedResults.Ok(new ModelDetail(Item(name, current, await turns.GetAsync(name, cancellationToken), covering.Count > 0))
        {
            Route = RouteView.Of(current),
            Deployments = await deployments.ListAsync(name, cancellationToken).ToListAsync(cancellationToken),
            Freezes = covering,
            Policy = (await policies.FindForAsync(name, cancellationToken))?.Digest,
            Versions = versions,
        });
    }

    private static ModelItem Item(ModelName model, CurrentRoute? current, ReleaseId? ramping, bool frozen) => new()
    {
        Model = model,
        Stable = current?.Route.Stable,
        Candidates = current?.Route.Candidates ?? [],
        Generation = current?.Route.Generation,
        Ramping = ramping,
        Frozen = frozen,
    };
}
