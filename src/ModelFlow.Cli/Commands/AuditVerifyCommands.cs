using System.CommandLine;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using ModelFlow.Cli.Auditing;
using ModelFlow.Cli.Connecting;
using ModelFlow.Cli.Contracts;
using ModelFlow.Cli.Output;

namespace ModelFlow.Cli.Commands;

/// <summary>Proof: export the record, verify it here, and the keys it is verified with.</summary>
internal static class AuditVerifyCommands
{
    public static IEnumerable<CliCommand> Create(Surroundings surroundings) => [Verify(surroundings), Export(surroundings), Key(surroundings)];

    private static CliCommand Verify(Surroundings surroundings)
    {
        var part = new Selection();
        var file = new Option<string?>("--file") { Description = "An export; no host is asked then.", HelpName = "FILE" };
        var publicKey = new Option<string?>("--public-key") { Description = "Believe anchors under these public keys alone (PEM), and not under those the host names.", HelpName = "FILE" };
        var witness = new Option<string?>("--witness") { Description = "Remember the newest anchor in this file, and demand the one that is remembered there: shows anchors that were taken away.", HelpName = "FILE" };
        var maxAge = new Option<int?>("--max-age") { Description = "End with 1 if the newest anchor is older than this many hours.", HelpName = "HOURS" };
        return new(
            "verify", "Recompute every chain of hashes here, check every anchor, and that what was anchored is still there. Ends with 1 if anything is wrong.",
            "modelflow audit verify --public-key audit.pem --witness last-anchor.json\nmodelflow audit verify --release digits-v1.1.0-mlp-1\nmodelflow audit verify --file record.jsonl --public-key audit.pem",
            surroundings, [file, .. part.Options, publicKey, witness, maxAge], async call =>
        {
            var keys = call.Get(publicKey) is { } pem ? AnchorKeys.OfPem(await ReadAsync(call, pem), pem) : null;
            var remembered = call.Get(witness) is { } path && File.Exists(call.FullPath(path)) ? Remembered(await ReadAsync(call, path), path) : null;
            var verifier = new RecordVerifier(keys);
            await foreach (var line in call.Get(file) is { } export ? FileLinesAsync(call, export) : call.Api.ReadLinesAsync(part.Query(call), call.CancellationToken))
            {
                verifier.Take(line);
            }

            var verdict = verifier.Conclude(remembered);
            if (call.Get(maxAge) is { } hours && verdict.Newest is { } last && (verdict.ExportedAt ?? last.At) - last.At > TimeSpan.FromHours(hours))
            {
                verdict = verdict with { Problems = [.. verdict.Problems, new RecordProblem("anchors", last.Number, $"the newest is of {last.At.UtcDateTime:u}: older than {hours} hours")] };
            }

            if (verdict.Intact && call.Get(witness) is { } remember && verdict.Newest is { } newest)
            {
                await File.WriteAllTextAsync(call.FullPath(remember), JsonSerializer.Serialize(newest, ApiClient.Json), call.CancellationToken);
            }

            Tell(call, verdict);
            return verdict.Intact ? ExitCode.Ok : ExitCode.Refused;
        });
    }

    private static CliCommand Export(Surroundings surroundings)
    {
        var part = new Selection();
        return new("export", "Print the record as JSON Lines, to be kept in a file and verified elsewhere: keys, anchors, every entry with its hash.", "modelflow audit export\nmodelflow audit export --model digits --since 2026-01-01T00:00Z", surroundings, part.Options, async call =>
        {
            var last = "";
            await foreach (var line in call.Api.ReadLinesAsync(part.Query(call), call.CancellationToken))
            {
                await call.Surroundings.Out.WriteAsync((line + "\n").AsMemory(), call.CancellationToken);
                last = line;
            }

            if (!last.StartsWith("{\"kind\":\"end\"", StringComparison.Ordinal))
            {
                throw new CommandFailedException(ExitCode.Unreachable, "The host stopped before the end of the record.", "See the host's log; a part of it (--model, --release, --since) takes less time.");
            }

            await call.Surroundings.Out.FlushAsync(call.CancellationToken);
            return ExitCode.Ok;
        });
    }

