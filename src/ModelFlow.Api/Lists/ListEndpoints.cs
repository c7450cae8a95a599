using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using ModelFlow.Api.Access;
using ModelFlow.Api.Problems;
using ModelFlow.Api.Requests;
using ModelFlow.Core.Ports;
using ModelFlow.Orchestration.Operations;

namespace ModelFlow.Api.Lists;

/// <summary>The lists of releases, models and routes, which are made from what they list.</summary>
internal static class ListEndpoints
{
    public static void MapLists(this RouteGroupBuilder api) =>
        api.MapPost("/lists/rebuild", RebuildAsync).Allow(Role.Admin).OverAllModels().WithTags("Lists")
            .WithSummary("Makes the lists of releases, models and routes again from what they list; releases go on meanwhile.");

    private static async Task<Results<Ok<ItemList<RebuiltList>>, Problem>> RebuildAsync(Body<RebuildRequest> body, Caller caller, RebuildLists lists, CancellationToken cancellationToken)
    {
        var fields = new Fields();
        var reason = fields.OptionalText("reason", body.Value.Reason);
        var requester = caller.Request(fields, body.Value.RequestId);
        fields.Check();
        return TypedResults.Ok(new ItemList<RebuiltList>(await lists.RebuildAsync(reason, requester, cancellationToken)));
    }
}

/// <summary>Asks for the lists to be rebuilt.</summary>
public sealed record RebuildRequest
{
    /// <summary>Why, at most 2,000 characters.</summary>
    public string? Reason { get; init; }

    /// <summary>Makes the request's audit entry idempotent.</summary>
    public string? RequestId { get; init; }
}
