using System.CommandLine;
using System.Text.Json.Nodes;
using ModelFlow.Cli.Connecting;
using ModelFlow.Cli.Contracts;
using ModelFlow.Cli.Output;
using ModelFlow.Cli.Timeline;

namespace ModelFlow.Cli.Commands;

/// <summary>What people say to a running release.</summary>
internal static class SignalCommands
{
    private static readonly TimeSpan WaitForEffect = TimeSpan.FromSeconds(5);

    public static IEnumerable<Command> Create(Surroundings surroundings) =>
    [
        Decision(surroundings, "approve", "Say yes to a release, after seeing its evidence ('modelflow show RELEASE').", "modelflow approve digits-v1.2.0-large-1 -m 'looks fine'", commentNeeded: false),
        Decision(surroundings, "reject", "Say no to a release: it ends.", "modelflow reject digits-v1.2.0-large-1 -m 'too slow for the app'", commentNeeded: true),
        Decision(surroundings, "withdraw", "Take your approval back, as long as it has had no effect.", "modelflow withdraw digits-v1.2.0-large-1 -m 'saw the slices only now'", commentNeeded: false),
        Signal(surroundings, "pause", "Hold a release: no step forward, all guards stay on.", "modelflow pause digits-v1.2.0-large-1"),
        Signal(surroundings, "resume", "Let a paused release go on.", "modelflow resume digits-v1.2.0-large-1"),
        Signal(surroundings, "promote", "Skip the rest of a ramp's waiting. A guardrail that already found harm stands.", "modelflow promote digits-v1.2.0-large-1"),
        Signal(surroundings, "abort", "End a release; traffic it has goes back to stable.", "modelflow abort digits-v1.2.0-large-1 -m 'not today'"),
    ];

    private static CliCommand Decision(Surroundings surroundings, string name, string description, string example, bool commentNeeded)
    {
        var release = Parts.Release();
        var comment = Parts.Comment(commentNeeded);
        var evidence = new Option<string?>("--evidence") { Description = "The evidence you saw, as 'modelflow show RELEASE' prints it: refused if something else is asked by now.", HelpName = "DIGEST" };
        return new(name, description, example, surroundings, name == "approve" ? [release, comment, evidence] : [release, comment], call =>
            SendAsync(call, call.Get(release), "decisions", new JsonObject { ["decision"] = name, ["comment"] = call.Get(comment), ["evidence"] = name == "approve" ? call.Get(evidence) : null }));
    }

    private static CliCommand Signal(Surroundings surroundings, string name, string description, string example)
    {
        var release = Parts.Release();
        var comment = Parts.Comment();
        return new(name, description, example, surroundings, [release, comment], call =>
            SendAsync(call, call.Get(release), name, new JsonObject { ["comment"] = call.Get(comment) }));
    }

    // The host stores the signal and answers; what it did is in the events that follow, so these are shown for a moment.
    private static async Task<int> SendAsync(Call call, string release, string route, JsonObject body)
    {
        var path = ApiClient.Path($"api/releases/{release}/{route}");
        var answer = await call.Api.SendAsync(HttpMethod.Post, path, WithoutNulls(body), call.CancellationToken);
        if (call.Json)
        {
            call.Screen.Json(answer);
            return ExitCode.Ok;
        }

        var sent = ApiClient.Read<SignalAnswer>(answer!);
        var events = await call.Api.GetAsync(
            $"{ApiClient.Path($"api/releases/{release}/events")}?after={sent.EventsAfter}&wait={WaitForEffect.TotalSeconds:0}s",
            call.CancellationToken);
        var page = ApiClient.Read<EventPage>(events);
        var writer = new TimelineWriter(call.Screen);
        foreach (var happened in page.Items)
        {
            writer.Write(release, happened);
        }

        if (page.Items.Count == 0)
        {
            call.Screen.Line($"Stored; the release has not taken it in yet. Follow it with: modelflow watch {release} --after {sent.EventsAfter}", Tone.Busy);
        }

        return ExitCode.Ok;
    }

    internal static JsonObject WithoutNulls(JsonObject body)
    {
        foreach (var name in body.Where(p => p.Value is null).Select(p => p.Key).ToList())
        {
            body.Remove(name);
        }

        return body;
    }
}
