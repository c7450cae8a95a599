using System.Net;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using ModelFlow.Core.Naming;
using ModelFlow.Gateway.Tests.Support;

namespace ModelFlow.Gateway.Tests;

public sealed class DrainingTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Version_removed_finishesItsRequestsAndIsReportedUntilThen()
    {
        var goOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var plane = await ControlPlane.StartAsync();
        await using var old = await Upstream.StartAsync(async c =>
        {
            await c.Response.WriteAsync("begin ");
            await c.Response.Body.FlushAsync();
            await goOn.Task;
            await c.Response.WriteAsync("end");
        });
        await using var next = await Upstream.StartAsync();
        await using var gateway = await RunningGateway.StartAsync(plane: plane);
        await gateway.PushAsync(RunningGateway.Route(1, next.Address, old.Address, 10_000));
        var underWay = gateway.InferAsync();
        await Eventually.TrueAsync(() => !old.Seen.IsEmpty, "the request under way");
        Assert.Equal(1, (await HealthAsync(gateway))["routes"]![0]!["versions"]!.AsArray().Single(v => v!["version"]!.GetValue<string>() == "v1.1.0-mlp")!["inFlight"]!.GetValue<int>());

        await gateway.PushAsync(RunningGateway.Route(2, next.Address));
        Assert.Equal(RunningGateway.Stable, (await gateway.InferAsync()).Version);
        var draining = Assert.Single((await HealthAsync(gateway))["draining"]!.AsArray());
        Assert.Equal(("v1.1.0-mlp", 1), (draining!["version"]!.GetValue<string>(), draining["inFlight"]!.GetValue<int>()));
        await Eventually.TrueAsync(() => plane.Reports.LastOrDefault()?.Heartbeat.Draining is [{ InFlight: 1 }], "a heartbeat with the version");

        goOn.SetResult();
        var answer = await underWay;
        Assert.Equal((HttpStatusCode.OK, "begin end", RunningGateway.Candidate), (answer.Status, answer.Body, answer.Version));
        await Eventually.TrueAsync(() => plane.Reports.Last().Heartbeat.Draining is null, "a heartbeat without it");
        Assert.Empty((await HealthAsync(gateway))["draining"]!.AsArray());
    }

    [Fact]
    public async Task Replica_removed_finishesItsRequests()
    {
        var goOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var old = await Upstream.StartAsync(async c =>
        {
            await goOn.Task;
            await c.Response.WriteAsync("old");
        });
        await using var next = await Upstream.StartAsync();
        await using var gateway = await RunningGateway.StartAsync();
        await gateway.PushAsync(RunningGateway.Replicas(1, old.Address));
        var underWay = gateway.InferAsync();
        await Eventually.TrueAsync(() => !old.Seen.IsEmpty, "the request under way");
        await gateway.PushAsync(RunningGateway.Replicas(1, next.Address));
        Assert.StartsWith("/v2/", (await gateway.InferAsync()).Body, StringComparison.Ordinal);
        Assert.Equal(1, (await HealthAsync(gateway))["routes"]![0]!["versions"]![0]!["inFlight"]!.GetValue<int>());
        goOn.SetResult();
        Assert.Equal("old", (await underWay).Body);
    }

    private static async Task<JsonNode> HealthAsync(RunningGateway gateway) => JsonNode.Parse(await gateway.Http.GetStringAsync("/health", Cancelled))!;
}
