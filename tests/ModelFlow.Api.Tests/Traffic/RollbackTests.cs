using System.Net;
using ModelFlow.Api.Access;
using ModelFlow.Api.Tests.Support;
using ModelFlow.Core.Catalog;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;
using ModelFlow.Core.Traffic;
using ModelFlow.Testing;

namespace ModelFlow.Api.Tests.Traffic;

public sealed class RollbackTests
{
    private static readonly ModelName Digits = ModelName.Parse("digits");

    [Fact]
    public async Task Rollback_moves_all_traffic_and_says_how_long_it_took()
    {
        await using var host = await TwoStableVersionsAsync();
        var client = await host.AsAsync(Role.Operator, "bob");

        var answer = await client.SendAsync("POST", "/api/models/digits/rollback", """{"reason":"wrong answers","requestId":"r-1"}""").JsonAsync();

        Assert.Equal(("v1.1.0", "v1.0.0", 3), ((string)answer["from"]!, (string)answer["to"]!, (int)answer["generation"]!));
        Assert.NotNull(answer["took"]);
        Assert.Equal("v1.0.0", (await host.Get<IRouteStore>().GetAsync(Digits, Http.Cancel))!.Route.Stable?.Value);
        var audit = await client.SendAsync("GET", "/api/audit/digits").JsonAsync();
        Assert.Equal(("bob", "rollback"), ((string)audit["items"]![0]!["entry"]!["by"]!, (string)audit["items"]![0]!["entry"]!["action"]!));
    }

    [Fact]
    public async Task Same_request_again_makes_no_second_generation()
    {
        await using var host = await TwoStableVersionsAsync();
        var client = await host.AsAsync(Role.Operator);
        const string Json = """{"reason":"wrong answers"}""";

        var first = await client.SendAsync("POST", "/api/models/digits/rollback", Json, key: "r-1").JsonAsync();
        var second = await client.SendAsync("POST", "/api/models/digits/rollback", Json, key: "r-1").JsonAsync();

        Assert.Equal((int)first["generation"]!, (int)second["generation"]!);
    }

    [Fact]
    public async Task Target_that_is_not_loaded_is_answered_with_an_estimate_or_loaded_if_asked()
    {
        await using var host = await TwoStableVersionsAsync();
        await host.LoadAsync("digits", "v1.0.0", loaded: false);
        var client = await host.AsAsync(Role.Operator);
        var (digits, old) = (ModelName.Parse("digits"), VersionName.Parse("v1.0.0"));
        await host.Get<IDeploymentStore>().UpdateAsync(digits, old, d => d! with { Hold = new VersionHold { Since = Samples.Now } }, Http.Cancel);

        var problem = await client.SendAsync("POST", "/api/models/digits/rollback", """{"to":"v1.0.0","reason":"x"}""").ProblemAsync(HttpStatusCode.Conflict, "version-not-loaded");
        var answer = await client.SendAsync("POST", "/api/models/digits/rollback", """{"to":"v1.0.0","reason":"x","load":true}""").JsonAsync();

        Assert.Equal("00:00:02", (string)problem["estimate"]!);
        Assert.Equal("v1.0.0", (string)answer["to"]!);
        Assert.Equal("v1.0.0", Assert.Single(host.Server.Loaded).Value);
        Assert.NotNull((await host.Get<IDeploymentStore>().GetAsync(digits, old, Http.Cancel))!.Hold);
    }

    [Theory]
    [InlineData("""{"to":"v1.2.0","reason":"x"}""", HttpStatusCode.Conflict, "never-stable")]
    [InlineData("""{"to":"v1.1.0","reason":"x"}""", HttpStatusCode.Conflict, "already-there")]
    [InlineData("""{"to":"v7.0.0","reason":"x"}""", HttpStatusCode.NotFound, "not-found")]
    public async Task Wrong_target_is_refused_and_the_route_stays(string json, HttpStatusCode status, string code)
    {
        await using var host = await TwoStableVersionsAsync();
        await host.RegisterAsync("digits", "v1.2.0");

        await (await host.AsAsync(Role.Operator)).SendAsync("POST", "/api/models/digits/rollback", json).ProblemAsync(status, code);

        Assert.Equal(2, (await host.Get<IRouteStore>().GetAsync(Digits, Http.Cancel))!.Route.Generation);
    }

    [Fact]
    public async Task Rollback_needs_a_reason_and_a_live_version()
    {
        await using var host = await ApiHost.StartAsync();
        var client = await host.AsAsync(Role.Operator);

        await client.SendAsync("POST", "/api/models/digits/rollback").BlamesAsync("reason");
        await client.SendAsync("POST", "/api/models/digits/rollback", """{"reason":"x"}""").ProblemAsync(HttpStatusCode.Conflict, "no-route");
    }