    private static CliCommand Key(Surroundings surroundings) =>
        new("key", "Print the public keys of anchors. Keep them in a file where the host's administrators cannot write.", "modelflow audit key", surroundings, [], async call =>
        {
            var answer = await call.Api.GetAsync("api/audit/keys", call.CancellationToken);
            if (call.Json)
            {
                call.Screen.Json(answer);
                return ExitCode.Ok;
            }

            var keys = ApiClient.Read<AnchorKeysItem>(answer);
            foreach (var key in keys.Keys)
            {
                call.Screen.Note(key.Id == keys.Signing ? $"{key.Id} signs now." : $"{key.Id} signed before.");
                foreach (var line in AnchorKeys.Pem(key.PublicKey).Split('\n'))
                {
                    call.Screen.Line(line);
                }
            }

            if (keys.Keys.Count == 0)
            {
                call.Screen.Note("The host has no key and makes no anchors (docs/audit.md).", Tone.Bad);
            }

            return ExitCode.Ok;
        });

    private static void Tell(Call call, RecordVerdict verdict)
    {
        if (call.Json)
        {
            call.Screen.Json(JsonSerializer.SerializeToNode(verdict, ApiClient.Json));
            return;
        }

        foreach (var problem in verdict.Problems)
        {
            call.Screen.Line($"{problem.Chain}{(problem.Seq is null ? "" : $" #{problem.Seq}")}: {problem.What}", Tone.Bad);
        }

        call.Screen.Line($"{verdict.Entries} entries in {verdict.Chains} chains, {verdict.Anchors} anchors: {(verdict.Intact ? "all is as it was written." : $"{verdict.Problems.Count} {(verdict.Problems.Count == 1 ? "thing is" : "things are")} wrong.")}", verdict.Intact ? Tone.Good : Tone.Bad);
        if (verdict.Newest is { } newest)
        {
            call.Screen.Line($"The newest anchor is {newest.Number} of {Show.Time(newest.At)} ({newest.Hash[..16]}); {verdict.Unanchored} entries are newer than their chain's.");
        }

        if (verdict.Redacted > 0)
        {
            call.Screen.Line($"{verdict.Redacted} entries have had a name erased: what is left of them is vouched for by the audit log.");
        }

        if (verdict.Partial)
        {
            call.Screen.Line("This is a span of time: what was before and after was not looked at.");
        }

        call.Screen.Line(verdict.KeysFrom == "given"
            ? $"Anchors were checked under the keys you gave ({string.Join(", ", verdict.Keys)})."
            : $"Anchors were checked under the keys that the record itself names ({string.Join(", ", verdict.Keys)}): give --public-key to believe none but yours.");
    }

    private static async Task<string> ReadAsync(Call call, string path) => File.Exists(call.FullPath(path))
        ? await File.ReadAllTextAsync(call.FullPath(path), call.CancellationToken)
        : throw new CommandFailedException(ExitCode.NotFound, $"There is no file {call.FullPath(path)}.");

    private static NewestAnchor Remembered(string text, string path)
    {
        try
        {
            return JsonSerializer.Deserialize<NewestAnchor>(text, ApiClient.Json) ?? throw new JsonException();
        }
        catch (JsonException)
        {
            throw new CommandFailedException(ExitCode.Usage, $"{path} is not a file that --witness wrote.", "Name a new file, or the one of the last time.");
        }
    }

    private static async IAsyncEnumerable<string> FileLinesAsync(Call call, string path, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var full = call.FullPath(path);
        if (!File.Exists(full))
        {
            throw new CommandFailedException(ExitCode.NotFound, $"There is no file {full}.");
        }

        await foreach (var line in File.ReadLinesAsync(full, cancellationToken))
        {
            yield return line;
        }
    }

    /// <summary>The options that name a part of the record.</summary>
    private sealed class Selection
    {
        private readonly Option<string?> _model = new("--model") { Description = "One model: its audit scope and its releases.", HelpName = "MODEL" };
        private readonly Option<string?> _scope = new("--scope") { Description = "One audit scope: a model or _system.", HelpName = "SCOPE" };
        private readonly Option<string?> _release = new("--release") { Description = "One release.", HelpName = "RELEASE" };
        private readonly Option<string?> _since = AuditCommands.Since("all by default.");
        private readonly Option<string?> _until = AuditCommands.Until();

        public IEnumerable<Symbol> Options => [_model, _scope, _release, _since, _until];

        public string Query(Call call) => AuditCommands.Query(
            "api/audit/export", ("model", call.Get(_model)), ("scope", call.Get(_scope)), ("release", call.Get(_release)), ("since", call.Get(_since)), ("until", call.Get(_until)));
    }
}
