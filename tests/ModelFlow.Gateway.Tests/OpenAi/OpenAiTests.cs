using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using ModelFlow.Core.Naming;
using ModelFlow.Gateway.Tests.Support;

namespace ModelFlow.Gateway.Tests.OpenAi;

public sealed class OpenAiTests
{
    private const string Usage = "{\"prompt_tokens\":11,\"completion_tokens\":7,\"total_tokens\":18}";

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("chat/completions")]
    [InlineData("completions")]
    [InlineData("embeddings")]
    public async Task Request_goesToTheServersPathWithTheModelTheServerKnows(string operation)
    {
        var seen = "";
        await using var server = await Upstream.StartAsync(async c =>
        {
            seen = await new StreamReader(c.Request.Body).ReadToEndAsync();
            await c.Response.WriteAsJsonAsync(JsonNode.Parse("{\"model\":\"served\",\"usage\":" + Usage + "}"));
        });
        await using var plane = await ControlPlane.StartAsync();
        await using var gateway = await RunningGateway.StartAsync(plane: plane);
        await gateway.PushAsync(RunningGateway.Route(1, server.Address));
        using var answer = await PostAsync(gateway, operation, "{\"messages\":[],\"model\":\"digits\",\"stream\":false}");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("/v1/" + operation, Assert.Single(server.Seen).Path);
        Assert.Equal("{\"messages\":[],\"model\":\"v1.0.0-base\",\"stream\":false}", seen);
        Assert.Equal("v1.0.0-base", answer.Headers.GetValues("x-modelflow-version").Single());
        Assert.Contains("\"model\":\"served\"", await answer.Content.ReadAsStringAsync(Cancelled), StringComparison.Ordinal);
        await Eventually.TrueAsync(() => plane.Totals(1).Requests == 1, "the request reported");
        Assert.Equal((11, 7, 0), (plane.Totals(1).PromptTokens, plane.Totals(1).CompletionTokens, plane.Totals(1).TimeToFirstToken.Count));
    }

    [Fact]
    public async Task Deployment_thatNamesItsModel_getsThatName()
    {
        await using var server = await Upstream.StartAsync(c => c.Request.Body.CopyToAsync(c.Response.Body));
        await using var gateway = await RunningGateway.StartAsync();
        var route = RunningGateway.Route(1, server.Address) with { ServedModels = new Dictionary<VersionName, string> { [RunningGateway.Stable] = "org/big \"one\"" } };
        await gateway.PushAsync(route);
        using var answer = await PostAsync(gateway, "completions", "{\"model\":\"digits\"}");
        Assert.Equal("org/big \"one\"", JsonNode.Parse(await answer.Content.ReadAsStringAsync(Cancelled))!["model"]!.GetValue<string>());

        // A name that changes within a generation is a change.
        await gateway.PushAsync(route with { ServedModels = null });
        using var later = await PostAsync(gateway, "completions", "{\"model\":\"digits\"}");
        Assert.Equal("{\"model\":\"v1.0.0-base\"}", await later.Content.ReadAsStringAsync(Cancelled));
    }

    [Fact]
    public async Task Body_ofMegabytes_arrivesWholeWithItsModelAtTheEnd()
    {
        var body = "{\"messages\":\"" + new string('x', 5_000_000) + "\",\"model\":\"digits\"}";
        await using var server = await Upstream.StartAsync(c => c.Request.Body.CopyToAsync(c.Response.Body));
        await using var gateway = await RunningGateway.StartAsync();
        await gateway.PushAsync(RunningGateway.Route(1, server.Address));
        using var answer = await PostAsync(gateway, "chat/completions", body);
        Assert.Equal(body.Replace("digits", "v1.0.0-base", StringComparison.Ordinal), await answer.Content.ReadAsStringAsync(Cancelled));
    }

    [Fact]
    public async Task Stream_arrivesPieceByPieceAndItsTokensAreCounted()
    {
        var goOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var server = await Upstream.StartAsync(async c =>
        {
            c.Response.ContentType = "text/event-stream";
            await c.Response.WriteAsync("data: {\"choices\":[{\"delta\":{\"content\":\"one\"}}]}\n\n");
            await c.Response.Body.FlushAsync();
            await goOn.Task;
            await c.Response.WriteAsync("data: {\"choices\":[{\"delta\":{\"content\":\"two\"}}]}\n\ndata: [DONE]\n\n");
        });
        await using var plane = await ControlPlane.StartAsync();
        await using var gateway = await RunningGateway.StartAsync(plane: plane);
        await gateway.PushAsync(RunningGateway.Route(1, server.Address));
        using var request = new HttpRequestMessage(HttpMethod.Post, "/models/digits/v1/chat/completions") { Content = Json("{\"stream\":true}") };
        using var answer = await gateway.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancelled);
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync(Cancelled));
        Assert.Contains("one", await reader.ReadLineAsync(Cancelled).AsTask().WaitAsync(TimeSpan.FromSeconds(10), Cancelled), StringComparison.Ordinal);
        goOn.SetResult();
        Assert.EndsWith("data: [DONE]\n\n", await reader.ReadToEndAsync(Cancelled), StringComparison.Ordinal);
        await Eventually.TrueAsync(() => plane.Totals(1).Requests == 1, "the request reported");
        var totals = plane.Totals(1);
        Assert.Equal((2, 1), (totals.CompletionTokens, totals.TimeToFirstToken.Count));
        Assert.True(totals.TimeToFirstByte.Quantile(1) <= totals.TimeToFirstToken.Quantile(1));
        Assert.True(totals.TimeToFirstToken.Quantile(1) <= totals.Latency.Quantile(1));
    }

    [Fact]
    public async Task Models_areListedByTheGatewayWithTheirPublicName()
    {
        await using var server = await Upstream.StartAsync();
        await using var gateway = await RunningGateway.StartAsync();
        await gateway.PushAsync(RunningGateway.Route(1, server.Address));
        Assert.Equal(
            "{\"data\":[{\"id\":\"digits\",\"created\":0,\"object\":\"model\",\"owned_by\":\"modelflow\"}],\"object\":\"list\"}",
            await gateway.Http.GetStringAsync("/models/digits/v1/models", Cancelled));
        Assert.Contains("\"id\":\"digits\"", await gateway.Http.GetStringAsync("/models/digits/v1/models/digits", Cancelled), StringComparison.Ordinal);
        Assert.Empty(server.Seen);
    }

    [Theory]
    [InlineData("POST", "/models/digits/v1/chat/completions", "[]", 400, "invalid_request_error", "invalid_request")]
    [InlineData("POST", "/models/other/v1/chat/completions", "{}", 404, "invalid_request_error", "not_found")]
    [InlineData("POST", "/models/digits/v1/files", "{}", 404, "invalid_request_error", "not_found")]
    [InlineData("GET", "/models/digits/v1/models/other", null, 404, "invalid_request_error", "not_found")]
    [InlineData("GET", "/models/digits/v1/completions", null, 405, "invalid_request_error", "method_not_allowed")]
    public async Task Error_hasTheShapeOpenAisClientsRead(string method, string path, string? body, int status, string type, string code)
    {
        await using var server = await Upstream.StartAsync(async c =>
        {
            await c.Request.Body.CopyToAsync(Stream.Null);
        });
        await using var gateway = await RunningGateway.StartAsync();
        await gateway.PushAsync(RunningGateway.Route(1, server.Address));
        using var request = new HttpRequestMessage(new HttpMethod(method), path) { Content = body is null ? null : Json(body) };
        using var answer = await gateway.Http.SendAsync(request, Cancelled);
        Assert.Equal((status, "application/json"), ((int)answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
        var error = JsonNode.Parse(await answer.Content.ReadAsStringAsync(Cancelled))!["error"]!.AsObject();
        Assert.Equal((type, code), (error["type"]!.GetValue<string>(), error["code"]!.GetValue<string>()));
        Assert.NotEmpty(error["message"]!.GetValue<string>());
        Assert.True(error.ContainsKey("param"));
    }

    [Fact]
    public async Task Error_ofAKeyOrOfACompressedBody_hasTheirShapeToo()
    {
        await using var server = await Upstream.StartAsync();
        await using var gateway = await RunningGateway.StartAsync(s =>
        {
            s["Gateway:Anonymous"] = "false";
            s["Gateway:ClientKeys:0:Name"] = "shop";
            s["Gateway:ClientKeys:0:Sha256"] = Sha256Digest.Of("right key").ToString();
        });
        await gateway.PushAsync(RunningGateway.Route(1, server.Address));
        using var stranger = await PostAsync(gateway, "completions", "{}");
        Assert.Equal(HttpStatusCode.Unauthorized, stranger.StatusCode);
        Assert.Contains("\"code\":\"invalid_api_key\"", await stranger.Content.ReadAsStringAsync(Cancelled), StringComparison.Ordinal);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/models/digits/v1/completions") { Content = Json("{}") };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", "right key");
        request.Content.Headers.ContentEncoding.Add("gzip");
        using var compressed = await gateway.Http.SendAsync(request, Cancelled);
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, compressed.StatusCode);
        Assert.Empty(server.Seen);
    }

    private static StringContent Json(string body) => new(body, Encoding.UTF8, "application/json");

    private static Task<HttpResponseMessage> PostAsync(RunningGateway gateway, string operation, string body) =>
        gateway.Http.PostAsync("/models/digits/v1/" + operation, Json(body), Cancelled);
}