    [Fact]
    public async Task Revoked_version_ends_its_releases_loses_its_traffic_and_is_no_target_any_more()
    {
        await using var host = await TwoStableVersionsAsync();
        await host.AddReleaseAsync("digits-v1.1.0-2");
        await host.AddReleaseAsync("digits-v1.0.0-2");
        var client = await host.AsAsync(Role.Operator, "bob");

        var answer = await client.SendAsync("POST", "/api/models/digits/versions/v1.1.0/revoke", """{"reason":"leaked data"}""").JsonAsync();

        Assert.Equal(("bob", "leaked data"), ((string)answer["revoked"]!["by"]!, (string)answer["revoked"]!["reason"]!));
        Assert.Equal(["digits-v1.1.0-2"], answer["releases"]!.AsArray().Select(r => (string)r!));
        Assert.Equal("v1.0.0", (string)answer["route"]!["stable"]!);
        Assert.False((bool)answer["stillServing"]!);
        var signals = (await host.Get<IReleaseStore>().LoadAsync(ReleaseId.Parse("digits-v1.1.0-2"), Http.Cancel))!.Signals;
        Assert.Equal(SignalKind.Revoked, Assert.Single(signals).Kind);
        await client.SendAsync("POST", "/api/models/digits/rollback", """{"to":"v1.1.0","reason":"x"}""").ProblemAsync(HttpStatusCode.Conflict, "revoked");
        await client.SendAsync("POST", "/api/releases", """{"model":"digits","version":"v1.1.0"}""").ProblemAsync(HttpStatusCode.Conflict, "revoked");
    }

    [Fact]
    public async Task Revoked_version_without_another_to_go_to_is_said_to_serve_still()
    {
        await using var host = await ApiHost.StartAsync();
        await host.RegisterAsync("digits", "v1.0.0");
        await host.MakeStableAsync("digits", "v1.0.0");

        var answer = await (await host.AsAsync(Role.Operator)).SendAsync("POST", "/api/models/digits/versions/v1.0.0/revoke", """{"reason":"bad"}""").JsonAsync();

        Assert.True((bool)answer["stillServing"]!);
        Assert.Contains("Release another version", (string)answer["warning"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Revocation_goes_to_the_next_earlier_version_when_one_cannot_be_loaded_and_keeps_its_first_reason()
    {
        await using var host = await TwoStableVersionsAsync();
        await host.RegisterAsync("digits", "v2.0.0");
        host.Time.Advance(TimeSpan.FromHours(1));
        await host.MakeStableAsync("digits", "v2.0.0");
        await host.LoadAsync("digits", "v1.1.0", loaded: false);
        host.Server.Refuses[VersionName.Parse("v1.1.0")] = true;
        var client = await host.AsAsync(Role.Operator);

        var first = await client.SendAsync("POST", "/api/models/digits/versions/v2.0.0/revoke", """{"reason":"first"}""").JsonAsync();
        var second = await client.SendAsync("POST", "/api/models/digits/versions/v2.0.0/revoke", """{"reason":"second"}""").JsonAsync();

        Assert.Equal("v1.0.0", (string)first["route"]!["stable"]!);
        Assert.Equal("first", (string)second["revoked"]!["reason"]!);
        Assert.Null(second["route"]);
    }

    [Fact]
    public async Task Route_is_known_now_at_any_time_before_and_by_generation()
    {
        await using var host = await TwoStableVersionsAsync();
        var reader = await host.AsAsync(Role.Reader);
        var then = Uri.EscapeDataString(host.Time.GetUtcNow().AddMinutes(-30).ToString("O"));
        var before = Uri.EscapeDataString(host.Time.GetUtcNow().AddDays(-1).ToString("O"));

        var now = await reader.SendAsync("GET", "/api/models/digits/route").JsonAsync();
        var past = await reader.SendAsync("GET", $"/api/models/digits/route?at={then}").JsonAsync();
        var first = await reader.SendAsync("GET", "/api/models/digits/route/history/1").JsonAsync();
        var page = await reader.SendAsync("GET", "/api/models/digits/route/history?limit=1").JsonAsync();
        var rest = await reader.SendAsync("GET", $"/api/models/digits/route/history?limit=1&continuation={page["continuation"]}").JsonAsync();

        Assert.Equal("v1.1.0", (string)now["route"]!["stable"]!);
        Assert.Equal("v1.0.0", (string)past["route"]!["stable"]!);
        Assert.Equal("v1.0.0", (string)first["stable"]!);
        Assert.Equal([2L, 1L], new[] { page, rest }.Select(p => (long)p["items"]![0]!["generation"]!));
        Assert.Null(rest["continuation"]);
        await reader.SendAsync("GET", $"/api/models/digits/route?at={before}").ProblemAsync(HttpStatusCode.NotFound, "not-found");
        await reader.SendAsync("GET", "/api/models/digits/route/history/3").ProblemAsync(HttpStatusCode.NotFound, "not-found");
    }

    private static async Task<ApiHost> TwoStableVersionsAsync()
    {
        var host = await ApiHost.StartAsync();
        await host.RegisterAsync("digits", "v1.0.0");
        await host.RegisterAsync("digits", "v1.1.0");
        await host.MakeStableAsync("digits", "v1.0.0");
        host.Time.Advance(TimeSpan.FromHours(1));
        await host.MakeStableAsync("digits", "v1.1.0");
        return host;
    }
}
