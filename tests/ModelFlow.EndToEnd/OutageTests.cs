using System.Text.Json.Nodes;
using ModelFlow.EndToEnd.Product;

namespace ModelFlow.EndToEnd;

/// <summary>The control plane goes away in the middle of a ramp: traffic is answered all the same, and falls back to stable when the candidate's lease ends.</summary>
[Trait("Speed", "Slow")]
public sealed class OutageTests : IAsyncLifetime
{
    private const string Stable = "v1.0.0-base";
    private const string Candidate = "v1.1.0-mlp";
    private const string Release = $"digits-{Candidate}-1";

    private const string Ramp = """
        steps:
          - { weight: 50 %, bake: 8s }
          - { weight: 100 %, bake: 2s }
        lookEvery: 1s
        lease: 4s
        """;

    private static readonly TimeSpan Lease = TimeSpan.FromSeconds(4);

    // The way of the last push, at most its patience of 2 s, may lengthen the lease by the gateway's clock.
    private static readonly TimeSpan LeaseAtMost = Lease + TimeSpan.FromSeconds(2);
    private readonly Installation _modelflow = new();
    private string _ann = ""; // Set by InitializeAsync, as the next one.
    private string _bob = "";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        await _modelflow.StartHostAsync();
        await _modelflow.SetUpDigitsAsync(sample => CalmPolicy.Of(sample, Ramp));
        (_ann, _bob) = (await _modelflow.TokenAsync("ann", "approver"), await _modelflow.TokenAsync("bob", "approver"));
        await ApprovedAsync(Stable);
        await _modelflow.UntilAsync($"digits-{Stable}-1", r => (string)r["stage"]! == "ended");
    }

    public ValueTask DisposeAsync() => _modelflow.DisposeAsync();

    [Fact]
    public async Task Control_plane_frozen_in_a_ramp_loses_no_request_and_the_release_goes_on_when_it_is_back()
    {
        using var traffic = new LiveTraffic(_modelflow, ["digits"]);
        using var sending = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var sent = traffic.RunAsync(sending.Token);
        await ApprovedAsync(Candidate);
        await UntilAnsweredByAsync(traffic, Candidate, DateTimeOffset.MinValue);

        await _modelflow.Host.SignalAsync("STOP");
        var lapsed = DateTimeOffset.UtcNow + LeaseAtMost;
        await Installation.UntilAsync(() => Task.FromResult(Since(traffic, lapsed).Count >= 10), 60, () => "no traffic");
        var alone = Since(traffic, lapsed);
        await _modelflow.Host.SignalAsync("CONT");

        Assert.All(alone, a => Assert.Equal(Stable, a.Version));
        var back = DateTimeOffset.UtcNow;
        await UntilAnsweredByAsync(traffic, Candidate, back);
        await EndsStableAsync();
        await UntilAnsweredByAsync(traffic, Candidate, DateTimeOffset.UtcNow);
        await sending.CancelAsync();
        await sent;
        Assert.All(traffic.Answers, a => Assert.Null(a.Problem));
    }

    [Fact]
    public async Task Gateway_restarted_without_a_control_plane_serves_the_last_good_route_and_no_lapsed_candidate()
    {
        await ApprovedAsync(Candidate);
        await _modelflow.UntilAsync(Release, r => (int?)r["weight"] == 5000);
        await Installation.UntilAsync(async () => await AnsweredByAsync() == Candidate, 15, () => "the candidate has no traffic");

        await using var gateway = LoneGateway.Find(_modelflow.Folder);
        await _modelflow.Host.KillAsync();
        await gateway.KillAsync();
        await Task.Delay(LeaseAtMost, Cancel); // What is tested is that this time has passed while there was no gateway.
        gateway.Start();
        await Installation.UntilAsync(async () => await AnsweredByAsync() is not null, 30, () => "the gateway does not answer alone");

        for (var i = 0; i < 20; i++)
        {
            Assert.Equal(Stable, await AnsweredByAsync());
        }

        Assert.Equal(0, await gateway.StopAsync());
        await _modelflow.StartHostAsync();
        using var traffic = new LiveTraffic(_modelflow, ["digits"]);
        using var sending = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var sent = traffic.RunAsync(sending.Token);
        await EndsStableAsync();
        await sending.CancelAsync();
        await sent;
        Assert.Equal(Candidate, await AnsweredByAsync());
    }

    private static List<Answer> Since(LiveTraffic traffic, DateTimeOffset since) => [.. traffic.Answers.Where(a => a.SentAt >= since)];

    private static Task UntilAnsweredByAsync(LiveTraffic traffic, string version, DateTimeOffset since) =>
        Installation.UntilAsync(() => Task.FromResult(Since(traffic, since).Exists(a => a.Version == version)), 60, () => $"{version} answered nothing");

    /// <summary>Drops a version and approves it once it may be.</summary>
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

    private async Task EndsStableAsync()
    {
        var ended = await _modelflow.UntilAsync(Release, r => (string)r["stage"]! == "ended");
        Assert.Equal("stable", (string)ended["outcome"]!);
        Assert.Equal(Candidate, (string)(await _modelflow.GetAsync("api/models/digits"))["stable"]!);
        Assert.True((bool)(await _modelflow.GetAsync($"api/releases/{Release}/events/verify"))["intact"]!);
        var routes = (await _modelflow.GetAsync("api/models/digits/route/history"))["items"]!.AsArray();
        Assert.Equal([4, 3, 2, 1], routes.Select(r => (int)r!["generation"]!)); // The first version, two steps, the promotion: nothing twice.
    }

    /// <summary>The version that answers a request; null while nobody listens.</summary>
    private async Task<string?> AnsweredByAsync()
    {
        try
        {
            return (await _modelflow.InferAsync(Installation.GoldenRows()[0]["pixels"]!.AsArray())).Version;
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }
}
