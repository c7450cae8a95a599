using System.CommandLine;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using ModelFlow.Cli.Connecting;
using ModelFlow.Cli.Contracts;
using ModelFlow.Cli.Output;

namespace ModelFlow.Cli.Commands;

/// <summary>Data sets, tokens, refused uploads, the host's health.</summary>
internal static class AdministrationCommands
{
    public static IEnumerable<Command> Create(Surroundings surroundings) =>
    [
        new CliCommand("dataset", "Data sets that policies name.", "modelflow dataset add eval.jsonl digits/eval.jsonl", AddDataset(surroundings)),
        new CliCommand("token", "Access tokens.", "modelflow token create release-manager --role approver", CreateToken(surroundings), ListTokens(surroundings), RevokeToken(surroundings)),
        WebhookCommands.Create(surroundings),
        AuditCommands.Create(surroundings),
        Uploads(surroundings),
        Status(surroundings),
        new CliCommand("lists", "The lists of releases, models and routes.", "modelflow lists rebuild", RebuildLists(surroundings)),
    ];

    private static CliCommand RebuildLists(Surroundings surroundings)
    {
        var reason = Parts.Reason(required: false);
        return new("rebuild", "Make the lists again from what they list, while everything goes on: after a restore, or when one is in doubt.", "modelflow lists rebuild -m 'restored the backup of Monday'", surroundings, [reason], async call =>
        {
            call.Screen.Note("Reading every release, version and route: some seconds for ten thousand.");
            var answer = await call.Api.SendAsync(HttpMethod.Post, "api/lists/rebuild", SignalCommands.WithoutNulls(new JsonObject { ["reason"] = call.Get(reason) }), call.CancellationToken);
            if (call.Json)
            {
                call.Screen.Json(answer);
                return ExitCode.Ok;
            }

            call.Screen.Table(
                ["LIST", "ENTRIES", "PUT RIGHT", "TAKEN OUT"],
                ApiClient.Read<Page<RebuiltListItem>>(answer!).Items.Select(l => new Cell[] { l.Name, $"{l.Entries}", new($"{l.Entered}", l.Entered > 0 ? Tone.Busy : Tone.Plain), new($"{l.Removed}", l.Removed > 0 ? Tone.Busy : Tone.Plain) }),
                "The host has no lists.");
            return ExitCode.Ok;
        });
    }

    private static CliCommand AddDataset(Surroundings surroundings)
    {
        var file = new Argument<string>("FILE") { Description = "A CSV or JSON Lines file." };
        var path = new Argument<string>("PATH") { Description = "Its path among the data sets, for example digits/eval.jsonl." };
        return new("add", "Upload a data set and print the digest that a policy pins. A path keeps its bytes for good.", "modelflow dataset add eval.jsonl digits/eval.jsonl", surroundings, [file, path], async call =>
        {
            var local = call.FullPath(call.Get(file));
            if (!File.Exists(local))
            {
                throw new CommandFailedException(ExitCode.NotFound, $"There is no file {local}.");
            }

            var escaped = string.Join('/', call.Get(path).Split('/').Select(Uri.EscapeDataString));
            var answer = await call.Api.SendAsync(
                HttpMethod.Put,
                $"api/datasets/{escaped}",
                () => new StreamContent(File.OpenRead(local)) { Headers = { ContentType = new MediaTypeHeaderValue("application/octet-stream") } },
                call.CancellationToken);
            if (call.Json)
            {
                call.Screen.Json(answer);
                return ExitCode.Ok;
            }

            var added = ApiClient.Read<AddedDataset>(answer!);
            call.Screen.Line("dataset:");
            call.Screen.Line($"  path: {added.Path}");
            call.Screen.Line($"  sha256: {added.Sha256.Replace("sha256:", "", StringComparison.Ordinal)}");
            return ExitCode.Ok;
        });
    }

