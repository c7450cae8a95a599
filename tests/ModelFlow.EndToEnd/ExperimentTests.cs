using System.Text.Json.Nodes;
using ModelFlow.EndToEnd.Product;

namespace ModelFlow.EndToEnd;

/// <summary>A ramp with an A/B experiment: what users say of each version's answers decides.</summary>
[Trait("Speed", "Slow")]
public sealed class ExperimentTests : IAsyncLifetime
{
    private const string Stable = "v1.0.0-base";
    private const string Candidate = "v1.1.0-mlp";
    private const string Release = $"digits-{Candidate}-1";

    private readonly Installation _modelflow = new();
    private string _ann = ""; // Set by InitializeAsync, as the next one.
    private string _bob = "";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await _modelflow.StartHostAsync();
        (_ann, _bob) = (await _modelflow.TokenAsync("ann", "approver"), await _modelflow.TokenAsync("bob", "approver"));
    }

    public ValueTask DisposeAsync() => _modelflow.DisposeAsync();

    [Fact]
    public async Task Candidate_that_users_like_better_wins_and_becomes_stable()
    {
        var (ended, voters) = await ReleaseAsync("10m", new Dictionary<string, double> { [Stable] = 0.2, [Candidate] = 0.9 });

        Assert.Equal("stable", (string)ended["outcome"]!);
        var experiment = Assert.Single(ended["experiments"]!.AsArray())!;
        Assert.Equal("winner", (string)experiment["verdict"]!);
        Assert.InRange((double)experiment["interval"]!["low"]!, 0.001, 0.7);
        Assert.InRange((int)experiment["candidate"]!["outcomes"]!, 10, voters.Marks[Candidate]);
        var slices = experiment["slices"]!.AsArray().ToDictionary(s => (string)s!["slice"]!, s => s!, StringComparer.Ordinal);
        Assert.Equal(["desk", "phone"], slices.Keys.Order(StringComparer.Ordinal));
        Assert.Equal((int)experiment["candidate"]!["outcomes"]!, slices.Values.Sum(s => (int)s["candidate"]!["outcomes"]!));
        Assert.True((bool)(await _modelflow.GetAsync($"api/releases/{Release}/events/verify"))["intact"]!);
    }

    [Fact]
    public async Task Candidate_that_users_like_less_loses_and_its_traffic_goes_back()
    {
        var (ended, _) = await ReleaseAsync("10m", new Dictionary<string, double> { [Stable] = 0.9, [Candidate] = 0.2 });

        Assert.Equal(("rolledBack", "experiment"), ((string)ended["outcome"]!, (string)ended["failure"]!["by"]!));
        Assert.Equal("loser", (string)Assert.Single(ended["experiments"]!.AsArray())!["verdict"]!);
        Assert.Equal(Stable, (string)(await _modelflow.GetAsync("api/models/digits"))["stable"]!);
    }

    [Fact]
    public async Task Experiment_that_nobody_gives_feedback_to_is_inconclusive()
    {
        var (ended, voters) = await ReleaseAsync("6s", new Dictionary<string, double>());

        Assert.Empty(voters.Marks);
        Assert.Equal("rolledBack", (string)ended["outcome"]!);
        var experiment = Assert.Single(ended["experiments"]!.AsArray())!;
        Assert.Equal("inconclusive", (string)experiment["verdict"]!);
        Assert.Null(experiment["interval"]);
        Assert.Contains("no feedback came", (string)experiment["message"]!, StringComparison.Ordinal);
        Assert.True(experiment["slices"]!.AsArray().Sum(s => (int)s!["candidate"]!["requests"]!) > 0);
    }

    private async Task<(JsonNode Ended, Voters Voters)> ReleaseAsync(string longest, Dictionary<string, double> liked)
    {
        var ramp = $$"""
            steps:
              - { weight: 50 %, bake: 2s, experiment: { minimumEffect: 5 %, longest: {{longest}} } }
              - { weight: 100 %, bake: 1s }
            lookEvery: 1s
            lease: 20s
            """;
        await _modelflow.SetUpDigitsAsync(sample => CalmPolicy.Of(sample, ramp).Replace("whenInconclusive: hold", "whenInconclusive: rollback", StringComparison.Ordinal));
        await ApprovedAsync(Stable);
        await _modelflow.UntilAsync($"digits-{Stable}-1", r => (string)r["stage"]! == "ended");
        using var voters = new Voters(_modelflow, liked);
        using var voting = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var voted = voters.RunAsync(voting.Token);
        await ApprovedAsync(Candidate);
        var ended = await _modelflow.UntilAsync(Release, r => (string)r["stage"]! == "ended");
        await voting.CancelAsync();
        await voted;
        return (ended, voters);
    }

    private async Task ApprovedAsync(string version)
    {
        var release = $"digits-{version}-1";
        await _modelflow.DropAsync(version);
        await _modelflow.UntilAsync(release, r => (string)r["stage"]! == "awaitingApproval");
        foreach (var token in new[] { _ann, _bob })
        {
            await _modelflow.PostAsync($"api/releases/{release}/decisions", new JsonObject { ["decision"] = "approve" }, token);
        }
    }
}
