using System.CommandLine;
using System.Text.Json.Nodes;
using ModelFlow.Cli.Connecting;
using ModelFlow.Cli.Contracts;
using ModelFlow.Cli.Output;

namespace ModelFlow.Cli.Commands;

/// <summary>Where versions are kept: pins, retention, restore.</summary>
internal static class RetentionCommands
{
    public static IEnumerable<Command> Create(Surroundings surroundings) =>
    [
        Pin(surroundings, "pin", "Keep a version where it is, whatever the retention policy says.", "modelflow pin digits v1.0.0-base -m 'audit of 2026'"),
        Pin(surroundings, "unpin", "Let the retention policy decide about a version again.", "modelflow unpin digits v1.0.0-base"),
        new CliCommand("retention", "What the retention policies do with old versions.", "modelflow retention plan", Plan(surroundings), Apply(surroundings)),
        Restore(surroundings),
    ];

    private static CliCommand Pin(Surroundings surroundings, string name, string description, string example)
    {
        var model = Parts.Model();
        var version = Parts.Version();
        var reason = Parts.Reason(required: false);
        return new(name, description, example, surroundings, [model, version, reason], async call =>
        {
            var body = SignalCommands.WithoutNulls(new JsonObject { ["reason"] = call.Get(reason) });
            var answer = await call.Api.SendAsync(HttpMethod.Post, ApiClient.Path($"api/models/{call.Get(model)}/versions/{call.Get(version)}/{name}"), body, call.CancellationToken);
            TrafficCommands.Say(call, answer, $"{call.Get(model)} {call.Get(version)} is {(name == "pin" ? "pinned" : "not pinned")}.");
            return ExitCode.Ok;
        });
    }

    private static Option<string?> OfModel() => new("--model") { Description = "Of this model only.", HelpName = "MODEL" };

    private static CliCommand Plan(Surroundings surroundings)
    {
        var model = OfModel();
        var kept = new Option<bool>("--kept") { Description = "Also list what stays, and why." };
        return new("plan", "Show what would be moved or deleted now; changes nothing.", "modelflow retention plan --model digits", surroundings, [model, kept], async call =>
        {
            var answer = await PlanAsync(call, call.Get(model));
            if (call.Json)
            {
                call.Screen.Json(answer);
                return ExitCode.Ok;
            }

            var plan = ApiClient.Read<RetentionPlanItem>(answer);
            Write(call.Screen, plan);
            if (call.Get(kept))
            {
                call.Screen.Line();
                call.Screen.Table(
                    ["KEPT", "VERSION", "TIER", "WHY"],
                    (plan.Kept ?? []).Select(k => new Cell[] { k.Model, k.Version, k.Tier, k.Reason }),
                    "Nothing is kept.");
            }

            return ExitCode.Ok;
        });
    }

    private static CliCommand Apply(Surroundings surroundings)
    {
        var model = OfModel();
        var digest = new Option<string?>("--digest") { Description = "Apply this plan only ('retention plan --json' prints it).", HelpName = "DIGEST" };
        var yes = Parts.Yes();
        return new("apply", "Move and delete what the plan says. Versions are checked again right before they are touched.", "modelflow retention apply --model digits", surroundings, [model, digest, yes], async call =>
        {
            var chosen = call.Get(digest);
            if (chosen is null)
            {
                var plan = ApiClient.Read<RetentionPlanItem>(await PlanAsync(call, call.Get(model)));
                if (!call.Json)
                {
                    Write(call.Screen, plan);
                }

                if (plan.Actions.Count > 0)
                {
                    call.Screen.Confirm("Apply this plan?", call.Get(yes), "Name the plan with --digest, or add --yes.");
                }

                chosen = plan.Digest;
            }

            var body = SignalCommands.WithoutNulls(new JsonObject { ["model"] = call.Get(model), ["digest"] = chosen });
            var answer = await call.Api.SendAsync(HttpMethod.Post, "api/retention/apply", body, call.CancellationToken);
            var done = ApiClient.Read<RetentionApplied>(answer!);
            if (call.Json)
            {
                call.Screen.Json(answer);
            }
            else
            {
                call.Screen.Table(
                    ["MODEL", "VERSION", "FROM", "TO", "STATUS", "WHY"],
                    done.Results.Select(r => new Cell[] { r.Model, r.Version, r.From, To(r.To, r.Delete), new(r.Status, r.Status == "done" ? Tone.Good : Tone.Busy), r.Message }),
                    "There was nothing to do.");
            }

            return done.Results.Any(r => r.Status is "missing" or "held") ? ExitCode.Refused : ExitCode.Ok;
        });
    }

    private static CliCommand Restore(Surroundings surroundings)
    {
        var model = Parts.Model();
        var version = Parts.Version();
        var reason = Parts.Reason(required: false);
        return new("restore", "Bring a version back to the hot tier and verify its files.", "modelflow restore digits v1.0.0-base", surroundings, [model, version, reason], async call =>
        {
            var answer = await call.Api.SendAsync(HttpMethod.Post, ApiClient.Path($"api/models/{call.Get(model)}/versions/{call.Get(version)}/restore"), SignalCommands.WithoutNulls(new JsonObject { ["reason"] = call.Get(reason) }), call.CancellationToken);
            var done = ApiClient.Read<RestoreAnswer>(answer!);
            TrafficCommands.Say(call, answer, done.Status == "restored"
                ? $"{done.Model} {done.Version} is back on the {done.Tier} tier; {Show.Bytes(done.BytesVerified ?? 0)} verified."
                : $"{done.Model} {done.Version} is on its way back from the {done.Tier} tier, which takes up to hours. Run this again later to verify it.");
            return ExitCode.Ok;
        });
    }

    private static Task<JsonNode> PlanAsync(Call call, string? model) =>
        call.Api.GetAsync("api/retention/plan" + (model is null ? "" : $"?model={Uri.EscapeDataString(model)}"), call.CancellationToken);

    private static void Write(Screen screen, RetentionPlanItem plan) => screen.Table(
        ["MODEL", "VERSION", "FROM", "TO", "SIZE", "WHY"],
        plan.Actions.Select(a => new Cell[] { a.Model, a.Version, a.From, To(a.To, a.Delete), Show.Bytes(a.Bytes), a.Reason }),
        "There is nothing to do.");

    private static Cell To(string? tier, bool delete) => delete ? new Cell("deleted", Tone.Bad) : tier;
}