    private static CliCommand CreateToken(Surroundings surroundings)
    {
        var name = new Argument<string>("NAME") { Description = "Whose it is: the identity in every audit, never given again." };
        var roles = new Option<string[]>("--role", "-r")
        {
            Description = "reader, uploader, approver, operator, admin or gateway; several with commas, or repeated. With ':' and a model, or a prefix and '*', for these alone: approver:digits, operator:llm-*.",
            HelpName = "ROLE",
            Required = true,
            AllowMultipleArgumentsPerToken = true,
        };
        var expires = new Option<string?>("--expires-in") { Description = "For example 90d; it does not expire by default.", HelpName = "DURATION" };
        return new("create", "Make a token and print it: it is shown this once.", "modelflow token create release-manager --role approver --expires-in 90d", surroundings, [name, roles, expires], async call =>
        {
            var body = SignalCommands.WithoutNulls(new JsonObject
            {
                ["name"] = call.Get(name),
                ["roles"] = new JsonArray([.. call.Get(roles)!.SelectMany(r => r.Split(',')).Select(r => (JsonNode)r)]),
                ["expiresIn"] = call.Get(expires),
            });
            var answer = await call.Api.SendAsync(HttpMethod.Post, "api/tokens", body, call.CancellationToken);
            if (call.Json)
            {
                call.Screen.Json(answer);
                return ExitCode.Ok;
            }

            var token = ApiClient.Read<TokenItem>(answer!);
            call.Screen.Note($"{token.Name} ({string.Join(", ", token.Roles)}){(token.ExpiresAt is null ? "" : $" until {Show.Time(token.ExpiresAt)}")}. The token is not shown again:");
            call.Screen.Line(token.Token ?? "");
            return ExitCode.Ok;
        });
    }

    private static CliCommand ListTokens(Surroundings surroundings) =>
        new("list", "List the tokens; their secrets are not kept.", "modelflow token list", surroundings, [], async call =>
        {
            var answer = await call.Api.GetAsync("api/tokens", call.CancellationToken);
            if (call.Json)
            {
                call.Screen.Json(answer);
                return ExitCode.Ok;
            }

            call.Screen.Table(
                ["NAME", "ROLES", "MADE", "EXPIRES", "REVOKED"],
                ApiClient.Read<Page<TokenItem>>(answer).Items.Select(t => new Cell[] { t.Name, string.Join(", ", t.Roles), Show.Time(t.CreatedAt), Show.Time(t.ExpiresAt), new(Show.Time(t.RevokedAt), Tone.Bad) }),
                "There are no tokens.");
            return ExitCode.Ok;
        });

    private static CliCommand RevokeToken(Surroundings surroundings)
    {
        var name = new Argument<string>("NAME") { Description = "The token's name." };
        return new("revoke", "End a token. Takes effect everywhere within 5 seconds.", "modelflow token revoke release-manager", surroundings, [name], async call =>
        {
            var answer = await call.Api.SendAsync(HttpMethod.Delete, ApiClient.Path($"api/tokens/{call.Get(name)}"), (object?)null, call.CancellationToken);
            TrafficCommands.Say(call, answer, $"The token {call.Get(name)} is revoked.");
            return ExitCode.Ok;
        });
    }

    private static CliCommand Uploads(Surroundings surroundings)
    {
        var limit = Parts.Limit();
        return new("uploads", "List refused uploads and why; they are kept in quarantine.", "modelflow uploads", surroundings, [limit], async call =>
        {
            var answer = await call.Api.ListAsync("api/uploads/refused", call.Get(limit), call.CancellationToken);
            if (call.Json)
            {
                call.Screen.Json(answer);
                return ExitCode.Ok;
            }

            call.Screen.Table(
                ["AT", "UPLOAD", "BY", "WHY"],
                ApiClient.Read<Page<RefusalItem>>(answer).Items.Select(r => new Cell[] { Show.Time(r.At), new(r.Upload.ManifestPath, Tone.Strong), new(r.By, Tone.Bad), r.Reason }),
                "No upload was refused.");
            return ExitCode.Ok;
        });
    }

    private static CliCommand Status(Surroundings surroundings) =>
        new("status", "Show which host answers, as whom you speak to it, and its health.", "modelflow status", surroundings, [], async call =>
        {
            var who = await call.Api.GetAsync("api/whoami", call.CancellationToken);
            var health = await call.Api.GetAsync("api/health", call.CancellationToken);
            if (call.Json)
            {
                call.Screen.Json(new JsonObject { ["server"] = call.Api.Server.ToString(), ["identity"] = who.DeepClone(), ["health"] = health.DeepClone() });
                return ExitCode.Ok;
            }

            var (me, state) = (ApiClient.Read<WhoAmI>(who), ApiClient.Read<HealthItem>(health));
            call.Screen.Pairs(
                ("host", call.Api.Server.ToString()),
                ("you are", $"{me.Name} ({string.Join(", ", me.Roles)}){(me.ExpiresAt is null ? "" : $" until {Show.Time(me.ExpiresAt)}")}"),
                ("health", new Cell(state.Status, state.Status == "healthy" ? Tone.Good : Tone.Bad)));
            foreach (var check in (state.Checks ?? []).Where(c => c.Status != "healthy"))
            {
                call.Screen.Line($"  {check.Name}: {check.Status} {check.Description}", Tone.Bad);
            }

            return ExitCode.Ok;
        });
}
