using System.CommandLine;
using System.Text.Json.Nodes;
using ModelFlow.Cli.Connecting;
using ModelFlow.Cli.Contracts;
using ModelFlow.Cli.Output;

namespace ModelFlow.Cli.Commands;

/// <summary>Who is who, and what waits for people.</summary>
internal static class PeopleCommands
{
    public static IEnumerable<Command> Create(Surroundings surroundings) =>
    [
        Approvals(surroundings),
        new CliCommand("person", "The people that policies ask for approval.", "modelflow person set ada --identity ada-laptop --group ml-leads", List(surroundings), Set(surroundings), Remove(surroundings)),
    ];

    private static CliCommand Approvals(Surroundings surroundings) =>
        new("approvals", "Releases that ask people, and whether you may decide; what is due first is at the top.", "modelflow approvals", surroundings, [], async call =>
        {
            var answer = await call.Api.GetAsync("api/approvals", call.CancellationToken);
            if (call.Json)
            {
                call.Screen.Json(answer);
                return ExitCode.Ok;
            }

            call.Screen.Table(
                ["RELEASE", "BEFORE", "ASKED", "UNTIL", "YOU"],
                ApiClient.Read<Page<WaitingApprovalItem>>(answer).Items.Select(w => new Cell[]
                {
                    new(w.Release, Tone.Strong), w.Point, Show.Time(w.AskedAt), Show.Time(w.ExpiresAt), w.MayDecide ? new("may decide", Tone.Good) : new(w.WhyNot ?? "", Tone.Dim),
                }),
                "Nothing waits for approval.");
            return ExitCode.Ok;
        });

    private static CliCommand List(Surroundings surroundings) =>
        new("list", "List the people, removed ones too.", "modelflow person list", surroundings, [], async call =>
        {
            var answer = await call.Api.GetAsync("api/people", call.CancellationToken);
            if (call.Json)
            {
                call.Screen.Json(answer);
                return ExitCode.Ok;
            }

            call.Screen.Table(
                ["NAME", "SIGNS IN AS", "GROUPS", "REMOVED"],
                ApiClient.Read<Page<PersonItem>>(answer).Items.Select(p => new Cell[] { new(p.Name, Tone.Strong), string.Join(", ", p.Identities), string.Join(", ", p.Groups), new(Show.Time(p.RemovedAt), Tone.Bad) }),
                "Nobody is entered: every identity is a person of its own.");
            return ExitCode.Ok;
        });

    private static CliCommand Set(Surroundings surroundings)
    {
        var name = Name();
        var identities = Several("--identity", "An identity they sign in with besides the name: a token's name, entra:…, oidc:…", "IDENTITY");
        var groups = Several("--group", "A group they are in.", "GROUP");
        return new("set", "Enter a person, or replace their identities and groups.", "modelflow person set ada --identity ada-laptop --group ml-leads", surroundings, [name, identities, groups], async call =>
        {
            var body = new JsonObject { ["identities"] = Texts(call.Get(identities)), ["groups"] = Texts(call.Get(groups)) };
            var answer = await call.Api.SendAsync(HttpMethod.Put, ApiClient.Path($"api/people/{call.Get(name)}"), body, call.CancellationToken);
            TrafficCommands.Say(call, answer, $"{call.Get(name)} is entered.");
            return ExitCode.Ok;
        });
    }

    private static CliCommand Remove(Surroundings surroundings)
    {
        var name = Name();
        var reason = Parts.Reason(required: false);
        return new("remove", "Remove a person: what they approved without effect yet counts no more. Their tokens are not revoked.", "modelflow person remove ada -m 'left the team'", surroundings, [name, reason], async call =>
        {
            var query = call.Get(reason) is { } why ? $"?reason={Uri.EscapeDataString(why)}" : "";
            var answer = await call.Api.SendAsync(HttpMethod.Delete, ApiClient.Path($"api/people/{call.Get(name)}") + query, (object?)null, call.CancellationToken);
            TrafficCommands.Say(call, answer, $"{call.Get(name)} is removed.");
            return ExitCode.Ok;
        });
    }

    private static Argument<string> Name() => new("NAME") { Description = "The person's name." };

    private static Option<string[]> Several(string name, string description, string value) =>
        new(name) { Description = description + " Several with commas, or repeated.", HelpName = value, AllowMultipleArgumentsPerToken = true };

    private static JsonArray Texts(string[]? values) => new([.. (values ?? []).SelectMany(v => v.Split(',')).Select(v => (JsonNode)v)]);
}
