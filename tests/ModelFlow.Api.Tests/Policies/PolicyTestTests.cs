using ModelFlow.Api.Access;
using ModelFlow.Api.Tests.Releases;
using ModelFlow.Api.Tests.Support;
using ModelFlow.Core.Releases;

namespace ModelFlow.Api.Tests.Policies;

public sealed class PolicyTestTests
{
    [Fact]
    public async Task Policy_isPlayedOnPastReleases()
    {
        await using var host = await ApiHost.StartAsync();
        await AnalysisTests.AddRampAsync(host, new Stage.Ended(Outcome.Stable, "fine"));

        var answer = await (await host.AsAsync(Role.Reader)).SendAsync("POST", "/api/policies/test?model=digits&faults=latency%2B60%25,errors%2B100pp", PolicyText.Minimal, "application/yaml").JsonAsync();

        Assert.Equal((1, 1), ((int)answer["past"]!["endedWell"]!, (int)answer["past"]!["falseAlarms"]!));
        var release = Assert.Single(answer["releases"]!.AsArray())!;
        Assert.Equal(("digits-v1.2.0-mlp-1", "stopped"), ((string)release["release"]!, (string)release["unchanged"]!["end"]!));
        Assert.Equal(["latency+60%", "errors+100pp"], answer["faults"]!.AsArray().Select(f => (string)f!["fault"]!));
        Assert.Null(release["unchanged"]!["steps"]![0]!["looks"]);
    }

    [Fact]
    public async Task Policy_withoutAPast_isNotCalledGood()
    {
        await using var host = await ApiHost.StartAsync();

        var answer = await (await host.AsAsync(Role.Reader)).SendAsync("POST", "/api/policies/test", PolicyText.Minimal, "application/yaml").JsonAsync();

        Assert.Contains("nothing is known", (string?)Assert.Single(answer["notes"]!.AsArray()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Request_thatIsWrong_isRefusedWithItsFields()
    {
        await using var host = await ApiHost.StartAsync();
        var reader = await host.AsAsync(Role.Reader);

        await reader.SendAsync("POST", "/api/policies/test?releases=0&since=soon&faults=chaos&seed=-1", PolicyText.Minimal, "application/yaml").BlamesAsync("releases", "since", "faults", "seed");
        await reader.SendAsync("POST", $"/api/policies/test?faults={string.Join(',', Enumerable.Repeat("errors%2B1pp", 11))}", PolicyText.Minimal, "application/yaml").BlamesAsync("faults");
        await reader.SendAsync("POST", "/api/policies/test", "ramp: { lease: 1s }", "application/yaml").BlamesAsync("smoke", "evaluation", "ramp.lease");
    }
}
