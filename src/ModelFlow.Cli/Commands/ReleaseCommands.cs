using System.CommandLine;
using System.Text.Json.Nodes;
using ModelFlow.Cli.Connecting;
using ModelFlow.Cli.Contracts;
using ModelFlow.Cli.Output;
using ModelFlow.Cli.Timeline;

namespace ModelFlow.Cli.Commands;

/// <summary>Looking at releases, following and starting them.</summary>
internal static class ReleaseCommands
{
    public static IEnumerable<Command> Create(Surroundings surroundings) =>
        [Releases(surroundings), Watch(surroundings), Analysis(surroundings), Retry(surroundings), Report(surroundings)];

    private static CliCommand Releases(Surroundings surroundings)
    {
        var model = new Option<string?>("--model") { Description = "Of this model only.", HelpName = "MODEL" };
        var running = new Option<bool>("--running") { Description = "Those that have not ended." };
        var limit = Parts.Limit();
        return new("releases", "List releases, newest first.", "modelflow releases --model digits", surroundings, [model, running, limit], async call =>
        {
            var query = new List<string>();
            if (call.Get(model) is { } m)
            {
                query.Add($"model={Uri.EscapeDataString(m)}");
            }

            if (call.Get(running))
            {
                query.Add("running=true");
            }

            var answer = await call.Api.ListAsync("api/releases" + (query.Count > 0 ? "?" + string.Join('&', query) : ""), call.Get(limit), call.CancellationToken);
            if (call.Json)
            {
                call.Screen.Json(answer);
                return ExitCode.Ok;
            }

            call.Screen.Table(
                ["RELEASE", "STAGE", "STARTED", "BY", "WHY"],
                ApiClient.Read<Page<ReleaseItem>>(answer).Items.Select(r => new Cell[] { new(r.Id, Tone.Strong), Show.Stage(r.Stage, r.Outcome), Show.Time(r.StartedAt), r.StartedBy, r.Reason }),
                "There are no releases.");
            return ExitCode.Ok;
        });
    }

    private static CliCommand Watch(Surroundings surroundings)
    {
        var release = Parts.Release();
        var after = new Option<int>("--after") { Description = "Leave out the events up to this number.", HelpName = "SEQ" };
        var all = new Option<bool>("--all") { Description = "Show every look at live traffic, also those that found nothing." };
        var once = new Option<bool>("--no-follow") { Description = "Print what there is and end." };
        return new("watch", "Follow a release to its end. Ends with 0 if it became stable, else with 1.", "modelflow watch digits-v1.2.0-large-1", surroundings, [release, after, all, once], async call =>
            call.Get(once)
                ? await PrintAsync(call, call.Get(release), call.Get(after), call.Get(all))
                : await FollowAsync(call, call.Get(release), call.Get(after), call.Get(all)));
    }

    /// <summary>Writes a release's events to its end, and says by the exit code how it ended.</summary>
    internal static async Task<int> FollowAsync(Call call, string release, int after, bool all)
    {
        var writer = new TimelineWriter(call.Screen);
        var follower = new ReleaseFollower(call.Api, call.Surroundings.Time) { Away = e => call.Screen.Note($"modelflow: {e.Message} Trying on.", Tone.Busy) };
        EventItem? last = null;
        await LiveLook.RunAsync(call, release, follower.FollowAsync(release, after, call.CancellationToken), (json, happened) =>
        {
            last = happened;
            if (call.Json)
            {
                call.Screen.JsonLine(json);
            }
            else
            {
                writer.Write(release, happened, all, numbers: true);
            }
        });

        // A release that ended before '--after' sends no event; its record says how.
        var outcome = (string?)last?.Data?["outcome"]
            ?? ApiClient.Read<ReleaseItem>(await call.Api.GetAsync(ApiClient.Path($"api/releases/{release}"), call.CancellationToken)).Outcome;
        return outcome == "stable" ? ExitCode.Ok : ExitCode.Refused;
    }

    private static async Task<int> PrintAsync(Call call, string release, int after, bool all)
    {
        var writer = new TimelineWriter(call.Screen);
        while (true)
        {
            var answer = await call.Api.GetAsync($"{ApiClient.Path($"api/releases/{release}/events")}?after={after}&limit=500", call.CancellationToken);
            var page = ApiClient.Read<EventPage>(answer);
            foreach (var (json, happened) in answer["items"]!.AsArray().Zip(page.Items))
            {
                if (call.Json)
                {
                    call.Screen.JsonLine(json!);
                }
                else
                {
                    writer.Write(release, happened, all, numbers: true);
                }
            }

            if (page.Items.Count == 0 || page.Ended)
            {
                return ExitCode.Ok;
            }

            after = page.Next;
        }
    }

