using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using ModelFlow.Core.Serialization;
using ModelFlow.Core.Traffic;
using ModelFlow.Gateway.Tests.Support;

namespace ModelFlow.Gateway.Tests;

public sealed class RoutesTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Push_withAnOlderGeneration_isRefused()
    {
        await using var server = await Upstream.StartAsync();
        await using var gateway = await RunningGateway.StartAsync();
        Assert.Equal(HttpStatusCode.NoContent, await gateway.PushAsync(RunningGateway.Route(5, server.Address)));
        Assert.Equal(HttpStatusCode.Conflict, await gateway.PushAsync(RunningGateway.Route(4, server.Address, server.Address, 10_000)));
        Assert.Equal(RunningGateway.Stable, (await gateway.InferAsync()).Version);
        Assert.Equal(HttpStatusCode.NoContent, await gateway.PushAsync(RunningGateway.Route(5, server.Address)));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("wrong secret, long enough")]
    public async Task Push_withoutTheSecret_isRefused(string? secret)
    {
        await using var server = await Upstream.StartAsync();
        await using var gateway = await RunningGateway.StartAsync();
        Assert.Equal(HttpStatusCode.Unauthorized, await gateway.PushAsync(RunningGateway.Route(1, server.Address), secret));
        Assert.Equal(HttpStatusCode.NotFound, (await gateway.InferAsync()).Status);
    }

    [Fact]
    public async Task Push_changedOnItsWayOrWithTheSecretItself_isRefused()
    {
        await using var server = await Upstream.StartAsync();
        await using var gateway = await RunningGateway.StartAsync();
        var route = JsonSerializer.Serialize(RunningGateway.Route(1, server.Address), CoreJson.Options);
        using var otherBody = RunningGateway.Push(route);
        otherBody.Content = new StringContent(route.Replace("\"generation\":1", "\"generation\":2", StringComparison.Ordinal));
        using var otherTime = RunningGateway.Push(route);
        otherTime.Headers.Remove(GatewayRoutes.NowHeader);
        otherTime.Headers.Add(GatewayRoutes.NowHeader, DateTimeOffset.UtcNow.AddHours(-1).ToString("O"));
        using var secretItself = RunningGateway.Push(route);
        secretItself.Headers.Authorization = new("Bearer", RunningGateway.Secret);

        foreach (var push in new[] { otherBody, otherTime, secretItself })
        {
            using var answer = await gateway.Http.SendAsync(push, Cancelled);
            Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        }

        Assert.Equal(HttpStatusCode.NotFound, (await gateway.InferAsync()).Status);
    }

    [Fact]
    public async Task Push_ofARouteThatContradictsItself_isRefusedAndTheOldOneStays()
    {
        await using var server = await Upstream.StartAsync();
        await using var gateway = await RunningGateway.StartAsync();
        await gateway.PushAsync(RunningGateway.Route(1, server.Address));
        var route = RunningGateway.Route(2, server.Address, server.Address, 10_000);
        var twice = route with { Route = route.Route with { Candidates = [.. route.Route.Candidates, .. route.Route.Candidates] } };
        Assert.Equal(HttpStatusCode.BadRequest, await gateway.PushAsync(twice));
        using var garbage = RunningGateway.Push("{\"route\":7}");
        using var answer = await gateway.Http.SendAsync(garbage, Cancelled);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Equal(RunningGateway.Stable, (await gateway.InferAsync()).Version);
    }

    [Fact]
    public async Task Poll_bringsRoutesAndLeavesUnchangedOnesAlone()
    {
        await using var plane = await ControlPlane.StartAsync();
        await using var server = await Upstream.StartAsync();
        plane.Routes = [RunningGateway.Route(1, server.Address)];
        await using var gateway = await RunningGateway.StartAsync(plane: plane);
        await Eventually.TrueAsync(async () => (await gateway.InferAsync()).Version == RunningGateway.Stable, "the route polled");
        await Eventually.TrueAsync(() => plane.NotModified > 0, "an unchanged poll");
        plane.Routes = [RunningGateway.Route(2, server.Address, server.Address, 10_000)];
        await Eventually.TrueAsync(async () => (await gateway.InferAsync()).Version == RunningGateway.Candidate, "the next generation polled");
    }

    [Theory]
    [InlineData(3_600)]
    [InlineData(-3_600)]
    public async Task Lease_fromAControlPlaneWithAnotherClock_lastsAsLongAsItsSenderMeant(int secondsAhead)
    {
        await using var server = await Upstream.StartAsync();
        await using var gateway = await RunningGateway.StartAsync();
        var theirNow = DateTimeOffset.UtcNow.AddSeconds(secondsAhead);
        await gateway.PushAsync(RunningGateway.Route(1, server.Address, server.Address, 10_000, theirNow.AddMilliseconds(1_500)), theirNow: theirNow);
        Assert.Equal(RunningGateway.Candidate, (await gateway.InferAsync()).Version);
        await Eventually.TrueAsync(async () => (await gateway.InferAsync()).Version == RunningGateway.Stable, "the lease over", seconds: 5);
    }

    [Fact]
    public async Task ControlPlane_dies_candidateServesUntilTheLeaseEndsAndThenStableDoes()
    {
        await using var server = await Upstream.StartAsync();
        RunningGateway? gateway = null;
        try
        {
            await using (var plane = await ControlPlane.StartAsync())
            {
                plane.Routes = [RunningGateway.Route(1, server.Address, server.Address, 10_000, DateTimeOffset.UtcNow.AddSeconds(2))];
                gateway = await RunningGateway.StartAsync(plane: plane);
                await Eventually.TrueAsync(async () => (await gateway.InferAsync()).Version == RunningGateway.Candidate, "the route polled");
            }

            await Eventually.TrueAsync(
                async () =>
                {
                    var answer = await gateway.InferAsync();
                    Assert.Equal(HttpStatusCode.OK, answer.Status);
                    return answer.Version == RunningGateway.Stable;
                },
                "stable serving");
            Assert.Equal(HttpStatusCode.OK, (await gateway.InferAsync()).Status);
        }
        finally
        {
            await gateway!.DisposeAsync();
        }
    }

    [Fact]
    public async Task Lease_renewed_candidateGoesOn_andAnOlderRenewalShortensNothing()
    {
        await using var server = await Upstream.StartAsync();
        await using var gateway = await RunningGateway.StartAsync();
        var now = DateTimeOffset.UtcNow;
        await gateway.PushAsync(RunningGateway.Route(1, server.Address, server.Address, 10_000, now.AddMinutes(-1)));
        Assert.Equal(RunningGateway.Stable, (await gateway.InferAsync()).Version);
        await gateway.PushAsync(RunningGateway.Route(1, server.Address, server.Address, 10_000, now.AddMinutes(5)));
        await gateway.PushAsync(RunningGateway.Route(1, server.Address, server.Address, 10_000, now.AddMinutes(-5)));
        Assert.Equal(RunningGateway.Candidate, (await gateway.InferAsync()).Version);
    }

    [Fact]
    public async Task Restart_withoutAControlPlane_servesTheLastGoodRouteAndItsLease()
    {
        await using var server = await Upstream.StartAsync();
        var folder = Directory.CreateTempSubdirectory("gateway-test-").FullName;
        try
        {
            await using (var first = await RunningGateway.StartAsync(folder: folder))
            {
                await first.PushAsync(RunningGateway.Route(3, server.Address));
                await first.PushAsync(RunningGateway.Route(4, server.Address, server.Address, 10_000, DateTimeOffset.UtcNow.AddSeconds(3)));
            }

            await using var second = await RunningGateway.StartAsync(folder: folder);
            Assert.Equal(RunningGateway.Candidate, (await second.InferAsync()).Version);
            await Eventually.TrueAsync(async () => (await second.InferAsync()).Version == RunningGateway.Stable, "the kept lease over");
            Assert.Equal(HttpStatusCode.Conflict, await second.PushAsync(RunningGateway.Route(3, server.Address)));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task Restart_withADamagedFile_startsEmptyAndTakesPushes()
    {
        await using var server = await Upstream.StartAsync();
        var folder = Directory.CreateTempSubdirectory("gateway-test-").FullName;
        try
        {
            await File.WriteAllTextAsync(Path.Combine(folder, "routes.json"), "{\"routes\":[{\"rou", Cancelled);
            await using var gateway = await RunningGateway.StartAsync(folder: folder);
            Assert.Equal(HttpStatusCode.NotFound, (await gateway.InferAsync()).Status);
            await gateway.PushAsync(RunningGateway.Route(1, server.Address));
            Assert.Equal(HttpStatusCode.OK, (await gateway.InferAsync()).Status);
            var kept = JsonSerializer.Deserialize<GatewayRoutes>(await File.ReadAllTextAsync(Path.Combine(folder, "routes.json"), Cancelled), CoreJson.Options);
            Assert.Equal(1, Assert.Single(kept!.Routes).Route.Generation);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task Switch_whileARequestIsUnderWay_letsItEndOnTheVersionItBeganWith()
    {
        var goOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var old = await Upstream.StartAsync(async c =>
        {
            await goOn.Task;
            await c.Response.WriteAsync("old");
        });
        await using var next = await Upstream.StartAsync();
        await using var gateway = await RunningGateway.StartAsync();
        await gateway.PushAsync(RunningGateway.Route(1, old.Address));
        var underWay = gateway.InferAsync();
        await Eventually.TrueAsync(() => !old.Seen.IsEmpty, "the request under way");
        await gateway.PushAsync(RunningGateway.Route(2, old.Address, next.Address, 10_000));
        Assert.Equal(RunningGateway.Candidate, (await gateway.InferAsync()).Version);
        goOn.SetResult();
        var answer = await underWay;
        Assert.Equal((HttpStatusCode.OK, "old", RunningGateway.Stable), (answer.Status, answer.Body, answer.Version));
    }

    [Fact]
    [Trait("Speed", "Slow")]
    public async Task Switches_aThousandUnderLoad_failNoRequestAndServeNoneByAnOldRouteAfterwards()
    {
        await using var server = await Upstream.StartAsync();
        await using var gateway = await RunningGateway.StartAsync();
        await gateway.PushAsync(RunningGateway.Route(1, server.Address));
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancelled);
        var served = 0;
        var clients = Enumerable.Range(0, 8).Select(i => Task.Run(
            async () =>
            {
                while (!stop.IsCancellationRequested)
                {
                    var answer = await gateway.InferAsync("user-" + i);
                    Assert.Equal(HttpStatusCode.OK, answer.Status);
                    Interlocked.Increment(ref served);
                }
            },
            Cancelled)).ToArray();
        for (var generation = 2; generation <= 1_001; generation++)
        {
            var toCandidate = generation % 2 == 0;
            Assert.Equal(HttpStatusCode.NoContent, await gateway.PushAsync(RunningGateway.Route(generation, server.Address, server.Address, toCandidate ? 10_000 : 0)));
            Assert.Equal(toCandidate ? RunningGateway.Candidate : RunningGateway.Stable, (await gateway.InferAsync("me")).Version);
        }

        await stop.CancelAsync();
        await Task.WhenAll(clients);
        Assert.True(served > 1_000, $"only {served} requests were served");
    }

    [Fact]
    public async Task Health_saysWhatIsServed()
    {
        await using var server = await Upstream.StartAsync();
        await using var gateway = await RunningGateway.StartAsync();
        using var before = await gateway.Http.GetAsync("/health/ready", Cancelled);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, before.StatusCode);
        await gateway.PushAsync(RunningGateway.Route(3, server.Address));
        var health = await gateway.Http.GetStringAsync("/health/ready", Cancelled);
        Assert.Contains("\"generation\":3", health, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Start_withBadOptions_namesEveryMistake()
    {
        var e = await Assert.ThrowsAsync<OptionsValidationException>(() => RunningGateway.StartAsync(s =>
        {
            s["Gateway:Name"] = "Not A Name";
            s["Gateway:Anonymous"] = "false";
            s["Gateway:PollEvery"] = "00:10:00";
            s["Gateway:SigningKey"] = "c2hvcnQ=";
        }));
        Assert.All(["Gateway:Name", "Gateway:ClientKeys", "PollEvery", "Gateway:SigningKey"], part => Assert.Contains(part, e.Message, StringComparison.Ordinal));
    }

    [Fact]
    public async Task ControlListen_set_noOtherAddressTakesPushes()
    {
        await using var server = await Upstream.StartAsync();
        await using var gateway = await RunningGateway.StartAsync(s => s["Gateway:ControlListen"] = "http://127.0.0.1:0");
        Assert.Equal(HttpStatusCode.NotFound, await gateway.PushAsync(RunningGateway.Route(1, server.Address)));
    }
}
