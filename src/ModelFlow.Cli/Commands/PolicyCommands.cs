using System.CommandLine;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using ModelFlow.Cli.Connecting;
using ModelFlow.Cli.Contracts;
using ModelFlow.Cli.Output;

namespace ModelFlow.Cli.Commands;

/// <summary>The rules releases run under.</summary>
internal static class PolicyCommands
{
    public static CliCommand Create(Surroundings surroundings) =>
        new("policy", "The rules releases run under (docs/policy-reference.md).", "modelflow policy check policy.yaml", Check(surroundings), Test(surroundings), Set(surroundings), ShowOne(surroundings));

    private static CliCommand Check(Surroundings surroundings)
    {
        var file = PolicyFile();
        return new("check", "Check a policy; changes nothing. Ends with 1 if it has mistakes.", "modelflow policy check policy.yaml", surroundings, [file], async call =>
        {
            var yaml = await ReadAsync(call, call.Get(file));
            var answer = await call.Api.SendAsync(HttpMethod.Post, "api/policies/check", () => Yaml(yaml), call.CancellationToken);
            var check = ApiClient.Read<PolicyCheck>(answer!);
            if (call.Json)
            {
                call.Screen.Json(answer);
            }
            else
            {
                WriteMessages(call.Screen, check);
                call.Screen.Line(check.Valid ? $"{call.Get(file)} is a valid policy ({Show.Digest(check.Digest)})." : $"{call.Get(file)} has {check.Errors?.Count ?? 0} mistake(s).", check.Valid ? Tone.Good : Tone.Bad);
            }

            return check.Valid ? ExitCode.Ok : ExitCode.Refused;
        });
    }

    private static CliCommand Test(Surroundings surroundings)
    {
        var file = PolicyFile();
        var model = new Option<string?>("--model") { Description = "On releases of this model only.", HelpName = "MODEL" };
        var releases = new Option<int?>("--releases") { Description = "On at most so many releases, newest first; 10 by default.", HelpName = "N" };
        var since = new Option<string?>("--since") { Description = "On releases that started within this time, for example 30d.", HelpName = "D" };
        var faults = new Option<string?>("--faults") { Description = "What to inject, with commas between; 'none' for nothing.", HelpName = "LIST" };
        var seed = new Option<int?>("--seed") { Description = "Where randomness comes from; 1 by default.", HelpName = "N" };
        return new(
            "test",
            "Play the recorded traffic of past releases under a policy, with and without injected faults; changes nothing. Ends with 1 if a release that ended well would be stopped, or a fault beyond the tolerance passes.",
            "modelflow policy test policy.yaml --model digits --since 30d\nmodelflow policy test policy.yaml --faults latency+20%,errors+2pp,quality-5pp,slice+10%",
            surroundings,
            [file, model, releases, since, faults, seed],
            async call =>
            {
                var yaml = await ReadAsync(call, call.Get(file));
                (string Name, string? Value)[] asked =
                [
                    ("model", call.Get(model)),
                    ("releases", call.Get(releases)?.ToString(CultureInfo.InvariantCulture)),
                    ("since", call.Get(since)),
                    ("faults", call.Get(faults)),
                    ("seed", call.Get(seed)?.ToString(CultureInfo.InvariantCulture)),
                ];
                var query = string.Join('&', asked.Where(a => a.Value is not null).Select(a => $"{a.Name}={Uri.EscapeDataString(a.Value!)}")); // The filter left no null.
                var answer = await call.Api.SendAsync(HttpMethod.Post, "api/policies/test" + (query.Length > 0 ? "?" + query : ""), () => Yaml(yaml), call.CancellationToken);
                var test = ApiClient.Read<PolicyTest>(answer!);
                if (call.Json)
                {
                    call.Screen.Json(answer);
                }
                else
                {
                    PolicyTestText.Write(call.Screen, call.Get(file), test);
                }

                return test.Past.FalseAlarms > 0 || test.Faults.Any(f => f is { Standing: "harmful", Passed: > 0 }) ? ExitCode.Refused : ExitCode.Ok;
            });
    }

    private static CliCommand Set(Surroundings surroundings)
    {
        var file = PolicyFile();
        var model = ForModel();
        return new("set", "Set the policy that new releases start under; running ones keep theirs.", "modelflow policy set policy.yaml --model digits", surroundings, [file, model], async call =>
        {
            var yaml = await ReadAsync(call, call.Get(file));
            var path = call.Get(model) is { } name ? ApiClient.Path($"api/models/{name}/policy") : "api/policies/default";
            var answer = await call.Api.SendAsync(HttpMethod.Put, path, () => Yaml(yaml), call.CancellationToken);
            if (call.Json)
            {
                call.Screen.Json(answer);
                return ExitCode.Ok;
            }

            var check = ApiClient.Read<PolicyCheck>(answer!);
            WriteMessages(call.Screen, check);
            call.Screen.Line($"New releases of {call.Get(model) ?? "models without a policy of their own"} start under {Show.Digest(check.Digest)}.", Tone.Good);
            return ExitCode.Ok;
        });
    }

    private static CliCommand ShowOne(Surroundings surroundings)
    {
        var digest = new Argument<string?>("DIGEST") { Description = "A policy by its digest, as a release names it.", Arity = ArgumentArity.ZeroOrOne };
        var model = ForModel();
        return new("show", "Print a policy's YAML: the default, a model's, or one by its digest.", "modelflow policy show --model digits", surroundings, [digest, model], async call =>
        {
            var path = call.Get(digest) is { } d ? ApiClient.Path($"api/policies/{d}")
                : call.Get(model) is { } name ? ApiClient.Path($"api/models/{name}/policy")
                : "api/policies/default";
            var answer = await call.Api.GetAsync(path, call.CancellationToken);
            if (call.Json)
            {
                call.Screen.Json(answer);
            }
            else
            {
                call.Surroundings.Out.Write(ApiClient.Read<StoredPolicyItem>(answer).Yaml);
            }

            return ExitCode.Ok;
        });
    }

    private static Argument<string> PolicyFile() => new("FILE") { Description = "A YAML file, or - for standard input." };

    private static Option<string?> ForModel() => new("--model") { Description = "Of this model; the default policy otherwise.", HelpName = "MODEL" };

    private static async Task<byte[]> ReadAsync(Call call, string file)
    {
        if (file == "-")
        {
            return Encoding.UTF8.GetBytes(await call.Surroundings.In.ReadToEndAsync(call.CancellationToken));
        }

        var path = call.FullPath(file);
        return File.Exists(path)
            ? await File.ReadAllBytesAsync(path, call.CancellationToken)
            : throw new CommandFailedException(ExitCode.NotFound, $"There is no file {path}.");
    }

    private static ByteArrayContent Yaml(byte[] yaml) => new(yaml) { Headers = { ContentType = new MediaTypeHeaderValue("application/yaml", "utf-8") } };

    private static void WriteMessages(Screen screen, PolicyCheck check)
    {
        foreach (var error in check.Errors ?? [])
        {
            screen.Line(error.Path.Length == 0 ? error.Message : $"{error.Path}: {error.Message}", Tone.Bad);
        }

        foreach (var warning in check.Warnings ?? [])
        {
            screen.Line($"warning: {warning.Path}: {warning.Message}", Tone.Busy);
        }

        foreach (var planned in check.Experiments ?? [])
        {
            screen.Line(string.Create(CultureInfo.InvariantCulture, $"{planned.Path}: about {planned.Plan.Candidate:N0} outcomes of the candidate and {planned.Plan.Stable:N0} of stable; more if those of one user resemble each other"));
        }
    }
}