    private static CliCommand Analysis(Surroundings surroundings)
    {
        var release = Parts.Release();
        var points = new Option<int?>("--points") { Description = "At most so many looks, 150 to 5000; of use with --json.", HelpName = "N" };
        return new("analysis", "What live traffic said of a release, step by step; with --json all looks, for charts.", "modelflow analysis digits-v1.2.0-large-1\nmodelflow analysis digits-v1.2.0-large-1 --json --points 1000", surroundings, [release, points], async call =>
        {
            var answer = await call.Api.GetAsync(ApiClient.Path($"api/releases/{call.Get(release)}/analysis") + (call.Get(points) is { } n ? $"?points={n}" : ""), call.CancellationToken);
            if (call.Json)
            {
                call.Screen.Json(answer);
            }
            else
            {
                Details.Write(call.Screen, ApiClient.Read<AnalysisItem>(answer));
            }

            return ExitCode.Ok;
        });
    }

    private static CliCommand Retry(Surroundings surroundings)
    {
        var name = new Argument<string>("NAME") { Description = "A release that ended, or a model." };
        var version = new Argument<string?>("VERSION") { Description = "A registered version of the model.", Arity = ArgumentArity.ZeroOrOne };
        var watch = new Option<bool>("--watch") { Description = "Follow the new release." };
        return new("retry", "Release a registered version again: the next attempt.", "modelflow retry digits-v1.2.0-large-1\nmodelflow retry digits v1.2.0-large --watch", surroundings, [name, version, watch], async call =>
        {
            var (model, which) = (call.Get(name), call.Get(version));
            if (which is null)
            {
                if (!Parts.IsRelease(model))
                {
                    throw new CommandFailedException(ExitCode.Usage, $"'{model}' is not a release.", "Name a release, or a model and a version.");
                }

                var before = ApiClient.Read<ReleaseItem>(await call.Api.GetAsync(ApiClient.Path($"api/releases/{model}"), call.CancellationToken));
                (model, which) = (before.Model, before.Version);
            }

            var answer = await call.Api.SendAsync(HttpMethod.Post, "api/releases", new JsonObject { ["model"] = model, ["version"] = which }, call.CancellationToken);
            var release = (string)answer!["release"]!;
            if (call.Json && !call.Get(watch))
            {
                call.Screen.Json(answer);
            }
            else if (!call.Json)
            {
                call.Screen.Line($"Started {release}.", Tone.Good);
            }

            return call.Get(watch) ? await FollowAsync(call, release, 0, all: false) : ExitCode.Ok;
        });
    }

    private static CliCommand Report(Surroundings surroundings)
    {
        var release = Parts.Release();
        var name = new Argument<string?>("NAME") { Description = "A report; without one they are listed.", Arity = ArgumentArity.ZeroOrOne };
        var output = new Option<string?>("--output", "-o") { Description = "Write it to this file instead of standard output.", HelpName = "FILE" };
        return new("report", "List a release's reports, or fetch one.", "modelflow report digits-v1.1.0-mlp-1 evaluation.json", surroundings, [release, name, output], async call =>
        {
            if (call.Get(name) is not { } report)
            {
                var answer = await call.Api.GetAsync(ApiClient.Path($"api/releases/{call.Get(release)}/reports"), call.CancellationToken);
                if (call.Json)
                {
                    call.Screen.Json(answer);
                }
                else
                {
                    ApiClient.Read<Page<string>>(answer).Items.ToList().ForEach(r => call.Screen.Line(r));
                }

                return ExitCode.Ok;
            }

            var path = ApiClient.Path($"api/releases/{call.Get(release)}/reports/{report}");
            if (call.Get(output) is { } file)
            {
                await using var stream = File.Create(call.FullPath(file));
                await call.Api.DownloadAsync(path, stream, call.CancellationToken);
                return ExitCode.Ok;
            }

            if (Path.GetExtension(report) is not (".json" or ".log" or ".txt"))
            {
                throw new CommandFailedException(ExitCode.Usage, $"{report} is not text.", "Write it to a file with --output.");
            }

            using var memory = new MemoryStream();
            await call.Api.DownloadAsync(path, memory, call.CancellationToken);

            call.Surroundings.Out.WriteLine(System.Text.Encoding.UTF8.GetString(memory.GetBuffer(), 0, (int)memory.Length));
            return ExitCode.Ok;
        });
    }
}
