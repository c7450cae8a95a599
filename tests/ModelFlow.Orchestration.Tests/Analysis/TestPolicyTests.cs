using System.Text.Json;
using ModelFlow.Core.Backtesting;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Policies;
using ModelFlow.Core.Releases;
using ModelFlow.Core.Serialization;
using ModelFlow.Orchestration.Analysis;
using ModelFlow.Testing.World;

namespace ModelFlow.Orchestration.Tests.Analysis;

/// <summary>Policies on whole releases of the past.</summary>
public sealed class TestPolicyTests : IAsyncLifetime
{
    private static readonly CancellationToken Cancel = TestContext.Current.CancellationToken;
    private readonly InMemoryStores _stores = new();
    private readonly SimulatedWorld _world;

    public TestPolicyTests() => _world = new SimulatedWorld(_stores.AddTo);

    public async ValueTask InitializeAsync()
    {
        await _world.SetPolicyAsync();
        await ReleaseAsync("v1.0.0-base", new VersionBehaviour());
        await ReleaseAsync("v1.1.0-mlp", new VersionBehaviour());
        await ReleaseAsync("v1.2.0-broken", new VersionBehaviour { ErrorRate = 0.5 });
        await ReleaseAsync("v1.3.0-odd", new VersionBehaviour { LatencyMs = 6.5 });
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task SamePolicy_decidesAsItDid_andFindsWhatIsInjected()
    {
        var report = await TestAsync(SimulatedWorld.Policy);

        Assert.Equal(["digits-v1.3.0-odd-1", "digits-v1.2.0-broken-1", "digits-v1.1.0-mlp-1"], report.Releases.Select(r => r.Release.ToString()));
        Assert.Equal([Outcome.Stable, Outcome.RolledBack, Outcome.Stable], report.Releases.Select(r => r.Outcome));
        Assert.Equal(new PastSummary(EndedWell: 2, FalseAlarms: 0, EndedWellUndecided: 0, Harmful: 1, FoundAgain: 1, Missed: 0), report.Past);
        Assert.Empty(report.Skipped);
        Assert.Empty(report.Notes);
        Assert.All(report.Steps, s => Assert.Equal((s.RecordedWatched, 0), (s.Watched, s.CutShort)));
        var all = report.Faults.Single(f => f.Fault == "errors+100pp");
        Assert.Equal((FaultStanding.Harmful, 2, 2), (all.Standing, all.Runs, all.Stopped));
        Assert.Equal(FaultStanding.Tolerated, report.Faults.Single(f => f.Fault == "latency+50%").Standing);
        Assert.Equal(0, report.Faults.Single(f => f.Fault == "latency+50%").Stopped);
        Assert.DoesNotContain(report.Faults, f => f.Fault.StartsWith("quality", StringComparison.Ordinal));
        Assert.Empty(report.Releases[1].Faults);
    }

    [Fact]
    public async Task StricterPolicy_stopsWhatEndedWell_beforeAnybodyAdoptsIt()
    {
        var report = await TestAsync(SimulatedWorld.Policy.Replace("latencyP95Ratio: 2", "latencyP95Ratio: 1.1", StringComparison.Ordinal));

        Assert.Equal((2, 1), (report.Past.EndedWell, report.Past.FalseAlarms));
        Assert.Equal(BacktestEnd.Stopped, report.Releases[0].Unchanged.End);
    }

    [Fact]
    public async Task LaxPolicy_lacksTheTrafficThatWasNeverSent()
    {
        var report = await TestAsync(SimulatedWorld.Policy.Replace("errorRateIncrease: 0.05", "errorRateIncrease: 0.9", StringComparison.Ordinal));

        var broken = report.Releases[1].Unchanged;
        Assert.Equal(BacktestEnd.NotEnoughTraffic, broken.End);
        Assert.Equal((1, 0, 0), (report.Past.Harmful, report.Past.FoundAgain, report.Past.Missed));
    }

    [Fact]
    public async Task OtherWeights_areNoted_andReleasesAreFiltered()
    {
        var report = await TestAsync(SimulatedWorld.Policy.Replace("weight: 5%", "weight: 10%", StringComparison.Ordinal), releases: 1);

        Assert.Single(report.Releases);
        Assert.Contains(report.Notes, n => n.StartsWith("Step 1 (10 %) is played on the recorded step of 5 %", StringComparison.Ordinal));
        Assert.Empty((await TestAsync(SimulatedWorld.Policy, since: _world.Time.GetUtcNow().AddSeconds(1))).Releases);
        Assert.Empty((await TestAsync(SimulatedWorld.Policy, model: "other")).Releases);
    }

    [Fact]
    public async Task SameSeed_givesTheSameAnswer()
    {
        var (one, two) = (await TestAsync(SimulatedWorld.Policy), await TestAsync(SimulatedWorld.Policy));

        Assert.Equal(JsonSerializer.Serialize(one, CoreJson.Options), JsonSerializer.Serialize(two, CoreJson.Options));
    }

    private Task<BacktestReport> TestAsync(string yaml, int releases = 10, DateTimeOffset? since = null, string? model = null) => _world.Get<TestPolicy>().RunAsync(
        Assert.IsType<ParsePolicy.Parsed>(PolicyReader.Read(yaml)).Policy,
        Sha256Digest.Of(yaml),
        new PolicyTestRequest(model is null ? null : ModelName.Parse(model), releases, since, Fault.Usual, "1"),
        Cancel);

    private async Task ReleaseAsync(string version, VersionBehaviour behaviour)
    {
        _world.Behave(version, behaviour);
        await _world.RunAsync((await _world.UploadAsync(_stores.PutIncomingAsync, "digits", version))!.Value);
        _world.Time.Advance(TimeSpan.FromMinutes(1));
    }
}
