using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using ModelFlow.Core.Approvals;
using ModelFlow.Core.Evaluation;
using ModelFlow.Core.Notifications;
using ModelFlow.Core.Releases;
using ModelFlow.Core.Serialization;
using ModelFlow.Core.Tests.Releases;
using ModelFlow.Testing;
using NJsonSchema;

namespace ModelFlow.Core.Tests.Notifications;

public sealed class TeamsCardTests
{
    // What a Teams Workflows webhook takes at most.
    private const int MostBytes = 28 * 1024;

    private static readonly Uri Source = new("https://modelflow.example.com/");

    public static TheoryData<string> Kinds => [.. EventKinds.All];

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Card_ofEveryKindOfEvent_isValid(string kind)
    {
        var state = State();
        var card = TeamsCard.Of(state, Event(state, kind), new MessageLinks(MessageLinks.PageOf(Source, state.Id)));
        Assert.Empty((await SchemaAsync()).Validate(card));
    }

    [Fact]
    public async Task Card_thatAsks_hasTheEvidenceAndOpensPages()
    {
        var state = State();
        var card = JsonNode.Parse(TeamsCard.Of(
            state, Event(state, "approvalAsked"), new MessageLinks(MessageLinks.PageOf(Source, state.Id), MessageLinks.DecideWith(Source, "1.ab.cd_-"))))!;
        Assert.Empty((await SchemaAsync()).Validate(card.ToJsonString()));

        var content = card["attachments"]![0]!["content"]!;
        var text = content.ToJsonString(new JsonSerializerOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        foreach (var shown in (string[])["digits v1.1.0-mlp asks for approval", "v1.0.0-base", "ada", "2 approvals of group:ml-leads, until 2026-03-04 12:00 UTC", "✔ minAccuracy", "0.97, limit 0.9", "sha256:", "✘ maxAccuracyLoss"])
        {
            Assert.Contains(shown, text, StringComparison.Ordinal);
        }

        Assert.Equal(
            [("Decide", "https://modelflow.example.com/decide?link=1.ab.cd_-"), ("Look at it", "https://modelflow.example.com/#/releases/digits-v1.1.0-mlp-1")],
            content["actions"]!.AsArray().Select(a => ((string)a!["title"]!, (string)a["url"]!)));
    }

    [Fact]
    public async Task Card_ofLongAndHostileTexts_staysSmallAndMakesNoLinks()
    {
        var hostile = "[click](https://evil.example) **x** <at>all</at> " + new string('x', 5_000);
        var state = State() with { Uploader = hostile, Gates = [.. Enumerable.Range(0, 200).Select(i => new GateResult($"gate{i}", false, double.NaN, 1, hostile))] };
        var card = TeamsCard.Of(state, Event(state, "approvalAsked", hostile), new MessageLinks(MessageLinks.PageOf(Source, state.Id)));

        Assert.Empty((await SchemaAsync()).Validate(card));
        Assert.True(Encoding.UTF8.GetByteCount(card) <= MostBytes, $"{Encoding.UTF8.GetByteCount(card)} bytes");
        Assert.DoesNotContain("[click](", card, StringComparison.Ordinal);
        Assert.Contains("and 188 more", card, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Card_thatTests_isValid() => Assert.Empty((await SchemaAsync()).Validate(TeamsCard.Test(Source, "ops", "ada")));

    [Fact]
    public void Usual_events_areKindsThatThereAre() => Assert.Empty(TeamsCard.UsualEvents.Except(EventKinds.All, StringComparer.Ordinal));

    private static ReleaseState State() => Examples.NewRelease() with
    {
        Baseline = Examples.Stable,
        Gates = [new GateResult("minAccuracy", true, 0.97, 0.9, "97 % are right"), Examples.Gate(false)],
    };

    private static ReleaseEvent Event(ReleaseState state, string kind, string message = "It happened.") => new()
    {
        Seq = 7,
        Kind = kind,
        At = Examples.Noon,
        By = "bo",
        Stage = state.Stage.Name,
        Message = message,
        Data = new JsonObject
        {
            ["outcome"] = "rolledBack",
            ["evidence"] = "sha256:" + new string('a', 64),
            ["demands"] = JsonSerializer.SerializeToNode(
                new[] { new ApprovalDemand { Rule = new ApprovalRule { Required = 2, From = ["group:ml-leads"] }, ExpiresAt = Examples.Noon.AddDays(3) } }, CoreJson.Options),
        },
        PreviousHash = "",
        Hash = "",
    };

    private static async Task<JsonSchema> SchemaAsync() =>
        await JsonSchema.FromJsonAsync(await File.ReadAllTextAsync(Path.Combine(RepositoryRoot.Find(), "tests", "ModelFlow.Core.Tests", "Notifications", "adaptive-card.schema.json")));
}
