using System.CommandLine;
using System.Text.Json.Nodes;
using ModelFlow.Cli.Connecting;
using ModelFlow.Cli.Contracts;
using ModelFlow.Cli.Output;

namespace ModelFlow.Cli.Commands;

/// <summary>What is live, and how to change it at once: roll back, revoke, freeze.</summary>
internal static class TrafficCommands
{
    public static IEnumerable<Command> Create(Surroundings surroundings) =>
        [Route(surroundings), Rollback(surroundings), Revoke(surroundings), Freeze(surroundings), Unfreeze(surroundings), Freezes(surroundings)];

    private static CliCommand Route(Surroundings surroundings)
    {
        var model = Parts.Model();
        var at = new Option<string?>("--at") { Description = "What was live then, for example 2026-11-23T10:42:00Z.", HelpName = "TIME" };
        var history = new Option<bool>("--history") { Description = "List past routes, newest first." };
        var limit = Parts.Limit();
        return new("route", "Show how a model's traffic is split, now or in the past.", "modelflow route digits\nmodelflow route digits --at 2026-11-23T10:42:00Z\nmodelflow route digits --history", surroundings, [model, at, history, limit], async call =>
        {
            var name = call.Get(model);
            var path = ApiClient.Path($"api/models/{name}/route");
            var answer = call.Get(history)
                ? await call.Api.ListAsync(path + "/history", call.Get(limit), call.CancellationToken)
                : await call.Api.GetAsync(call.Get(at) is { } time ? ApiClient.Path($"api/models/{name}/route?at={time}") : path, call.CancellationToken);
            if (call.Json)
            {
                call.Screen.Json(answer);
                return ExitCode.Ok;
            }

            var routes = call.Get(history) ? ApiClient.Read<Page<RouteItem>>(answer).Items : [ApiClient.Read<LiveRoute>(answer).Route];
            call.Screen.Table(
                ["GENERATION", "SINCE", "STABLE", "CANDIDATES", "RELEASE", "CAUSE"],
                routes.Select(r => new Cell[] { $"{r.Generation}", Show.Time(r.At), r.Stable ?? "-", CatalogCommands.Candidates(r.Candidates), r.Release, r.Cause }),
                "The model has no routes.");
            return ExitCode.Ok;
        });
    }

    private static CliCommand Rollback(Surroundings surroundings)
    {
        var model = Parts.Model();
        var to = new Option<string?>("--to") { Description = "A version that was stable; the previous one by default.", HelpName = "VERSION" };
        var load = new Option<bool>("--load") { Description = "Load the version first if it is not on the model servers; takes longer." };
        var reason = Parts.Reason(required: true);
        return new("rollback", "Give all traffic to an earlier stable version, whatever a release is doing.", "modelflow rollback digits -m 'wrong answers in the field'\nmodelflow rollback digits --to v1.0.0-base -m 'as agreed'", surroundings, [model, to, load, reason], async call =>
        {
            var body = SignalCommands.WithoutNulls(new JsonObject { ["to"] = call.Get(to), ["load"] = call.Get(load), ["reason"] = call.Get(reason) });
            var answer = await call.Api.SendAsync(HttpMethod.Post, ApiClient.Path($"api/models/{call.Get(model)}/rollback"), body, call.CancellationToken);
            if (call.Json)
            {
                call.Screen.Json(answer);
                return ExitCode.Ok;
            }

            var done = ApiClient.Read<RollbackAnswer>(answer!);
            call.Screen.Line($"All traffic of {done.Model} is on {done.To}{(done.From is null ? "" : $" (was {done.From})")}, generation {done.Generation}, in {Show.Took(done.Took)}.", Tone.Good);
            if (done.Gateways is { } gateways && gateways.Confirmed < gateways.Known)
            {
                call.Screen.Line($"{gateways.Confirmed} of {gateways.Known} gateways confirmed it; the others take it with their next look.", Tone.Busy);
            }

            return ExitCode.Ok;
        });
    }

