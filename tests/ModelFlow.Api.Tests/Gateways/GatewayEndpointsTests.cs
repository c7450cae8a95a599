using System.Net;
using System.Text.Json;
using ModelFlow.Api.Access;
using ModelFlow.Api.Tests.Support;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Serialization;
using ModelFlow.Core.Traffic;
using ModelFlow.Testing;

namespace ModelFlow.Api.Tests.Gateways;

public sealed class GatewayEndpointsTests
{
    private static readonly ModelName Digits = ModelName.Parse("digits");

    [Fact]
    public async Task Routes_areServedWithLeaseEndpointsAndTheHostsTime()
    {
        await using var host = await ApiHost.StartAsync();
        await host.RegisterAsync("digits", "v1.0.0");
        await host.LoadAsync("digits", "v1.1.0");
        await host.MakeStableAsync("digits", "v1.0.0", new Candidate(VersionName.Parse("v1.1.0"), new Weight(500)));
        var client = await host.AsAsync(Role.Gateway);
        using var answer = await client.SendAsync("GET", "/api/gateway/routes");
        var routes = JsonSerializer.Deserialize<GatewayRoutes>(await answer.Content.ReadAsStringAsync(Http.Cancel), CoreJson.Options)!;
        var served = Assert.Single(routes.Routes);
        Assert.Equal(1, served.Route.Generation);
        Assert.Equal(host.Time.GetUtcNow().AddMinutes(1), served.LeaseUntil);
        Assert.Equal(2, served.Endpoints.Count);
        Assert.Equal(host.Time.GetUtcNow(), DateTimeOffset.Parse(answer.Headers.GetValues(GatewayRoutes.NowHeader).Single()));
    }

    [Fact]
    public async Task Routes_unchanged_are304_untilOneChanges()
    {
        await using var host = await ApiHost.StartAsync();
        await host.RegisterAsync("digits", "v1.0.0");
        await host.MakeStableAsync("digits", "v1.0.0");
        var client = await host.AsAsync(Role.Gateway);
        using var first = await client.SendAsync("GET", "/api/gateway/routes");
        client.DefaultRequestHeaders.IfNoneMatch.Add(first.Headers.ETag!);
        using var second = await client.SendAsync("GET", "/api/gateway/routes");
        Assert.Equal(HttpStatusCode.NotModified, second.StatusCode);
        await host.MakeStableAsync("digits", "v1.0.0");
        using var third = await client.SendAsync("GET", "/api/gateway/routes");
        Assert.Equal(HttpStatusCode.OK, third.StatusCode);
        Assert.NotEqual(first.Headers.ETag, third.Headers.ETag);
    }

    [Fact]
    public async Task Report_isStored()
    {
        await using var host = await ApiHost.StartAsync();
        using var answer = await (await host.AsAsync(Role.Gateway)).SendAsync("POST", "/api/gateway/reports", Json(Report(Window())));
        Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
        var windows = host.Get<ITrafficWindows>();
        Assert.Equal(Window(), await windows.ReadAsync(Digits, 7, Samples.Now, Http.Cancel).SingleAsync(Http.Cancel));
        Assert.Equal("gw-1", Assert.Single(await windows.ListGatewaysAsync(Samples.Now, Http.Cancel)).Gateway);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("null")]
    [InlineData("{\"heartbeat\":{\"gateway\":\"\"},\"windows\":[]}")]
    [InlineData("{\"heartbeat\":{\"gateway\":\"g\",\"at\":\"2026-01-01T00:00:00Z\",\"control\":\"/relative\",\"generations\":{}},\"windows\":[]}")]
    [InlineData("{\"heartbeat\":")]
    public async Task Report_malformed_isRefused(string json)
    {
        await using var host = await ApiHost.StartAsync();
        await (await host.AsAsync(Role.Gateway)).SendAsync("POST", "/api/gateway/reports", json).ProblemAsync(HttpStatusCode.BadRequest, "invalid-request");
    }

    [Fact]
    public async Task Report_withAnImpossibleWindow_namesIt()
    {
        await using var host = await ApiHost.StartAsync();
        var client = await host.AsAsync(Role.Gateway);
        var good = Window();
        TrafficWindow[] bad =
        [
            good with { Gateway = "gw-2" },
            good with { Schema = 99 },
            good with { Generation = 0 },
            good with { Cells = [good.Cells[0] with { SubBucket = 64 }] },
            good with { Cells = [good.Cells[0] with { UpstreamErrors = 9 }] },
            good with { Cells = [good.Cells[0] with { Pairs = new PairTotals { Pairs = 3, CandidateFailed = 4 } }] },
            good with { Cells = [good.Cells[0] with { Pairs = new PairTotals { Pairs = 3, Compared = 3, Disagreement = 3.5 } }] },
            good with { Cells = [.. Enumerable.Repeat(good.Cells[0], TrafficWindow.MaxCells + 1)] },
            good with { Slices = [good.Slices![0] with { Slice = "two words" }] },
            good with { Slices = [good.Slices[0] with { Errors = 9 }] },
            good with { Slices = [.. Enumerable.Repeat(good.Slices[0], SliceCell.MaxCells + 1)] },
        ];
        foreach (var window in bad)
        {
            await client.SendAsync("POST", "/api/gateway/reports", Json(Report(good, window))).BlamesAsync("windows[1]");
        }

        Assert.Empty(await host.Get<ITrafficWindows>().ReadAsync(Digits, 7, Samples.Now, Http.Cancel).ToListAsync(Http.Cancel));
    }

    private static string Json(GatewayReport report) => JsonSerializer.Serialize(report, CoreJson.Options);

    private static GatewayReport Report(params TrafficWindow[] windows) =>
        new(new GatewayHeartbeat("gw-1", Samples.Now, new Uri("http://127.0.0.1:7610/"), new Dictionary<ModelName, long> { [Digits] = 7 }), windows);

    private static TrafficWindow Window() => new()
    {
        Gateway = "gw-1",
        Model = Digits,
        Generation = 7,
        Start = Samples.Now,
        Length = TimeSpan.FromSeconds(1),
        Number = 5,
        Cells = [new TrafficCell { Version = VersionName.Parse("v1.0.0"), Requests = 3, UpstreamErrors = 1 }],
        Slices = [new SliceCell { Slice = "de", Version = VersionName.Parse("v1.0.0"), Requests = 2, Errors = 1, Feedback = new FeedbackTotals(1, 0.5, 0.25) }],
    };
}
