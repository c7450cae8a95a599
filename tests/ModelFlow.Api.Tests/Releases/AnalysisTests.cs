using System.Net;
using System.Text.Json.Nodes;
using ModelFlow.Api.Access;
using ModelFlow.Api.Tests.Support;
using ModelFlow.Core.Analysis;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Policies;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;
using ModelFlow.Core.Traffic;
using ModelFlow.Testing;

namespace ModelFlow.Api.Tests.Releases;

public sealed class AnalysisTests
{
    private const string Id = "digits-v1.2.0-mlp-1";
    private static readonly VersionName Stable = VersionName.Parse("v1.0.0");
    private static readonly VersionName Candidate = VersionName.Parse("v1.2.0-mlp");

    [Fact]
    public async Task Series_hasStepsMetricsAndPoints()
    {
        await using var host = await ApiHost.StartAsync();
        await AddRampAsync(host);

        var answer = await (await host.AsAsync(Role.Reader)).SendAsync("GET", $"/api/releases/{Id}/analysis").JsonAsync();

        Assert.Equal((Id, "v1.0.0", "ramping"), ((string)answer["release"]!, (string)answer["baseline"]!, (string)answer["stage"]!));
        var series = answer["series"]!;
        Assert.True((bool)series["complete"]!);
        Assert.Equal(3, (int)series["looks"]!);
        var step = Assert.Single(series["steps"]!.AsArray())!;
        Assert.Equal((500, 1, "replayed", 3), ((int)step["weight"]!, (long)step["generation"]!, (string)step["source"]!, (long)step["windowsFound"]!));
        var errors = step["metrics"]!.AsArray().Single(m => (string?)m!["metric"] == "errorRateIncrease")!;
        Assert.Equal([10, 20, 30], errors["points"]!.AsArray().Select(p => (int)p!["candidateRequests"]!));
        Assert.Equal(1, (double)errors["points"]![2]!["effect"]!);
        Assert.Equal(1, (double)errors["points"]![2]!["towardHarm"]!);
        Assert.Equal("harmful", (string?)errors["points"]![2]!["verdict"]);
    }

    [Fact]
    public async Task Windows_thatWerePruned_areSaidToBe()
    {
        await using var host = await ApiHost.StartAsync();
        await AddRampAsync(host);
        await host.Get<ITrafficWindows>().PruneAsync(Samples.Now.AddSeconds(2), Http.Cancel);

        var series = (await (await host.AsAsync(Role.Reader)).SendAsync("GET", $"/api/releases/{Id}/analysis").JsonAsync())["series"]!;

        Assert.False((bool)series["complete"]!);
        Assert.Contains("2 of the 3 traffic windows", (string?)Assert.Single(series["notes"]!.AsArray()), StringComparison.Ordinal);
        Assert.Equal("events", (string?)series["steps"]![0]!["source"]);
    }

    [Theory]
    [InlineData("149")]
    [InlineData("5001")]
    [InlineData("many")]
    public async Task Points_outOfBounds_areRefused(string points)
    {
        await using var host = await ApiHost.StartAsync();

        await (await host.AsAsync(Role.Reader)).SendAsync("GET", $"/api/releases/{Id}/analysis?points={points}").BlamesAsync("points");
    }

    [Fact]
    public async Task Release_thatNeverWas_isNotFound()
    {
        await using var host = await ApiHost.StartAsync();

        await (await host.AsAsync(Role.Reader)).SendAsync("GET", "/api/releases/digits-v9.0.0-1/analysis").ProblemAsync(HttpStatusCode.NotFound, "not-found");
    }

    // One step with three looks of one window each, in which the candidate only failed.
    internal static async Task AddRampAsync(ApiHost host, Stage? stage = null)
    {
        var yaml = PolicyText.Minimal;
        await host.Get<IPolicyStore>().SetAsync(null, yaml, Http.Cancel);
        var policy = Assert.IsType<ParsePolicy.Parsed>(PolicyReader.Read(yaml)).Policy;
        var model = ModelName.Parse("digits");
        await host.MakeStableAsync("digits", "v1.0.0", new Candidate(Candidate, new Weight(500)));
        var evidence = RampEvidence.None.BeginStep(policy.Guardrails, 1, 4, alone: false);
        var windows = Enumerable.Range(0, 3).Select(i => new TrafficWindow
        {
            Gateway = "g", Model = model, Generation = 1, Start = Samples.Now.AddSeconds(i), Length = TimeSpan.FromSeconds(1), Number = i + 1, Leased = true,
            Cells =
            [
                new TrafficCell { Version = Stable, Requests = 190, FirstSeenKeys = 190 },
                new TrafficCell { Version = Candidate, Requests = 10, UpstreamErrors = 10, FirstSeenKeys = 10 },
            ],
        }).ToList();
        foreach (var window in windows)
        {
            evidence = evidence.Take(policy.Guardrails, [window], Stable, Candidate, 4, window.Start.AddSeconds(1));
        }

        var heartbeat = new GatewayHeartbeat("g", Samples.Now, new Uri("http://127.0.0.1:1/"), new Dictionary<ModelName, long> { [model] = 1 });
        await host.Get<ITrafficWindows>().AddAsync(new GatewayReport(heartbeat, windows), Http.Cancel);
        await host.AddReleaseAsync(Id, s => s with
        {
            PolicyDigest = Sha256Digest.Of(yaml),
            Baseline = Stable,
            Stage = stage ?? new Stage.Ramping(0, RampPhase.Baking, Samples.Now, Samples.Now.AddMinutes(10), Samples.Now),
            Evidence = evidence,
        });
        var store = host.Get<IReleaseStore>();
        var snapshot = (await store.LoadAsync(ReleaseId.Parse(Id), Http.Cancel))!;
        var open = new ReleaseEvent
        {
            Seq = snapshot.State.EventCount + 1, Kind = "trafficShifted", At = Samples.Now, By = "modelflow", Stage = "ramping", Message = "5 % of traffic is on it.",
            Data = new JsonObject { ["weight"] = 500, ["step"] = 0, ["generation"] = 1 }, PreviousHash = snapshot.State.EventHash, Hash = "",
        };
        var shifted = open with { Hash = ReleaseEvents.HashOf(open) };
        Assert.IsType<SaveRelease.Saved>(await store.SaveAsync(snapshot, snapshot.State with { EventCount = shifted.Seq, EventHash = shifted.Hash }, [shifted], [], Http.Cancel));
    }
}
