using System.CommandLine;
using System.Text.Json.Nodes;
using ModelFlow.Cli.Connecting;
using ModelFlow.Cli.Contracts;
using ModelFlow.Cli.Output;

namespace ModelFlow.Cli.Commands;

/// <summary>Addresses that are told what happens to releases.</summary>
internal static class WebhookCommands
{
    public static CliCommand Create(Surroundings surroundings) => new(
        "webhook",
        "Addresses that are told what happens to releases.",
        "modelflow webhook add ops https://hooks.example.com/modelflow --models 'digits-*' --event harmFound --event ended",
        Add(surroundings),
        List(surroundings),
        Change(surroundings, "pause", "Send nothing more; messages wait.", "modelflow webhook pause ops -m 'the receiver moves'", "is paused"),
        Change(surroundings, "resume", "Send again, what waited first.", "modelflow webhook resume ops", "is sent to again"),
        Key(surroundings),
        Test(surroundings),
        Log(surroundings),
        Resend(surroundings),
        Remove(surroundings));

    private static Argument<string> Name() => new("NAME") { Description = "The webhook's name: lower-case letters, digits and '-'." };

    private static CliCommand Add(Surroundings surroundings)
    {
        var name = Name();
        var address = new Argument<string>("URL") { Description = "Where messages are posted to. What follows the host is kept as a secret." };
        var models = new Option<string?>("--models") { Description = "Whose releases: a model, or a prefix and '*'; of all by default.", HelpName = "SCOPE" };
        var events = new Option<string[]>("--event", "-e")
        {
            Description = "A kind of event, for example ended; several with commas, or repeated. Every kind by default.",
            HelpName = "KIND",
            AllowMultipleArgumentsPerToken = true,
        };
        var format = new Option<string?>("--format") { Description = "cloudEvents (the default), or teams: Adaptive Cards for a Teams Workflows webhook.", HelpName = "FORMAT" };
        var person = new Option<string?>("--person") { Description = "The one person whose address it is ('modelflow person set'): links that are sent there decide in their name.", HelpName = "NAME" };
        return new("add", "Have an address told what happens, and print the key its messages are signed with: it is shown this once.", "modelflow webhook add ops https://hooks.example.com/modelflow -e harmFound,ended\nmodelflow webhook add releases https://prod-1.westeurope.logic.azure.com/… --format teams", surroundings, [name, address, models, events, format, person], async call =>
        {
            var kinds = (call.Get(events) ?? []).SelectMany(e => e.Split(',')).Select(e => (JsonNode)e).ToArray();
            var body = SignalCommands.WithoutNulls(new JsonObject
            {
                ["name"] = call.Get(name),
                ["address"] = call.Get(address),
                ["models"] = call.Get(models),
                ["format"] = call.Get(format),
                ["person"] = call.Get(person),
                ["events"] = kinds.Length == 0 ? null : new JsonArray(kinds),
            });
            return ShowKey(call, await call.Api.SendAsync(HttpMethod.Post, "api/subscriptions", body, call.CancellationToken));
        });
    }

    private static CliCommand List(Surroundings surroundings) =>
        new("list", "List the webhooks; the secret part of their addresses and their keys are not shown.", "modelflow webhook list", surroundings, [], async call =>
        {
            var answer = await call.Api.GetAsync("api/subscriptions", call.CancellationToken);
            if (call.Json)
            {
                call.Screen.Json(answer);
                return ExitCode.Ok;
            }

            call.Screen.Table(
                ["NAME", "RECEIVER", "FORMAT", "PERSON", "MODELS", "EVENTS", "PAUSED"],
                ApiClient.Read<Page<SubscriptionItem>>(answer).Items.Select(s => new Cell[] { new(s.Name, Tone.Strong), s.Receiver, s.Format ?? "cloudEvents", s.Person ?? "", s.Models, s.Events.Count == 0 ? (s.Format == "teams" ? "usual" : "all") : string.Join(", ", s.Events), new(s.PausedBecause ?? "", Tone.Bad) }),
                "There are no webhooks.");
            return ExitCode.Ok;
        });

    private static CliCommand Change(Surroundings surroundings, string verb, string description, string example, string said)
    {
        var name = Name();
        var reason = Parts.Reason(required: false);
        return new(verb, description, example, surroundings, [name, reason], async call =>
        {
            var answer = await PostAsync(call, ApiClient.Path($"api/subscriptions/{call.Get(name)}/{verb}"), call.Get(reason));
            TrafficCommands.Say(call, answer, $"The webhook {call.Get(name)} {said}.");
            return ExitCode.Ok;
        });
    }

