using System.Net;
using Microsoft.AspNetCore.Http;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Traffic;
using ModelFlow.Gateway.Tests.Support;

namespace ModelFlow.Gateway.Tests;

public sealed class ReportingTests
{
    [Fact]
    public async Task Heartbeat_withoutTraffic_goesOnAndNamesGenerationsAndTheControlAddress()
    {
        await using var plane = await ControlPlane.StartAsync();
        await using var server = await Upstream.StartAsync();
        await using var gateway = await RunningGateway.StartAsync(plane: plane);
        await gateway.PushAsync(RunningGateway.Route(4, server.Address));
        await Eventually.TrueAsync(() => plane.Reports.Any(r => r.Heartbeat.Generations.GetValueOrDefault(RunningGateway.Digits) == 4), "a heartbeat with the generation");
        var beat = plane.Reports.Last();
        Assert.Equal("gw-1", beat.Heartbeat.Gateway);
        Assert.Equal(gateway.Http.BaseAddress, beat.Heartbeat.Control);
        Assert.Empty(beat.Windows);
    }

    [Fact]
    public async Task Windows_countEveryRequestOnceByVersionStatusAndKey()
    {
        await using var plane = await ControlPlane.StartAsync();
        var n = 0;
        await using var server = await Upstream.StartAsync(c =>
        {
            c.Response.StatusCode = (Interlocked.Increment(ref n) % 10) switch { 0 => 500, 1 => 400, _ => 200 };
            return c.Response.WriteAsync("x");
        });
        await using var gateway = await RunningGateway.StartAsync(plane: plane);
        await gateway.PushAsync(RunningGateway.Route(1, server.Address, server.Address, 5_000));
        var sent = new Dictionary<VersionName, int>();
        for (var i = 0; i < 300; i++)
        {
            var answer = await gateway.InferAsync("user-" + (i % 50));
            sent[answer.Version!.Value] = sent.GetValueOrDefault(answer.Version.Value) + 1;
        }

        using var metadata = await gateway.Http.GetAsync("/models/digits/v2", TestContext.Current.CancellationToken);
        await Eventually.TrueAsync(() => plane.Totals(1).Requests >= 300, "all requests reported");
        var totals = plane.Totals(1, kind: TrafficKind.Normal);
        Assert.Equal((300, 30, 30, 240), (totals.Requests, totals.Errors, totals.ClientErrors, totals.Latency.Count));
        Assert.Equal(50, totals.FirstSeenKeys);
        Assert.Equal(sent[RunningGateway.Candidate], plane.Totals(1, RunningGateway.Candidate).Requests);
        var windows = plane.Reports.SelectMany(r => r.Windows).ToList();
        Assert.All(windows, w => Assert.True(w.Leased));
        Assert.All(windows, w => Assert.Equal(0, w.Step));
        Assert.Equal(windows.Count, windows.Select(w => w.Number).Distinct().Count());
        Assert.True(windows.SelectMany(w => w.Cells).Select(c => c.SubBucket).Distinct().Count() > 20);
    }

    [Fact]
    public async Task ControlPlane_refusesReports_sendsTheSameWindowsAgain()
    {
        await using var plane = await ControlPlane.StartAsync();
        await using var server = await Upstream.StartAsync();
        plane.ReportStatus = 503;
        await using var gateway = await RunningGateway.StartAsync(plane: plane);
        await gateway.PushAsync(RunningGateway.Route(1, server.Address));
        for (var i = 0; i < 50; i++)
        {
            Assert.Equal(HttpStatusCode.OK, (await gateway.InferAsync()).Status);
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }

        Assert.Empty(plane.Reports);
        plane.ReportStatus = 204;
        await Eventually.TrueAsync(() => plane.Totals(1).Requests == 50, "all requests reported");
        Assert.True(plane.Reports.First().Windows.Count > 1);
    }

    [Fact]
    public async Task ControlPlane_refusesAReportForGood_doesNotHoldUpThoseBehindIt()
    {
        await using var plane = await ControlPlane.StartAsync();
        await using var server = await Upstream.StartAsync();
        plane.ReportStatus = 400;
        await using var gateway = await RunningGateway.StartAsync(plane: plane);
        await gateway.PushAsync(RunningGateway.Route(1, server.Address));
        await gateway.InferAsync();
        await Eventually.TrueAsync(() => plane.Refused > 1, "a refused report");
        plane.ReportStatus = 204;
        await gateway.InferAsync();
        await Eventually.TrueAsync(() => plane.Totals(1).Requests == 1, "the later request reported");
    }

    [Fact]
    public async Task ControlPlane_awayForLong_keepsTheNewestWindowsOnly()
    {
        await using var plane = await ControlPlane.StartAsync();
        await using var server = await Upstream.StartAsync();
        plane.ReportStatus = 503;
        await using var gateway = await RunningGateway.StartAsync(
            s =>
            {
                s["Gateway:Backlog"] = "3";
                s["Gateway:ReportEvery"] = "00:00:00.1";
            },
            plane);
        await gateway.PushAsync(RunningGateway.Route(1, server.Address));
        for (var i = 0; i < 60; i++)
        {
            await gateway.InferAsync();
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }

        plane.ReportStatus = 204;
        await Eventually.TrueAsync(() => plane.Totals(1).Requests > 0, "windows reported");
        Assert.InRange(plane.Reports.SelectMany(r => r.Windows).Count(), 1, 4);
    }

    [Fact]
    public async Task Stop_reportsTheLastMoments()
    {
        await using var plane = await ControlPlane.StartAsync();
        await using var server = await Upstream.StartAsync();
        await using (var gateway = await RunningGateway.StartAsync(s => s["Gateway:ReportEvery"] = "00:01:00", plane))
        {
            await gateway.PushAsync(RunningGateway.Route(1, server.Address));
            await gateway.InferAsync();
        }

        Assert.Equal(1, plane.Totals(1).Requests);
    }

    [Fact]
    public async Task Lease_endsInAWindow_thatWindowIsNoComparison()
    {
        await using var plane = await ControlPlane.StartAsync();
        await using var server = await Upstream.StartAsync();
        await using var gateway = await RunningGateway.StartAsync(plane: plane);
        await gateway.PushAsync(RunningGateway.Route(1, server.Address, server.Address, 10_000, DateTimeOffset.UtcNow.AddSeconds(1)));
        await Eventually.TrueAsync(async () => (await gateway.InferAsync()).Version == RunningGateway.Stable, "the lease over");
        await gateway.InferAsync();
        await Eventually.TrueAsync(() => plane.Totals(1, RunningGateway.Stable, TrafficKind.Fallback).Requests == 2, "all reported");
        var windows = plane.Reports.SelectMany(r => r.Windows).ToList();
        Assert.All(windows, w => Assert.True(w.Cells.All(c => c.Kind == TrafficKind.Normal) == w.Leased || !w.Leased));
        Assert.Contains(windows, w => !w.Leased);
        Assert.Contains(windows, w => w.Leased);
    }
}
