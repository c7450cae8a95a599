using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Traffic;
using ModelFlow.Gateway.Tests.Support;

namespace ModelFlow.Gateway.Tests;

public sealed class ForwardingTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("POST", "/models/digits/v2/infer", "/v2/models/digits/versions/v1.0.0-base/infer")]
    [InlineData("POST", "/models/digits/v2/models/digits/infer", "/v2/models/digits/versions/v1.0.0-base/infer")]
    [InlineData("POST", "/models/digits/v2/generate_stream", "/v2/models/digits/versions/v1.0.0-base/generate_stream")]
    [InlineData("GET", "/models/digits/v2/ready", "/v2/models/digits/versions/v1.0.0-base/ready")]
    [InlineData("GET", "/models/digits/v2/models/digits/ready", "/v2/models/digits/versions/v1.0.0-base/ready")]
    [InlineData("GET", "/models/digits/v2", "/v2/models/digits/versions/v1.0.0-base")]
    [InlineData("GET", "/models/digits/v2/models/digits?a=b", "/v2/models/digits/versions/v1.0.0-base")]
    public async Task Request_forAModel_goesToTheVersionsPath(string method, string path, string upstreamPath)
    {
        await using var server = await Upstream.StartAsync(c => c.Response.WriteAsync(c.Request.Path + c.Request.QueryString));
        await using var gateway = await RunningGateway.StartAsync();
        await gateway.PushAsync(RunningGateway.Route(1, server.Address));
        using var answer = await gateway.Http.SendAsync(new HttpRequestMessage(new HttpMethod(method), path), Cancelled);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(upstreamPath + new Uri("http://a" + path).Query, await answer.Content.ReadAsStringAsync(Cancelled));
    }

    [Theory]
    [InlineData("POST", "/models/digits/v2/repository/index", HttpStatusCode.NotFound)]
    [InlineData("POST", "/models/digits/v2/unload", HttpStatusCode.NotFound)]
    [InlineData("POST", "/models/digits/v2/infer/../unload", HttpStatusCode.NotFound)]
    [InlineData("POST", "/models/digits/v2/infer/..%2Funload", HttpStatusCode.NotFound)]
    [InlineData("POST", "/models/digits/v2/models/other/infer", HttpStatusCode.NotFound)]
    [InlineData("POST", "/models/digits", HttpStatusCode.NotFound)]
    [InlineData("POST", "/models//v2/infer", HttpStatusCode.NotFound)]
    [InlineData("POST", "/models/nothing/v2/infer", HttpStatusCode.NotFound)]
    [InlineData("GET", "/models/digits/v2/infer", HttpStatusCode.MethodNotAllowed)]
    [InlineData("GET", "/", HttpStatusCode.NotFound)]
    public async Task Request_notForAModelsOperation_neverReachesAServer(string method, string path, HttpStatusCode status)
    {
        await using var server = await Upstream.StartAsync();
        await using var gateway = await RunningGateway.StartAsync();
        await gateway.PushAsync(RunningGateway.Route(1, server.Address));
        using var answer = await gateway.Http.SendAsync(new HttpRequestMessage(new HttpMethod(method), path), Cancelled);
        Assert.Equal(status, answer.StatusCode);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        Assert.Empty(server.Seen);
    }

    [Fact]
    public async Task Answer_always_namesTheVersionAndCarriesAnIdThatTheSigningKeyConfirms()
    {
        var key = RandomNumberGenerator.GetBytes(32);
        await using var server = await Upstream.StartAsync();
        await using var gateway = await RunningGateway.StartAsync(s => s["Gateway:SigningKey"] = Convert.ToBase64String(key));
        await gateway.PushAsync(RunningGateway.Route(7, server.Address, server.Address, 10_000));
        var answer = await gateway.InferAsync("anna");
        Assert.Equal(RunningGateway.Candidate, answer.Version);
        using var signer = new RequestIdSigner(key);
        Assert.True(signer.TryVerify(answer.RequestId, RunningGateway.Digits, out var id));
        Assert.Equal((7, 1), (id.Generation, id.Version));
        Assert.NotEqual(answer.RequestId, (await gateway.InferAsync("anna")).RequestId, StringComparer.Ordinal);
    }

    [Fact]
    public async Task Request_headers_reachTheServerWithoutThoseOfTheConnectionAndTheClientsIdentity()
    {
        await using var server = await Upstream.StartAsync();
        await using var gateway = await RunningGateway.StartAsync();
        await gateway.PushAsync(RunningGateway.Route(1, server.Address));
        using var request = new HttpRequestMessage(HttpMethod.Post, "/models/digits/v2/infer") { Content = new StringContent("{}") };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", "somebody's secret");
        request.Headers.Add("Cookie", "session=1");
        request.Headers.Add("Proxy-Authorization", "Basic eA==");
        request.Headers.Add("Connection", "keep-alive");
        request.Headers.Add("Keep-Alive", "timeout=5");
        request.Headers.Add("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
        request.Headers.Add("x-own", "kept");
        using var answer = await gateway.Http.SendAsync(request, Cancelled);
        var headers = Assert.Single(server.Seen).Headers;
        Assert.Equal("kept", headers["x-own"]);
        Assert.StartsWith("00-4bf92f35", headers["traceparent"], StringComparison.Ordinal);
        Assert.Equal(server.Address.Authority, headers.Host);
        Assert.All(["Authorization", "Cookie", "Proxy-Authorization", "Connection", "Keep-Alive"], name => Assert.False(headers.ContainsKey(name), name));
    }

    [Fact]
    public async Task Split_byKey_sticksAndFollowsTheWeight()
    {
        await using var server = await Upstream.StartAsync();
        await using var gateway = await RunningGateway.StartAsync();
        await gateway.PushAsync(RunningGateway.Route(1, server.Address, server.Address, 2_500));
        var hits = 0;
        for (var i = 0; i < 400; i++)
        {
            var first = await gateway.InferAsync("user-" + i);
            Assert.Equal(first.Version, (await gateway.InferAsync("user-" + i)).Version);
            hits += first.Version == RunningGateway.Candidate ? 1 : 0;
        }

        Assert.InRange(hits, 60, 140);
    }

    [Fact]
    public async Task Split_byCookie_sticks()
    {
        await using var server = await Upstream.StartAsync();
        await using var gateway = await RunningGateway.StartAsync();
        var route = RunningGateway.Route(1, server.Address, server.Address, 5_000);
        await gateway.PushAsync(route with { Route = route.Route with { Sticky = new() { Kind = Core.Policies.StickyKind.Cookie, Name = "uid" } } });
        var versions = new HashSet<VersionName>();
        for (var i = 0; i < 20; i++)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/models/digits/v2/infer");
            request.Headers.Add("Cookie", "a=b; uid=anna");
            using var answer = await gateway.Http.SendAsync(request, Cancelled);
            versions.Add(VersionName.Parse(answer.Headers.GetValues("x-modelflow-version").Single()));
        }

        Assert.Single(versions);
    }

    [Fact]
    public async Task Key_missingOrWrong_isRefusedAndRightOneServed()
    {
        await using var server = await Upstream.StartAsync();
        await using var gateway = await RunningGateway.StartAsync(s =>
        {
            s["Gateway:Anonymous"] = "false";
            s["Gateway:ClientKeys:0:Name"] = "shop";
            s["Gateway:ClientKeys:0:Sha256"] = Sha256Digest.Of("right key").ToString();
        });
        await gateway.PushAsync(RunningGateway.Route(1, server.Address));
        Assert.Equal(HttpStatusCode.Unauthorized, (await gateway.InferAsync()).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await gateway.InferAsync(bearer: "wrong")).Status);
        Assert.Equal(HttpStatusCode.Unauthorized, (await gateway.InferAsync(bearer: new string('x', 3_000))).Status);
        Assert.Empty(server.Seen);
        Assert.Equal(HttpStatusCode.OK, (await gateway.InferAsync(bearer: "right key")).Status);
    }

    [Fact]
    public async Task Pin_fromAKeyThatMay_isHonouredAndFromOthersRefused()
    {
        await using var server = await Upstream.StartAsync();
        await using var gateway = await RunningGateway.StartAsync(s =>
        {
            s["Gateway:ClientKeys:0:Name"] = "tester";
            s["Gateway:ClientKeys:0:Sha256"] = Sha256Digest.Of("pin key").ToString();
            s["Gateway:ClientKeys:0:MayPin"] = "true";
        });
        await gateway.PushAsync(RunningGateway.Route(1, server.Address, server.Address, 1));
        Assert.Equal(RunningGateway.Candidate, (await gateway.InferAsync("a", "v1.1.0-mlp", "pin key")).Version);
        Assert.Equal(HttpStatusCode.Forbidden, (await gateway.InferAsync("a", "v1.1.0-mlp")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await gateway.InferAsync("a", "v9.9.9", "pin key")).Status);
        Assert.Equal(HttpStatusCode.BadRequest, (await gateway.InferAsync("a", "latest", "pin key")).Status);
    }

    [Fact]
    public async Task Body_tooLarge_isRefusedWithOrWithoutALength()
    {
        await using var server = await Upstream.StartAsync(async c =>
        {
            await c.Request.Body.CopyToAsync(Stream.Null);
        });
        await using var gateway = await RunningGateway.StartAsync(s => s["Gateway:MaxBodyBytes"] = "1000");
        await gateway.PushAsync(RunningGateway.Route(1, server.Address));
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await gateway.InferAsync(body: new string('x', 2_000))).Status);
        // Small enough to be read at one go: a server that refuses the rest of a body may cut the line before its answer is read.
        using var chunked = new HttpRequestMessage(HttpMethod.Post, "/models/digits/v2/infer") { Content = new StringContent(new string('x', 1_500)) };
        chunked.Headers.TransferEncodingChunked = true;
        using var answer = await gateway.Http.SendAsync(chunked, Cancelled);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, answer.StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await gateway.InferAsync(body: new string('x', 1_000))).Status);
    }

    [Fact]
    public async Task NoVersion_loaded_answers503WithTheReason()
    {
        await using var gateway = await RunningGateway.StartAsync();
        await gateway.PushAsync(RunningGateway.Route(1, null));
        var answer = await gateway.InferAsync();
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.Status);
        Assert.Contains("v1.0.0-base is not loaded", answer.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Candidate_takesNoConnection_stableAnswersAndTheCandidateIsCharged()
    {
        await using var plane = await ControlPlane.StartAsync();
        await using var server = await Upstream.StartAsync(async c =>
        {
            await c.Request.Body.CopyToAsync(c.Response.Body);
        });
        await using var gateway = await RunningGateway.StartAsync(plane: plane);
        await gateway.PushAsync(RunningGateway.Route(1, server.Address, Upstream.ClosedPort(), 10_000));
        for (var i = 0; i < 20; i++)
        {
            var answer = await gateway.InferAsync("user-" + i, body: "payload");
            Assert.Equal((HttpStatusCode.OK, RunningGateway.Stable, "payload"), (answer.Status, answer.Version, answer.Body));
        }

        await Eventually.TrueAsync(() => plane.Totals(1).Requests == 40, "all requests reported");
        var charged = plane.Totals(1, RunningGateway.Candidate, TrafficKind.Normal);
        Assert.Equal((20, 20), (charged.Requests, charged.Errors));
        Assert.Equal((20, 0), (plane.Totals(1, RunningGateway.Stable, TrafficKind.Fallback).Requests, plane.Totals(1, RunningGateway.Stable, TrafficKind.Normal).Requests));
    }

    [Fact]
    public async Task Server_takesNoConnection_andNoRetry_answers502()
    {
        await using var gateway = await RunningGateway.StartAsync(s => s["Gateway:RetryOnStable"] = "false");
        await gateway.PushAsync(RunningGateway.Route(1, Upstream.ClosedPort(), Upstream.ClosedPort(), 10_000));
        var answer = await gateway.InferAsync();
        Assert.Equal((HttpStatusCode.BadGateway, RunningGateway.Candidate), (answer.Status, answer.Version));
        Assert.Contains("urn:modelflow:problem:bad-gateway", answer.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Server_silent_answers504AndCountsATimeoutWithItsLength()
    {
        await using var plane = await ControlPlane.StartAsync();
        await using var server = await Upstream.StartAsync(c => Task.Delay(Timeout.Infinite, c.RequestAborted));
        await using var gateway = await RunningGateway.StartAsync(s => s["Gateway:UpstreamTimeout"] = "00:00:00.3", plane);
        await gateway.PushAsync(RunningGateway.Route(1, server.Address));
        Assert.Equal(HttpStatusCode.GatewayTimeout, (await gateway.InferAsync()).Status);
        await Eventually.TrueAsync(() => plane.Totals(1).Requests == 1, "the request reported");
        Assert.Equal(1, plane.Totals(1).Errors);
        Assert.True(plane.Totals(1).Latency.Quantile(1) > 250_000);
    }

    [Fact]
    public async Task Server_breaksOff_answers502AndCountsAnError()
    {
        await using var plane = await ControlPlane.StartAsync();
        await using var server = await Upstream.StartAsync(c =>
        {
            c.Abort();
            return Task.CompletedTask;
        });
        await using var gateway = await RunningGateway.StartAsync(plane: plane);
        await gateway.PushAsync(RunningGateway.Route(1, server.Address));
        Assert.Equal(HttpStatusCode.BadGateway, (await gateway.InferAsync()).Status);
        await Eventually.TrueAsync(() => plane.Totals(1).Errors == 1, "the error reported");
    }

    [Fact]
    public async Task Stream_ofEvents_arrivesPieceByPiece()
    {
        var goOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = await Upstream.StartAsync(async c =>
        {
            c.Response.ContentType = "text/event-stream";
            await c.Response.WriteAsync("data: one\n\n");
            await c.Response.Body.FlushAsync();
            await goOn.Task;
            await c.Response.WriteAsync("data: two\n\n");
        });
        await using var gateway = await RunningGateway.StartAsync();
        await gateway.PushAsync(RunningGateway.Route(1, server.Address));
        using var request = new HttpRequestMessage(HttpMethod.Post, "/models/digits/v2/generate_stream");
        using var answer = await gateway.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancelled);
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync(Cancelled));
        Assert.Equal("data: one", await reader.ReadLineAsync(Cancelled).AsTask().WaitAsync(TimeSpan.FromSeconds(10), Cancelled));
        goOn.SetResult();
        Assert.Contains("data: two", await reader.ReadToEndAsync(Cancelled), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Client_goesAway_isNoErrorOfTheVersion()
    {
        await using var plane = await ControlPlane.StartAsync();
        await using var server = await Upstream.StartAsync(c => Task.Delay(Timeout.Infinite, c.RequestAborted));
        await using var gateway = await RunningGateway.StartAsync(plane: plane);
        await gateway.PushAsync(RunningGateway.Route(1, server.Address));
        using var impatient = new CancellationTokenSource(TimeSpan.FromMilliseconds(300));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => gateway.Http.PostAsync("/models/digits/v2/infer", new StringContent("{}"), impatient.Token));
        await Eventually.TrueAsync(() => plane.Totals(1).ClientAborts == 1, "the abort reported");
        Assert.Equal((0, 0), (plane.Totals(1).Requests, plane.Totals(1).Errors));
        Assert.True(plane.Totals(1).AbortedAfter.Quantile(1) > 200_000);
    }
}
