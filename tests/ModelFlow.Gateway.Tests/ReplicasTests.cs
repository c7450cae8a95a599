using System.Net;
using Microsoft.AspNetCore.Http;
using ModelFlow.Gateway.Tests.Support;

namespace ModelFlow.Gateway.Tests;

public sealed class ReplicasTests
{
    [Fact]
    public async Task Replica_takesNoConnection_anotherOfTheVersionAnswersAndNothingIsCharged()
    {
        await using var plane = await ControlPlane.StartAsync();
        await using var server = await Upstream.StartAsync(c => c.Request.Body.CopyToAsync(c.Response.Body));
        await using var gateway = await RunningGateway.StartAsync(plane: plane);
        await gateway.PushAsync(RunningGateway.Replicas(1, Upstream.ClosedPort(), Upstream.ClosedPort(), server.Address));
        for (var i = 0; i < 30; i++)
        {
            var answer = await gateway.InferAsync(body: "payload");
            Assert.Equal((HttpStatusCode.OK, RunningGateway.Stable, "payload"), (answer.Status, answer.Version, answer.Body));
        }

        await Eventually.TrueAsync(() => plane.Totals(1).Requests == 30, "all requests reported");
        Assert.Equal(0, plane.Totals(1).Errors);
    }

    [Fact]
    public async Task Replica_fails_isLeftOutAndComesBackWhenItsTimeIsOver()
    {
        await using var good = await Upstream.StartAsync();
        await using var bad = await Upstream.StartAsync(Failing);
        await using var gateway = await RunningGateway.StartAsync(s => s["Gateway:Health:EjectFor"] = "00:00:00.3");
        await gateway.PushAsync(RunningGateway.Replicas(1, good.Address, bad.Address));
        await Eventually.TrueAsync(async () => (await gateway.InferAsync()).Status == HttpStatusCode.InternalServerError && bad.Seen.Count >= 3, "three failures");
        var failed = 0;
        for (var i = 0; i < 50; i++)
        {
            failed += (await gateway.InferAsync()).Status == HttpStatusCode.OK ? 0 : 1;
        }

        // Those that tried it again.
        Assert.InRange(failed, 0, 3);
        bad.Answer = c => c.Response.WriteAsync("fine");
        var before = bad.Seen.Count;
        await Eventually.TrueAsync(
            async () =>
            {
                await gateway.InferAsync();
                return bad.Seen.Count > before + 20;
            },
            "requests to it again");
    }

    [Fact]
    public async Task Replicas_allFail_areStillTriedOfTheOnlyVersion()
    {
        await using var one = await Upstream.StartAsync(Failing);
        await using var two = await Upstream.StartAsync(Failing);
        await using var gateway = await RunningGateway.StartAsync(s => s["Gateway:Health:EjectFor"] = "00:10:00");
        await gateway.PushAsync(RunningGateway.Replicas(1, one.Address, two.Address));
        for (var i = 0; i < 40; i++)
        {
            Assert.Equal(HttpStatusCode.InternalServerError, (await gateway.InferAsync()).Status);
        }

        Assert.Equal(40, one.Seen.Count + two.Seen.Count);
        one.Answer = two.Answer = c => c.Response.WriteAsync("fine");
        Assert.Equal(HttpStatusCode.OK, (await gateway.InferAsync()).Status);
    }

    [Fact]
    public async Task Replica_notReady_getsNoRequestsUntilItIs()
    {
        var ready = false;
        Task AnswerAsync(HttpContext context)
        {
            context.Response.StatusCode = context.Request.Path.Value!.EndsWith("/ready", StringComparison.Ordinal) && !ready ? 503 : 200;
            return Task.CompletedTask;
        }

        await using var good = await Upstream.StartAsync();
        await using var late = await Upstream.StartAsync(AnswerAsync);
        await using var gateway = await RunningGateway.StartAsync(s => s["Gateway:Health:CheckEvery"] = "00:00:00.05");
        await gateway.PushAsync(RunningGateway.Replicas(1, good.Address, late.Address));
        await Eventually.TrueAsync(() => late.Seen.Count >= 3, "three checks");
        for (var i = 0; i < 30; i++)
        {
            await gateway.InferAsync();
        }

        Assert.DoesNotContain(late.Seen, s => s.Path.EndsWith("/infer", StringComparison.Ordinal));
        ready = true;
        await Eventually.TrueAsync(
            async () =>
            {
                await gateway.InferAsync();
                return late.Seen.Any(s => s.Path.EndsWith("/infer", StringComparison.Ordinal));
            },
            "requests to it");
    }

    [Fact]
    public async Task Check_ofAServerThatSpeaksOpenAi_asksForItsModels()
    {
        await using var server = await Upstream.StartAsync();
        await using var gateway = await RunningGateway.StartAsync(s => s["Gateway:Health:CheckEvery"] = "00:00:00.05");
        await gateway.PushAsync(RunningGateway.Replicas(1, server.Address));
        using var answer = await gateway.Http.PostAsync("/models/digits/v1/completions", new StringContent("{}"), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        await Eventually.TrueAsync(() => server.Seen.Any(s => s.Path == "/v1/models"), "the check");
    }

    private static Task Failing(HttpContext context)
    {
        context.Response.StatusCode = 500;
        return Task.CompletedTask;
    }
}