    private static CliCommand Key(Surroundings surroundings)
    {
        var name = Name();
        var reason = Parts.Reason(required: false);
        return new("key", "Make a new signing key and print it; the one before signs beside it for a day.", "modelflow webhook key ops", surroundings, [name, reason], async call =>
            ShowKey(call, await PostAsync(call, ApiClient.Path($"api/subscriptions/{call.Get(name)}/key"), call.Get(reason))));
    }

    private static CliCommand Test(Surroundings surroundings)
    {
        var name = Name();
        return new("test", "Send a message that tells of nothing; the log says whether it arrived.", "modelflow webhook test ops", surroundings, [name], async call =>
        {
            var answer = await PostAsync(call, ApiClient.Path($"api/subscriptions/{call.Get(name)}/test"), reason: null);
            TrafficCommands.Say(call, answer, $"A message is on its way; see: modelflow webhook log {call.Get(name)}");
            return ExitCode.Ok;
        });
    }

    private static CliCommand Log(Surroundings surroundings)
    {
        var name = Name();
        var limit = Parts.Limit();
        return new("log", "What was sent, newest first.", "modelflow webhook log ops", surroundings, [name, limit], async call =>
        {
            var answer = await call.Api.ListAsync(ApiClient.Path($"api/subscriptions/{call.Get(name)}/deliveries"), call.Get(limit), call.CancellationToken);
            if (call.Json)
            {
                call.Screen.Json(answer);
                return ExitCode.Ok;
            }

            call.Screen.Table(
                ["AT", "MESSAGE", "STATUS", "TRIES", "LAST TRY", "NEXT TRY"],
                ApiClient.Read<Page<DeliveryItem>>(answer).Items.Select(d => new Cell[]
                {
                    Show.Time(d.At),
                    new(d.Id, Tone.Strong),
                    new(d.Status, d.Status switch { "delivered" => Tone.Good, "givenUp" => Tone.Bad, _ => Tone.Busy }),
                    $"{d.Tries.Count}",
                    d.Tries is [.., var last] ? last.Error ?? $"{last.StatusCode} in {Show.Took(last.Took)}" : "",
                    Show.Time(d.NextTryAt),
                }),
                "Nothing was sent.");
            return ExitCode.Ok;
        });
    }

    private static CliCommand Resend(Surroundings surroundings)
    {
        var name = Name();
        var message = new Argument<string>("MESSAGE") { Description = "The message's id, from the log." };
        return new("resend", "Send a message again, whether it arrived or not.", "modelflow webhook resend ops digits-v1.2.0-large-1.14", surroundings, [name, message], async call =>
        {
            var answer = await PostAsync(call, ApiClient.Path($"api/subscriptions/{call.Get(name)}/deliveries/{call.Get(message)}/redeliver"), reason: null);
            TrafficCommands.Say(call, answer, $"The message {call.Get(message)} is on its way again.");
            return ExitCode.Ok;
        });
    }

    private static CliCommand Remove(Surroundings surroundings)
    {
        var name = Name();
        var yes = Parts.Yes();
        return new("remove", "Remove a webhook with its log.", "modelflow webhook remove ops", surroundings, [name, yes], async call =>
        {
            call.Screen.Confirm($"Remove the webhook {call.Get(name)} and its log?", call.Get(yes), "Add --yes.");
            var answer = await call.Api.SendAsync(HttpMethod.Delete, ApiClient.Path($"api/subscriptions/{call.Get(name)}"), (object?)null, call.CancellationToken);
            TrafficCommands.Say(call, answer, $"The webhook {call.Get(name)} is removed.");
            return ExitCode.Ok;
        });
    }

    private static Task<JsonNode?> PostAsync(Call call, string path, string? reason) =>
        call.Api.SendAsync(HttpMethod.Post, path, SignalCommands.WithoutNulls(new JsonObject { ["reason"] = reason }), call.CancellationToken);

    private static int ShowKey(Call call, JsonNode? answer)
    {
        if (call.Json)
        {
            call.Screen.Json(answer);
            return ExitCode.Ok;
        }

        var made = ApiClient.Read<NewSubscriptionItem>(answer!);
        call.Screen.Note($"{made.Subscription.Name} → {made.Subscription.Receiver}. Messages are signed with this key (Standard Webhooks), which is not shown again:");
        call.Screen.Line(made.Key);
        return ExitCode.Ok;
    }
}
