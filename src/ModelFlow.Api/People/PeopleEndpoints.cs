using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using ModelFlow.Api.Access;
using ModelFlow.Api.Problems;
using ModelFlow.Api.Requests;
using ModelFlow.Core.People;
using ModelFlow.Core.Ports;
using ModelFlow.Orchestration.Operations;

namespace ModelFlow.Api.People;

/// <summary>Who is who: the people that policies ask, with all their ways to sign in.</summary>
internal static class PeopleEndpoints
{
    private const int MostNameCharacters = 64;
    private const int MostIdentityCharacters = 200;
    private const int MostEntries = 50;

    public static void MapPeople(this RouteGroupBuilder api)
    {
        var people = api.MapGroup("/people").WithTags("People");
        people.MapGet("/", ListAsync).Allow(Role.Reader).OverNoModel().WithSummary("Lists the people, removed ones too.");
        people.MapPut("/{name}", SetAsync).Allow(Role.Admin).OverAllModels().WithSummary("Enters a person, or replaces their identities and groups.");
        people.MapDelete("/{name}", RemoveAsync).Allow(Role.Admin).OverAllModels().WithSummary("Removes a person: what they approved without effect yet counts no more.");
    }

    private static async Task<Ok<ItemList<Person>>> ListAsync(IPeopleStore people, CancellationToken cancellationToken) =>
        TypedResults.Ok(new ItemList<Person>(await people.ListAsync(cancellationToken)));

    private static async Task<Results<Ok<Person>, Problem>> SetAsync(string name, Body<PersonRequest> body, Caller caller, ManagePeople people, CancellationToken cancellationToken)
    {
        var fields = new Fields();
        CheckName(fields, name);
        var identities = Entries(fields, "identities", body.Value.Identities);
        var groups = Entries(fields, "groups", body.Value.Groups);
        var requester = caller.Request(fields, body.Value.RequestId);
        fields.Check();
        return await people.SetAsync(name, identities, groups, requester, cancellationToken) switch
        {
            SetPerson.Done done => TypedResults.Ok(done.Person),
            SetPerson.Taken taken => Problem.Conflict(
                "identity-taken", "The identity is another person's.", $"'{taken.Identity}' is an identity of '{taken.Owner}'.", $"Take it out there first: PUT /api/people/{taken.Owner}."),
            var other => throw new InvalidOperationException($"Unknown outcome {other}."),
        };
    }

    private static async Task<Results<NoContent, Problem>> RemoveAsync(string name, string? reason, Caller caller, ManagePeople people, CancellationToken cancellationToken)
    {
        var fields = new Fields();
        CheckName(fields, name);
        var why = fields.OptionalText("reason", reason);
        var requester = caller.Request(fields);
        fields.Check();
        return await people.RemoveAsync(name, why, requester, cancellationToken) is null
            ? Problem.NotFound($"There is no person '{name}'.", "GET /api/people lists them.")
            : TypedResults.NoContent();
    }

    private static void CheckName(Fields fields, string name)
    {
        if (name.Length is 0 or > MostNameCharacters || !name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or '@') || name.Equals("modelflow", StringComparison.OrdinalIgnoreCase))
        {
            fields.Add("name", $"must be 1 to {MostNameCharacters} letters, digits, '-', '_', '.' or '@', and not 'modelflow', which stands for the system itself.");
        }
    }

    private static IReadOnlyList<string> Entries(Fields fields, string path, IReadOnlyList<string?>? entries)
    {
        if (entries?.Count > MostEntries)
        {
            fields.Add(path, $"has {entries.Count} entries; at most {MostEntries} are allowed.");
            return [];
        }

        for (var i = 0; i < entries?.Count; i++)
        {
            if (entries[i] is not { Length: >= 1 and <= MostIdentityCharacters } entry || entry.Any(c => char.IsControl(c) || char.IsWhiteSpace(c)))
            {
                fields.Add($"{path}[{i}]", $"must be 1 to {MostIdentityCharacters} characters without spaces.");
            }
        }

        return [.. (entries ?? []).OfType<string>().Distinct(StringComparer.Ordinal)];
    }
}

/// <summary>Who somebody is.</summary>
public sealed record PersonRequest
{
    /// <summary>The identities they sign in with besides their name.</summary>
    public IReadOnlyList<string?>? Identities { get; init; }

    /// <summary>The groups they are in.</summary>
    public IReadOnlyList<string?>? Groups { get; init; }

    /// <summary>Makes the request idempotent.</summary>
    public string? RequestId { get; init; }
}