    private static CliCommand Revoke(Surroundings surroundings)
    {
        var model = Parts.Model();
        var version = Parts.Version();
        var reason = Parts.Reason(required: true);
        var yes = Parts.Yes();
        return new("revoke", "Forbid a version for good: it is never served again.", "modelflow revoke digits v1.1.0-mlp -m 'trained on leaked data' --yes", surroundings, [model, version, reason, yes], async call =>
        {
            call.Screen.Confirm($"Revoke {call.Get(model)} {call.Get(version)} for good?", call.Get(yes), "A revocation cannot be taken back: add --yes.");
            var answer = await call.Api.SendAsync(HttpMethod.Post, ApiClient.Path($"api/models/{call.Get(model)}/versions/{call.Get(version)}/revoke"), new JsonObject { ["reason"] = call.Get(reason) }, call.CancellationToken);
            var done = ApiClient.Read<RevokeAnswer>(answer!);
            if (call.Json)
            {
                call.Screen.Json(answer);
            }
            else
            {
                call.Screen.Line($"{done.Model} {done.Version} is revoked.", Tone.Good);
                foreach (var release in done.Releases ?? [])
                {
                    call.Screen.Line($"{release} was told to end.");
                }

                if (done.Route is { } route)
                {
                    call.Screen.Line($"Traffic went to {route.Stable}, generation {route.Generation}.");
                }

                if (done.StillServing)
                {
                    call.Screen.Line(done.Warning ?? "It still has traffic.", Tone.Bad);
                }
            }

            return done.StillServing ? ExitCode.Refused : ExitCode.Ok;
        });
    }

    private static CliCommand Freeze(Surroundings surroundings)
    {
        var scope = Scope();
        var reason = Parts.Reason(required: true);
        return new("freeze", "Give candidates no new traffic. Rollbacks are always possible.", "modelflow freeze digits -m 'incident 12'\nmodelflow freeze '*' -m holiday", surroundings, [scope, reason], async call =>
        {
            var answer = await call.Api.SendAsync(HttpMethod.Post, "api/freezes", new JsonObject { ["scope"] = call.Get(scope), ["reason"] = call.Get(reason) }, call.CancellationToken);
            Say(call, answer, $"{call.Get(scope)} is frozen.");
            return ExitCode.Ok;
        });
    }

    private static CliCommand Unfreeze(Surroundings surroundings)
    {
        var scope = Scope();
        var reason = Parts.Reason(required: false);
        return new("unfreeze", "End a freeze.", "modelflow unfreeze digits", surroundings, [scope, reason], async call =>
        {
            var path = ApiClient.Path($"api/freezes/{call.Get(scope)}") + (call.Get(reason) is { } why ? $"?reason={Uri.EscapeDataString(why)}" : "");
            var answer = await call.Api.SendAsync(HttpMethod.Delete, path, (object?)null, call.CancellationToken);
            Say(call, answer, $"{call.Get(scope)} is no longer frozen.");
            return ExitCode.Ok;
        });
    }

    private static CliCommand Freezes(Surroundings surroundings) =>
        new("freezes", "List the freezes that stand.", "modelflow freezes", surroundings, [], async call =>
        {
            var answer = await call.Api.GetAsync("api/freezes", call.CancellationToken);
            if (call.Json)
            {
                call.Screen.Json(answer);
                return ExitCode.Ok;
            }

            call.Screen.Table(
                ["SCOPE", "BY", "SINCE", "WHY"],
                ApiClient.Read<Page<FreezeItem>>(answer).Items.Select(f => new Cell[] { f.Scope, f.By, Show.Time(f.At), f.Reason }),
                "Nothing is frozen.");
            return ExitCode.Ok;
        });

    private static Argument<string> Scope() => new("SCOPE") { Description = "A model, a prefix and '*', or '*' for all." };

    internal static void Say(Call call, JsonNode? answer, string text)
    {
        if (call.Json)
        {
            call.Screen.Json(answer);
        }
        else
        {
            call.Screen.Line(text, Tone.Good);
        }
    }
}
