using System.Net;
using System.Text.Json.Nodes;
using ModelFlow.Core.Naming;
using ModelFlow.Gateway.Tests.Support;

namespace ModelFlow.Gateway.Tests;

public sealed class LimitsTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Headers_tooManyOrTooLong_answer431()
    {
        await using var server = await Upstream.StartAsync();
        await using var gateway = await RunningGateway.StartAsync(s =>
        {
            s["Gateway:Limits:Headers"] = "12";
            s["Gateway:Limits:HeaderBytes"] = "2048";
        });
        await gateway.PushAsync(RunningGateway.Route(1, server.Address));
        Assert.Equal(HttpStatusCode.OK, await SendAsync(gateway, Enumerable.Range(0, 5).Select(i => ($"x-{i}", "v"))));
        Assert.Equal(HttpStatusCode.RequestHeaderFieldsTooLarge, await SendAsync(gateway, Enumerable.Range(0, 20).Select(i => ($"x-{i}", "v"))));
        Assert.Equal(HttpStatusCode.RequestHeaderFieldsTooLarge, await SendAsync(gateway, [("x-long", new string('v', 3_000))]));
        Assert.Single(server.Seen);
    }

    [Fact]
    public async Task Client_aboveItsRate_gets429AndOthersDoNot()
    {
        await using var plane = await ControlPlane.StartAsync();
        await using var server = await Upstream.StartAsync();
        await using var gateway = await RunningGateway.StartAsync(
            s =>
            {
                s["Gateway:ClientKeys:0:Name"] = "shop";
                s["Gateway:ClientKeys:0:Sha256"] = Sha256Digest.Of("shop key").ToString();
                s["Gateway:ClientKeys:0:Limits:RequestsPerSecond"] = "1";
                s["Gateway:ClientKeys:0:Limits:Burst"] = "3";
            },
            plane);
        await gateway.PushAsync(RunningGateway.Route(1, server.Address));
        var refused = 0;
        for (var i = 0; i < 20; i++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/models/digits/v2/infer");
            request.Headers.Authorization = new("Bearer", "shop key");
            using var answer = await gateway.Http.SendAsync(request, Cancelled);
            if (answer.StatusCode == HttpStatusCode.TooManyRequests)
            {
                refused++;
                Assert.Equal("client-rate", answer.Headers.GetValues("x-modelflow-limit").Single());
                Assert.Equal("1", answer.Headers.GetValues("Retry-After").Single());
                Assert.Contains("shop", await answer.Content.ReadAsStringAsync(Cancelled), StringComparison.Ordinal);
            }

            Assert.Equal(HttpStatusCode.OK, (await gateway.InferAsync()).Status);
        }

        Assert.InRange(refused, 5, 17);
        await Eventually.TrueAsync(() => plane.Totals(1).Requests == 40 - refused, "all answered requests reported, and no others");
        Assert.Equal((0, 0), (plane.Totals(1).Errors, plane.Totals(1).ClientErrors));
    }

    [Theory]
    [InlineData("Gateway:Limits:Concurrent", "gateway-concurrency", 503, "overloaded")]
    [InlineData("Gateway:Limits:ConcurrentPerVersion", "version-concurrency", 503, "overloaded")]
    [InlineData("Gateway:Limits:Client:Concurrent", "client-concurrency", 429, "rate-limited")]
    public async Task Requests_underWay_moreThanTheLimit_areRefusedAtOnce(string option, string limit, int status, string problem)
    {
        var goOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var plane = await ControlPlane.StartAsync();
        await using var server = await Upstream.StartAsync(_ => goOn.Task);
        await using var gateway = await RunningGateway.StartAsync(s => s[option] = "2", plane);
        await gateway.PushAsync(RunningGateway.Route(1, server.Address));
        var underWay = new[] { gateway.InferAsync(), gateway.InferAsync() };
        await Eventually.TrueAsync(() => server.Seen.Count == 2, "two requests under way");
        using var refused = await gateway.Http.PostAsync("/models/digits/v2/infer", null, Cancelled);
        Assert.Equal((status, limit, "1"), ((int)refused.StatusCode, refused.Headers.GetValues("x-modelflow-limit").Single(), refused.Headers.GetValues("Retry-After").Single()));
        Assert.Contains("urn:modelflow:problem:" + problem, await refused.Content.ReadAsStringAsync(Cancelled), StringComparison.Ordinal);
        using var openAi = await gateway.Http.PostAsync("/models/digits/v1/completions", new StringContent("{}"), Cancelled);
        Assert.Equal(status, (int)openAi.StatusCode);
        Assert.NotNull(JsonNode.Parse(await openAi.Content.ReadAsStringAsync(Cancelled))!["error"]!["message"]);
        goOn.SetResult();
        Assert.All(await Task.WhenAll(underWay), a => Assert.Equal(HttpStatusCode.OK, a.Status));
        Assert.Equal(HttpStatusCode.OK, (await gateway.InferAsync()).Status);
        await Eventually.TrueAsync(() => plane.Totals(1).Requests == 3, "the answered requests reported");
        Assert.Equal(0, plane.Totals(1).Errors);
    }

    [Fact]
    public async Task Options_outOfRange_areNamed()
    {
        var e = await Assert.ThrowsAsync<Microsoft.Extensions.Options.OptionsValidationException>(() => RunningGateway.StartAsync(s =>
        {
            s["Gateway:Limits:HeaderBytes"] = "3";
            s["Gateway:Limits:Client:Burst"] = "-1";
            s["Gateway:ClientKeys:0:Name"] = "shop";
            s["Gateway:ClientKeys:0:Sha256"] = Sha256Digest.Of("shop key").ToString();
            s["Gateway:ClientKeys:0:Limits:RequestsPerSecond"] = "-1";
            s["Gateway:Health:FailuresToEject"] = "0";
        }));
        Assert.All(["HeaderBytes", "Burst", "RequestsPerSecond", "FailuresToEject"], part => Assert.Contains(part, e.Message, StringComparison.Ordinal));
    }

    private static async Task<HttpStatusCode> SendAsync(RunningGateway gateway, IEnumerable<(string Name, string Value)> headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/models/digits/v2/infer");
        foreach (var (name, value) in headers)
        {
            request.Headers.Add(name, value);
        }

        using var answer = await gateway.Http.SendAsync(request, Cancelled);
        return answer.StatusCode;
    }
}
