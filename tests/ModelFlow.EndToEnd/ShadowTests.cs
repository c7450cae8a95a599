using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using ModelFlow.EndToEnd.Product;

namespace ModelFlow.EndToEnd;

/// <summary>Live requests are mirrored to a version before any user gets its answers: one that answers otherwise is stopped there, a good one goes on.</summary>
[Trait("Speed", "Slow")]
public sealed partial class ShadowTests : IAsyncLifetime
{
    private const string Stable = "v1.0.0-base";

    // The better version disagrees with stable where stable is wrong; the one with swapped labels wherever there is a 4, 7 or 9 besides.
    private const string Ramp = """
        shadow: { share: 100 %, bake: 2s, minPairs: 50, maxDisagreement: 25 %, errorRateIncrease: off, latencyRatio: off }
        steps:
          - { weight: 50 %, bake: 1s }
          - { weight: 100 %, bake: 1s }
        lookEvery: 1s
        lease: 1m
        """;

    private readonly Installation _modelflow = new();
    private readonly List<string> _answeredBy = [];
    private string _ann = ""; // Set by InitializeAsync, as the next one.
    private string _bob = "";

    public async ValueTask InitializeAsync()
    {
        await _modelflow.StartHostAsync();
        await _modelflow.SetUpDigitsAsync(sample => Gates().Replace(CalmPolicy.Of(sample, Ramp), ""));
        (_ann, _bob) = (await _modelflow.TokenAsync("ann", "approver"), await _modelflow.TokenAsync("bob", "approver"));
        await ReleaseAsync(Stable);
    }

    public ValueTask DisposeAsync() => _modelflow.DisposeAsync();

    [Fact]
    public async Task Wrong_answers_are_found_in_the_shadow_before_any_user_got_one_and_a_good_version_goes_on()
    {
        var wrong = await ReleaseAsync("v1.3.0-broken-labels");
        Assert.Equal(("rejected", "shadow"), ((string)wrong["outcome"]!, (string)wrong["failure"]!["by"]!));
        Assert.Contains("answers disagree in", (string)wrong["failure"]!["reason"]!, StringComparison.Ordinal);
        Assert.Equal("harmful", (string)wrong["lastLook"]!["verdict"]!);
        Assert.All(_answeredBy, version => Assert.Equal(Stable, version));
        var routes = (await _modelflow.GetAsync("api/models/digits/route/history"))["items"]!.AsArray();
        Assert.Equal([(null, 3), ("v1.3.0-broken-labels", 2), (null, 1)], routes.Select(r => ((string?)r!["shadow"]?["version"], (int)r["generation"]!)));
        Assert.All(routes, r => Assert.Empty(r!["candidates"]!.AsArray()));

        var good = await ReleaseAsync("v1.1.0-mlp");
        Assert.Equal("stable", (string)good["outcome"]!);
        Assert.Contains("v1.1.0-mlp", _answeredBy);
        Assert.True((bool)(await _modelflow.GetAsync("api/releases/digits-v1.1.0-mlp-1/events/verify"))["intact"]!);
    }

    /// <summary>Drops a version, approves it, and sends one golden row after the other until its release has ended.</summary>
    private async Task<JsonNode> ReleaseAsync(string version)
    {
        var id = $"digits-{version}-1";
        await _modelflow.DropAsync(version);
        await _modelflow.UntilAsync(id, r => (string)r["stage"]! == "awaitingApproval");
        foreach (var token in new[] { _ann, _bob })
        {
            await _modelflow.PostAsync($"api/releases/{id}/decisions", new JsonObject { ["decision"] = "approve" }, token);
        }

        var over = _modelflow.UntilAsync(id, r => (string)r["stage"]! == "ended", seconds: 240);
        while (version != Stable && !over.IsCompleted)
        {
            foreach (var row in Installation.GoldenRows())
            {
                _answeredBy.Add((await _modelflow.InferAsync(row["pixels"]!.AsArray())).Version);
            }
        }

        return await over;
    }

    [GeneratedRegex(@"  gates:\n(    .*\n)+", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Gates();
}
