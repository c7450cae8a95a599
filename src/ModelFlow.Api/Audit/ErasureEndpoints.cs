using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using ModelFlow.Api.Access;
using ModelFlow.Api.Problems;
using ModelFlow.Api.Requests;
using ModelFlow.Orchestration.Operations;

namespace ModelFlow.Api.Audit;

/// <summary>Takes a person's name out of the record.</summary>
internal static class ErasureEndpoints
{
    private const int MostNameCharacters = 200;

    public static void MapErasures(this RouteGroupBuilder audit) =>
        audit.MapPost("/erasures", EraseAsync).Allow(Role.Admin).OverAllModels().WithSummary("Erases a name from everything that the tables hold, or counts where it stands; the chains stay whole.");

    private static async Task<Results<Ok<ErasureAnswer>, Problem>> EraseAsync(Body<ErasureRequest> body, Caller caller, EraseName erase, CancellationToken cancellationToken)
    {
        var fields = new Fields();
        var request = body.Value;
        var rehearse = request.DryRun == true;
        if (request.Name is not { Length: >= 2 and <= MostNameCharacters } || !request.Name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or '@' or ':'))
        {
            fields.Add("name", $"must be the identity as it stands in the record: 2 to {MostNameCharacters} letters, digits, '-', '_', '.', '@' or ':'.");
        }

        var reason = rehearse ? fields.OptionalText("reason", request.Reason) : fields.Text("reason", request.Reason, "why, without the name: it stays in the audit log");
        var requester = caller.Request(fields, request.RequestId);
        fields.Check();
        return await erase.EraseAsync(request.Name!, reason, rehearse, requester, cancellationToken) switch // Checked above.
        {
            ErasedName.Done done => TypedResults.Ok(new ErasureAnswer(done.Placeholder, rehearse, done.Counts.Entries, done.Counts.OtherRows, done.Counts.Occurrences, done.Counts.Running)),
            ErasedName.Refused refused => Problem.Conflict("not-erasable", "The name cannot be erased.", refused.Reason, "See docs/audit.md, 'Erasing a name'."),
            ErasedName.Broken broken => Problem.Conflict(
                "chain-broken", "An entry with the name was changed outside ModelFlow.", $"Entry {broken.Seq} of {broken.Chain} is not what was written: erasing the name there would vouch for it.", "Run 'modelflow audit verify' and find out what happened first."),
            var other => throw new InvalidOperationException($"Unknown outcome {other}."),
        };
    }
}

/// <summary>Asks for a name to be erased.</summary>
public sealed record ErasureRequest
{
    /// <summary>The identity as it stands in the record.</summary>
    public string? Name { get; init; }

    /// <summary>Why, without the name; not needed for a rehearsal.</summary>
    public string? Reason { get; init; }

    /// <summary>Only count.</summary>
    public bool? DryRun { get; init; }

    /// <summary>Makes the request idempotent.</summary>
    public string? RequestId { get; init; }
}

/// <summary>Where a name stood.</summary>
/// <param name="Placeholder">What stands in its place now; null if nothing was changed.</param>
/// <param name="DryRun">It was only counted.</param>
/// <param name="Entries">Entries of chains.</param>
/// <param name="OtherRows">Other rows.</param>
/// <param name="Occurrences">How often, all together.</param>
/// <param name="Running">Releases that run and have it: repeat when they have ended.</param>
public sealed record ErasureAnswer(string? Placeholder, bool DryRun, int Entries, int OtherRows, int Occurrences, IReadOnlyList<string> Running);
