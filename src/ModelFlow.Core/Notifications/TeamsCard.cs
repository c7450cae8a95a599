using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using ModelFlow.Core.Approvals;
using ModelFlow.Core.Evaluation;
using ModelFlow.Core.Releases;
using ModelFlow.Core.Serialization;

namespace ModelFlow.Core.Notifications;

/// <summary>
/// A release's event as an <see href="https://adaptivecards.io/explorer/">Adaptive Card</see> (schema 1.4), in the message that a Teams Workflows webhook takes:
/// <c>type: message</c> with one attachment. It has buttons that open pages and none that decides: a card is seen by everybody in its channel.
/// </summary>
public static class TeamsCard
{
    /// <summary>The media type of the message.</summary>
    public const string MediaType = "application/json";

    /// <summary>The media type of the card in it.</summary>
    public const string CardMediaType = "application/vnd.microsoft.card.adaptive";

    private const int MostGates = 12;
    private const int MostTextCharacters = 1_000;

    /// <summary>The kinds of events a subscription for Teams is told of unless it says otherwise: what asks people, and how it ended.</summary>
    public static IReadOnlyList<string> UsualEvents { get; } =
        ["approvalAsked", "approvalReminded", "approvalEscalated", "approvalOverdue", "approved", "approvalWithdrawn", "approvalsLapsed", "rejected", "harmFound", "ended"];

    /// <summary>The message for an event.</summary>
    /// <param name="state">The release as it was saved with the event or later.</param>
    /// <param name="happened">The event.</param>
    /// <param name="links">The pages its buttons open.</param>
    public static string Of(ReleaseState state, ReleaseEvent happened, MessageLinks links)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(happened);
        ArgumentNullException.ThrowIfNull(links);
        var body = new List<JsonObject> { Heading(TitleOf(state, happened), ColourOf(happened)), Text(Short(happened.Message)), Facts(FactsOf(state, happened)) };
        if (AsksPeople(happened) && state.Gates.Count > 0)
        {
            body.Add(Text("**Gates**"));
            body.Add(Facts(state.Gates.Take(MostGates).Select(g => ($"{(g.Passed ? "✔" : "✘")} {g.Gate}", Short(Describe(g))))));
            if (state.Gates.Count > MostGates)
            {
                body.Add(Text($"and {state.Gates.Count - MostGates} more"));
            }
        }

        var actions = new List<JsonObject>();
        if (links.Decide is { } decide)
        {
            actions.Add(Open("Decide", decide));
        }

