using System.CommandLine;
using System.Text.Json.Nodes;
using ModelFlow.Cli.Connecting;
using ModelFlow.Cli.Contracts;
using ModelFlow.Cli.Output;

namespace ModelFlow.Cli.Commands;

/// <summary>The audit log: read, questions, erasure. Verification is in <see cref="AuditVerifyCommands"/>.</summary>
internal static class AuditCommands
{
    public static CliCommand Create(Surroundings surroundings)
    {
        var scope = new Argument<string?>("SCOPE") { Description = "A model, a release, or _system (tokens, the default policy, data sets). model:NAME for a model that is called as a command below.", Arity = ArgumentArity.ZeroOrOne };
        var after = new Option<int>("--after") { Description = "Leave out the entries up to this number.", HelpName = "SEQ" };
        var limit = new Option<int>("--limit") { Description = "At most this many, 1 to 500, oldest first.", HelpName = "N", DefaultValueFactory = _ => 500 };
        var verify = new Option<bool>("--verify") { Description = "Let the host recompute the chain of hashes. Ends with 1 if it is broken. 'modelflow audit verify' does not take its word for it." };
        IEnumerable<Symbol> symbols =
        [
            scope, after, limit, verify,
            .. AuditVerifyCommands.Create(surroundings), Live(surroundings), Approvals(surroundings), Person(surroundings), Erase(surroundings),
        ];
        return new("audit", "Show who did what, prove it, and answer an auditor's questions.", "modelflow audit digits\nmodelflow audit digits-v1.1.0-mlp-1\nmodelflow audit verify --public-key audit.pem", surroundings, symbols, async call =>
        {
            var name = call.Get(scope) ?? throw new CommandFailedException(ExitCode.Usage, "A scope or a command is needed.", "See: modelflow audit --help");
            var release = Parts.IsRelease(name);
            var path = release ? ApiClient.Path($"api/releases/{name}/events") : ApiClient.Path($"api/audit/{name}");
            if (call.Get(verify))
            {
                return await VerifyAsync(call, path);
            }

            var answer = await call.Api.GetAsync($"{path}?after={call.Get(after)}&limit={call.Get(limit)}", call.CancellationToken);
            if (call.Json)
            {
                call.Screen.Json(answer);
                return ExitCode.Ok;
            }

            var rows = release
                ? ApiClient.Read<EventPage>(answer).Items.Select(e => new Cell[] { $"{e.Seq}", Show.Time(e.At), e.By, e.Kind, e.Stage, e.Message })
                : ApiClient.Read<AuditPage>(answer).Items.Select(a => new Cell[] { $"{a.Seq}", Show.Time(a.Entry.At), a.Entry.By, a.Entry.Action, a.Entry.Subject, a.Entry.Message });
            call.Screen.Table(["SEQ", "AT", "BY", "WHAT", release ? "STAGE" : "ON", "MESSAGE"], rows, "There are no entries.");
            return ExitCode.Ok;
        });
    }

    private static async Task<int> VerifyAsync(Call call, string path)
    {
        var answer = await call.Api.GetAsync(path + "/verify", call.CancellationToken);
        var check = ApiClient.Read<ChainCheck>(answer);
        if (call.Json)
        {
            call.Screen.Json(answer);
        }
        else
        {
            call.Screen.Line(
                check.Intact ? $"{check.Scope}: {check.Entries} entries, the chain is whole." : $"{check.Scope}: the chain is broken at entry {check.BrokenAt}: {check.Reason}",
                check.Intact ? Tone.Good : Tone.Bad);
        }

        return check.Intact ? ExitCode.Ok : ExitCode.Refused;
    }

    private static CliCommand Live(Surroundings surroundings)
    {
        var model = Parts.Model();
        var at = new Option<string?>("--at") { Description = "A time with its offset, for example 2026-11-25T10:42Z; now by default.", HelpName = "TIME" };
        return new("live", "Show what was live at a time, with digests, and what made it so.", "modelflow audit live digits --at 2026-11-25T10:42Z", surroundings, [model, at], async call =>
        {
            var answer = await call.Api.GetAsync(Query("api/audit/live", ("model", call.Get(model)), ("at", call.Get(at))), call.CancellationToken);
            if (call.Json)
            {
                call.Screen.Json(answer);
                return ExitCode.Ok;
            }

            var live = ApiClient.Read<WasLiveItem>(answer);
            var made = live.MadeBy;
            call.Screen.Pairs(
                ("model", live.Model),
                ("at", Show.Time(live.At)),
                ("route", $"generation {live.Generation}, from {Show.Time(live.Since)} to {(live.Until is null ? "now" : Show.Time(live.Until))}"),
                ("made by", made.Release is null ? $"{made.Message ?? made.Cause}{(made.By is null ? "" : $" ({made.By})")}" : $"release {made.Release}, started by {made.By}"),
                ("approved by", string.Join(", ", made.Approvers)),
                ("lease", live.Lease?.Message));
            call.Screen.Table(
                ["VERSION", "ROLE", "SHARE", "DIGEST"],
                live.Versions.Select(v => new Cell[] { new(v.Version, Tone.Strong), v.Role, Show.Weight(v.Weight), v.Digest ?? "unknown" }),
                "No version was live.");
            return ExitCode.Ok;
        });
    }

