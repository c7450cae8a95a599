using System.CommandLine;
using ModelFlow.Cli.Connecting;
using ModelFlow.Cli.Contracts;
using ModelFlow.Cli.Output;

namespace ModelFlow.Cli.Commands;

/// <summary>What there is: models, versions, and how two versions differ.</summary>
internal static class CatalogCommands
{
    public static IEnumerable<Command> Create(Surroundings surroundings) =>
        [Models(surroundings), Versions(surroundings), ShowOne(surroundings), Compare(surroundings)];

    private static CliCommand Models(Surroundings surroundings) =>
        new("models", "List the models and what is live.", "modelflow models", surroundings, [], async call =>
        {
            var answer = await call.Api.GetAsync("api/models", call.CancellationToken);
            if (call.Json)
            {
                call.Screen.Json(answer);
                return ExitCode.Ok;
            }

            call.Screen.Table(
                ["MODEL", "STABLE", "CANDIDATES", "RAMPING", "FROZEN"],
                ApiClient.Read<Page<ModelItem>>(answer).Items.Select(m => new Cell[]
                {
                    new(m.Model, Tone.Strong), m.Stable ?? "-", Candidates(m.Candidates), m.Ramping, m.Frozen ? new Cell("frozen", Tone.Busy) : "",
                }),
                "There are no models yet: push a version.");
            return ExitCode.Ok;
        });

    private static CliCommand Versions(Surroundings surroundings)
    {
        var model = Parts.Model();
        return new("versions", "List a model's versions, highest first.", "modelflow versions digits", surroundings, [model], async call =>
        {
            var answer = await call.Api.GetAsync(ApiClient.Path($"api/models/{call.Get(model)}/versions"), call.CancellationToken);
            if (call.Json)
            {
                call.Screen.Json(answer);
                return ExitCode.Ok;
            }

            call.Screen.Table(
                ["VERSION", "LIVE", "DIGEST", "SIZE", "TIER", "REGISTERED", "UPLOADER", "NOTES"],
                ApiClient.Read<Page<VersionItem>>(answer).Items.Select(v => new Cell[]
                {
                    new(v.Version, Tone.Strong), Live(v), Show.Digest(v.Digest), Show.Bytes(v.Bytes), v.Deleted ? "deleted" : v.Tier, Show.Time(v.RegisteredAt), v.Uploader ?? "unknown", Notes(v),
                }),
                "The model has no versions.");
            return ExitCode.Ok;
        });
    }

    private static CliCommand ShowOne(Surroundings surroundings)
    {
        var name = new Argument<string>("NAME") { Description = "A model or a release." };
        var version = new Argument<string?>("VERSION") { Description = "A version of the model, or 'stable'.", Arity = ArgumentArity.ZeroOrOne };
        return new("show", "Show a model, a version or a release.", "modelflow show digits\nmodelflow show digits v1.1.0-mlp\nmodelflow show digits-v1.1.0-mlp-1", surroundings, [name, version], async call =>
        {
            var (what, which) = (call.Get(name), call.Get(version));
            var release = which is null && Parts.IsRelease(what);
            var path = release ? ApiClient.Path($"api/releases/{what}")
                : which is null ? ApiClient.Path($"api/models/{what}")
                : ApiClient.Path($"api/models/{what}/versions/{which}");
            var answer = await call.Api.GetAsync(path, call.CancellationToken);
            if (call.Json)
            {
                call.Screen.Json(answer);
            }
            else if (release)
            {
                Details.Write(call.Screen, ApiClient.Read<ReleaseDetail>(answer));
            }
            else if (which is null)
            {
                Details.Write(call.Screen, ApiClient.Read<ModelDetail>(answer));
            }
            else
            {
                Details.Write(call.Screen, ApiClient.Read<VersionDetail>(answer));
            }

            return ExitCode.Ok;
        });
    }

    private static CliCommand Compare(Surroundings surroundings)
    {
        var model = Parts.Model();
        var a = new Argument<string>("A") { Description = "A version, or 'stable'." };
        var b = new Argument<string>("B") { Description = "Another." };
        var predictions = new Option<int>("--predictions") { Description = "At most this many predictions that flipped, 0 to 10000.", HelpName = "N", DefaultValueFactory = _ => 20 };
        return new("compare", "Show how two versions differ: inputs, manifest, what each scored, and which predictions flipped. Differences are B - A.", "modelflow compare digits stable v1.2.0-large", surroundings, [model, a, b, predictions], async call =>
        {
            var answer = await call.Api.GetAsync(
                ApiClient.Path($"api/models/{call.Get(model)}/compare?a={call.Get(a)}&b={call.Get(b)}&predictions={call.Get(predictions)}"),
                call.CancellationToken);
            if (call.Json)
            {
                call.Screen.Json(answer);
            }
            else
            {
                Details.Write(call.Screen, ApiClient.Read<Comparison>(answer));
            }

            return ExitCode.Ok;
        });
    }

    internal static string Candidates(IReadOnlyList<CandidateItem>? candidates) =>
        string.Join(", ", (candidates ?? []).Select(c => $"{c.Version} {Show.Weight(c.Weight)}"));

    internal static Cell Live(VersionItem version) => version.Live switch
    {
        "stable" => new Cell($"stable {Show.Weight(version.Weight)}", Tone.Good),
        { } other => new Cell($"{other} {Show.Weight(version.Weight)}", Tone.Busy),
        null => "",
    };

    private static Cell Notes(VersionItem version) => version.Revoked is not null ? new Cell("revoked", Tone.Bad) : version.Pinned ? "pinned" : "";
}