        actions.Add(Open(AsksPeople(happened) && links.Decide is null ? "Look at it and decide" : "Look at it", links.Release));
        return Message(body, actions);
    }

    /// <summary>A message that tells of nothing.</summary>
    public static string Test(Uri source, string subscription, string by)
    {
        ArgumentNullException.ThrowIfNull(source);
        return Message([Heading("ModelFlow: a test", "default"), Text($"{by} tests the subscription '{subscription}'.")], [Open("Open ModelFlow", source)]);
    }

    private static bool AsksPeople(ReleaseEvent happened) => happened.Kind is "approvalAsked" or "approvalReminded" or "approvalEscalated" or "approvalOverdue";

    private static string TitleOf(ReleaseState state, ReleaseEvent happened)
    {
        var what = $"{state.Id.Model} {state.Id.Version}";
        return happened.Kind switch
        {
            "approvalAsked" => $"{what} asks for approval",
            "approvalReminded" => $"{what} still waits for approval",
            "approvalEscalated" => $"{what} waits for approval: more may decide now",
            "approvalOverdue" => $"{what} was not approved in time",
            "approved" => $"{what} was approved by {happened.By}",
            "approvalWithdrawn" => $"{what}: an approval was taken back",
            "approvalsLapsed" => $"{what}: approvals lapsed",
            "rejected" => $"{what} was rejected by {happened.By}",
            "harmFound" => $"{what} does harm: its traffic goes back",
            "ended" => $"{what}: {Words((string?)happened.Data?["outcome"] ?? "ended")}",
            _ => $"{what}: {Words(happened.Kind)}",
        };
    }

    private static string ColourOf(ReleaseEvent happened) => happened.Kind switch
    {
        "approvalAsked" => "accent",
        "approvalReminded" or "approvalEscalated" or "approvalOverdue" or "approvalsLapsed" or "approvalWithdrawn" => "warning",
        "approved" or "promoted" => "good",
        "rejected" or "harmFound" or "failed" => "attention",
        "ended" => string.Equals((string?)happened.Data?["outcome"], "stable", StringComparison.Ordinal) ? "good" : "attention",
        _ => "default",
    };

    private static IEnumerable<(string Title, string Value)> FactsOf(ReleaseState state, ReleaseEvent happened)
    {
        yield return ("Release", state.Id.ToString());
        yield return ("Compared with", state.Baseline?.ToString() ?? "nothing: the model's first version");
        if (state.BreakingSignature)
        {
            yield return ("Signature", "breaks with the stable version's");
        }

        yield return ("Uploaded by", state.Uploader ?? "nobody knows");
        yield return ("Started by", state.StartedBy);
        if (!AsksPeople(happened))
        {
            yield break;
        }

        foreach (var demand in happened.Data?["demands"].Deserialize<IReadOnlyList<ApprovalDemand>>(CoreJson.Options) ?? [])
        {
            var who = demand.MayApprove.Count > 0 ? $" of {string.Join(", ", demand.MayApprove)}" : "";
            yield return ($"Before {demand.Before}", Short($"{demand.Rule.Required.ToString(CultureInfo.InvariantCulture)} approval{(demand.Rule.Required == 1 ? "" : "s")}{who}, until {demand.ExpiresAt.UtcDateTime:yyyy-MM-dd HH:mm} UTC"));
        }

        if ((string?)happened.Data?["evidence"] is { } evidence)
        {
            yield return ("Evidence", evidence);
        }
    }

    private static string Describe(GateResult gate) =>
        gate.Observed is { } observed ? string.Create(CultureInfo.InvariantCulture, $"{observed:0.####}, limit {gate.Limit:0.####}: {gate.Message}") : gate.Message;

    private static string Words(string camel) => string.Concat(camel.Select(c => char.IsUpper(c) ? $" {char.ToLowerInvariant(c)}" : $"{c}"));

    private static string Short(string text) => text.Length <= MostTextCharacters ? text : text[..MostTextCharacters] + "…";

    private static JsonObject Heading(string text, string colour) => new() { ["type"] = "TextBlock", ["text"] = Plain(text), ["size"] = "large", ["weight"] = "bolder", ["color"] = colour, ["wrap"] = true };

    private static JsonObject Text(string text) => new() { ["type"] = "TextBlock", ["text"] = text.StartsWith("**", StringComparison.Ordinal) ? text : Plain(text), ["wrap"] = true };

    private static JsonObject Facts(IEnumerable<(string Title, string Value)> facts) => new()
    {
        ["type"] = "FactSet",
        ["facts"] = new JsonArray([.. facts.Select(f => (JsonNode)new JsonObject { ["title"] = Plain(f.Title), ["value"] = Plain(f.Value) })]),
    };

    private static JsonObject Open(string title, Uri address) => new() { ["type"] = "Action.OpenUrl", ["title"] = title, ["url"] = address.AbsoluteUri };

    // Cards read a part of Markdown: a comment of somebody's must not become a link.
    private static string Plain(string text) => string.Concat(text.Select(c => c is '[' or ']' or '*' or '_' or '`' or '\\' or '<' or '>' ? $"\\{c}" : $"{c}"));

    private static string Message(IReadOnlyList<JsonObject> body, IReadOnlyList<JsonObject> actions) => new JsonObject
    {
        ["type"] = "message",
        ["attachments"] = new JsonArray(new JsonObject
        {
            ["contentType"] = CardMediaType,
            ["content"] = new JsonObject
            {
                ["$schema"] = "http://adaptivecards.io/schemas/adaptive-card.json",
                ["type"] = "AdaptiveCard",
                ["version"] = "1.4",
                ["body"] = new JsonArray([.. body]),
                ["actions"] = new JsonArray([.. actions]),
            },
        }),
    }.ToJsonString(CoreJson.Options);
}
