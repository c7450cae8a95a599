using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using ModelFlow.Api.Access;
using ModelFlow.Api.Requests;
using ModelFlow.Core.Approvals;
using ModelFlow.Core.People;
using ModelFlow.Core.Ports;

namespace ModelFlow.Api.Approvals;

/// <summary>What waits for people.</summary>
internal static class ApprovalEndpoints
{
    public static void MapApprovals(this RouteGroupBuilder api) =>
        api.MapGet("/approvals", ListAsync).Allow(Role.Reader).Filtered().WithTags("Releases").WithSummary("Releases that ask people, what is due first at the top, and whether the caller may decide.");

    private static async Task<Ok<ItemList<WaitingApproval>>> ListAsync(Caller caller, IReleaseIndex index, IReleaseStore store, IPeopleStore people, TimeProvider time, CancellationToken cancellationToken)
    {
        PeopleDirectory? directory = null;
        var now = time.GetUtcNow();
        var items = new List<WaitingApproval>();
        await foreach (var id in index.ListRunningAsync(cancellationToken))
        {
            if (!caller.Sees(id.Model) || await store.LoadAsync(id, cancellationToken) is not { State: { OpenRequest: { } request } state })
            {
                continue;
            }

            directory ??= new PeopleDirectory(await people.ListAsync(cancellationToken));
            var whyNot = caller.Has(Role.Approver, id.Model)
                ? new ApprovalCount(state, request, directory).WhyNot(caller.Name, caller.Groups, now)
                : "the token lacks the role approver";
            items.Add(new WaitingApproval(id, id.Model, id.Version, request.Before, request.Evidence, request.AskedAt, request.Demands.Min(d => d.ExpiresAt), whyNot is null, whyNot));
        }

        return TypedResults.Ok(new ItemList<WaitingApproval>([.. items.OrderBy(i => i.ExpiresAt)]));
    }
}