    private static CliCommand Approvals(Surroundings surroundings)
    {
        var (model, version) = (Parts.Model(), Parts.Version());
        return new("approvals", "Show who approved or rejected a version, on what evidence.", "modelflow audit approvals digits v1.2.0-large", surroundings, [model, version], async call =>
        {
            var answer = await call.Api.GetAsync(Query("api/audit/approvals", ("model", call.Get(model)), ("version", call.Get(version))), call.CancellationToken);
            if (call.Json)
            {
                call.Screen.Json(answer);
                return ExitCode.Ok;
            }

            foreach (var attempt in ApiClient.Read<Page<AttemptItem>>(answer).Items)
            {
                call.Screen.Line(attempt.Release, Tone.Strong);
                call.Screen.Pairs(
                    ("started", $"{Show.Time(attempt.StartedAt)} by {attempt.StartedBy}"),
                    ("uploader", attempt.Uploader ?? "unknown"),
                    ("outcome", attempt.Outcome ?? "running"),
                    ("artifact", attempt.Artifact),
                    ("report", attempt.Report),
                    ("policy", attempt.Policy));
                call.Screen.Table(
                    ["GATE", "PASSED", "MESSAGE"], attempt.Gates.Select(g => new Cell[] { g.Gate, new(g.Passed ? "yes" : "no", g.Passed ? Tone.Good : Tone.Bad), g.Message }), "No gate was judged.");
                call.Screen.Table(
                    ["AT", "WHO", "DECISION", "COMMENT", "ON THE REPORT"],
                    attempt.Decisions.Select(d => new Cell[] { Show.Time(d.At), new(d.By, Tone.Strong), d.Decision, d.Comment ?? "", d.Report ?? "" }),
                    "Nobody decided.");
            }

            return ExitCode.Ok;
        });
    }

    private static CliCommand Person(Surroundings surroundings)
    {
        var name = new Argument<string>("NAME") { Description = "The identity as it stands in the record, for example carol." };
        var (since, until) = (Since("30 days before the end by default."), Until());
        var limit = new Option<int>("--limit") { Description = "At most about this many, oldest first; the answer says where to go on.", HelpName = "N", DefaultValueFactory = _ => 500 };
        return new("person", "Show everything that somebody did.", "modelflow audit person carol --since 2026-11-01T00:00Z", surroundings, [name, since, until, limit], async call =>
        {
            var answer = await call.Api.GetAsync(
                Query("api/audit/person", ("name", call.Get(name)), ("since", call.Get(since)), ("until", call.Get(until)), ("limit", $"{call.Get(limit)}")), call.CancellationToken);
            if (call.Json)
            {
                call.Screen.Json(answer);
                return ExitCode.Ok;
            }

            var deeds = ApiClient.Read<DeedsItem>(answer);
            call.Screen.Table(
                ["AT", "WHAT", "ON", "MESSAGE", "ENTRY"],
                deeds.Items.Select(d => new Cell[] { Show.Time(d.At), d.What, d.Subject, d.Message, $"{d.Chain}#{d.Seq}" }),
                $"{deeds.Name} did nothing between {Show.Time(deeds.Since)} and {Show.Time(deeds.Until)}.");
            if (deeds.Next is { } next)
            {
                call.Screen.Note($"There is more: --since {next:O}");
            }

            return ExitCode.Ok;
        });
    }

    private static CliCommand Erase(Surroundings surroundings)
    {
        var name = new Argument<string>("NAME") { Description = "The identity as it stands in the record." };
        var reason = Parts.Reason(required: false);
        var dryRun = new Option<bool>("--dry-run") { Description = "Only count where the name stands." };
        var yes = Parts.Yes();
        return new("erase", "Take a person's name out of the record, on a lawful request; the chains stay whole. It cannot be undone.", "modelflow audit erase carol -m 'request 17 of 2026' --dry-run", surroundings, [name, reason, dryRun, yes], async call =>
        {
            if (!call.Get(dryRun))
            {
                call.Screen.Confirm($"Erase '{call.Get(name)}' for good?", call.Get(yes), "Say --yes to erase the name for good, or --dry-run to count where it stands.");
            }

            var body = SignalCommands.WithoutNulls(new JsonObject { ["name"] = call.Get(name), ["reason"] = call.Get(reason), ["dryRun"] = call.Get(dryRun) ? true : null });
            var answer = await call.Api.SendAsync(HttpMethod.Post, "api/audit/erasures", body, call.CancellationToken);
            if (call.Json)
            {
                call.Screen.Json(answer);
                return ExitCode.Ok;
            }

            var erased = ApiClient.Read<ErasureItem>(answer!); // It answers with a body.
            call.Screen.Line($"The name {(erased.DryRun ? "stands" : "stood")} {erased.Occurrences} times: in {erased.Entries} entries of chains and {erased.OtherRows} other rows.");
            if (erased.Placeholder is { } placeholder)
            {
                call.Screen.Line($"'{placeholder}' stands in its place now.", Tone.Good);
            }

            if (erased.Running.Count > 0)
            {
                call.Screen.Line($"Left out, because they run: {string.Join(", ", erased.Running)}. Repeat this when they have ended.", Tone.Busy);
            }

            return ExitCode.Ok;
        });
    }

    internal static Option<string?> Since(string otherwise) => new("--since") { Description = $"A time with its offset, for example 2026-11-01T00:00Z; {otherwise}", HelpName = "TIME" };

    internal static Option<string?> Until() => new("--until") { Description = "To before this time; now by default.", HelpName = "TIME" };

    internal static string Query(string path, params (string Name, string? Value)[] parameters)
    {
        var given = parameters.Where(p => p.Value is not null).Select(p => $"{p.Name}={Uri.EscapeDataString(p.Value!)}").ToList(); // Null was left out.
        return given.Count == 0 ? path : $"{path}?{string.Join('&', given)}";
    }
}
