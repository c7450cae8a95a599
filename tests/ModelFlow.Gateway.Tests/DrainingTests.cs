using System.Net;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Traffic;
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
    public async Task FreshInstanceOfStable_answersAsStable_andIsCountedApart()
    {
        var instance = VersionName.Parse("v1.0.0-baseline.kqmvjrhg");
        await using var plane = await ControlPlane.StartAsync();
        await using var stable = await Upstream.StartAsync();
        await using var candidate = await Upstream.StartAsync();
        await using var fresh = await Upstream.StartAsync();
        await using var gateway = await RunningGateway.StartAsync(plane: plane);
        var served = RunningGateway.Route(1, stable.Address, candidate.Address, 2_500);
        served = served with
        {
            Route = served.Route with { Baseline = BaselineTarget.For(instance, new Weight(2_500)) },
            Endpoints = new Dictionary<VersionName, IReadOnlyList<Uri>>(served.Endpoints) { [instance] = [fresh.Address] },
        };
        await gateway.PushAsync(served);

        var answers = new List<(VersionName? Version, string Body)>();
        for (var i = 0; i < 80; i++)
        {
            var answer = await gateway.InferAsync("user-" + i);
            answers.Add((answer.Version, answer.Body));
        }

        Assert.InRange(Inferences(fresh), 5, 40);
        Assert.Equal(80 - Inferences(candidate), answers.Count(a => a.Version == RunningGateway.Stable));
        Assert.Equal(Inferences(fresh), answers.Count(a => a.Body.Contains($"versions/{instance}/infer", StringComparison.Ordinal)));
        await Eventually.TrueAsync(() => plane.Totals(1, instance, TrafficKind.Normal).Requests == Inferences(fresh), "the instance's requests");
        Assert.Equal(Inferences(stable), plane.Totals(1, RunningGateway.Stable, TrafficKind.Normal).Requests);

        static int Inferences(Upstream upstream) => upstream.Seen.Count(s => s.Path.EndsWith("/infer", StringComparison.Ordinal));
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
