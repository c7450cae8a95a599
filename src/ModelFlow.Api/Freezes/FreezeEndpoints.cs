using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using ModelFlow.Api.Access;
using ModelFlow.Api.Problems;
using ModelFlow.Api.Requests;
using ModelFlow.Core.Freezes;
using ModelFlow.Core.Ports;
using ModelFlow.Orchestration.Operations;

namespace ModelFlow.Api.Freezes;

/// <summary>Freezes: no new traffic to candidates.</summary>
internal static class FreezeEndpoints
{
    public static void MapFreezes(this RouteGroupBuilder api)
    {
        var freezes = api.MapGroup("/freezes").WithTags("Freezes");
        freezes.MapGet("/", ListAsync).Allow(Role.Reader).Filtered().WithSummary("Lists the standing freezes.");
        freezes.MapPost("/", FreezeAsync).Allow(Role.Operator).OverModelInBody().WithSummary("Freezes everything ('*'), a prefix ('digits-*') or one model.");
        freezes.MapDelete("/{scope}", UnfreezeAsync).Allow(Role.Operator).OverScopeInRoute().WithSummary("Lifts a freeze.");
    }

    private static async Task<Ok<ItemList<Freeze>>> ListAsync(Caller caller, IFreezeStore freezes, CancellationToken cancellationToken) =>
        TypedResults.Ok(new ItemList<Freeze>([.. (await freezes.ListAsync(cancellationToken)).Where(f => caller.SeesAny(Reach.Parse(f.Scope)))]));

    private static async Task<Results<Ok<Freeze>, Problem>> FreezeAsync(Body<FreezeRequest> body, Caller caller, FreezeModels freezes, CancellationToken cancellationToken)
    {
        var fields = new Fields();
        var scope = fields.Scope("scope", body.Value.Scope);
        var reason = fields.Text("reason", body.Value.Reason, "those who are held up will ask");
        var requester = caller.Request(fields, body.Value.RequestId);
        fields.Check();
        return TypedResults.Ok(await freezes.FreezeAsync(scope, reason, requester, cancellationToken));
    }

    private static async Task<Results<NoContent, Problem>> UnfreezeAsync(string scope, string? reason, Caller caller, FreezeModels freezes, CancellationToken cancellationToken)
    {
        var fields = new Fields();
        var which = fields.Scope("scope", scope);
        var why = fields.OptionalText("reason", reason);
        var requester = caller.Request(fields);
        fields.Check();
        return await freezes.UnfreezeAsync(which, why, requester, cancellationToken)
            ? TypedResults.NoContent()
            : Problem.NotFound($"There is no freeze of '{which}'.", "GET /api/freezes lists the standing ones; lift one by exactly its scope.");
    }
}

/// <summary>Asks for a freeze.</summary>
public sealed record FreezeRequest : IConcernsModels
{
    /// <summary><c>*</c>, a model, or a prefix and <c>*</c>.</summary>
    public string? Scope { get; init; }

    /// <summary>Why, at most 2,000 characters.</summary>
    public string? Reason { get; init; }

    /// <summary>Makes the request idempotent.</summary>
    public string? RequestId { get; init; }

    string? IConcernsModels.Models => Scope;
}
