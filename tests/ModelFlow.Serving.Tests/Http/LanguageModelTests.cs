using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using ModelFlow.Serving.Repository;
using ModelFlow.Serving.Tests.Support;
using ModelFlow.Testing;

namespace ModelFlow.Serving.Tests.Http;

/// <summary>A real language model, loaded like any other version and served by an engine of its own.</summary>
[Trait("Speed", "Slow")]
public sealed class LanguageModelTests : IAsyncLifetime
{
    private const string Version = "v1.0.0-small";
    private static readonly byte[] Model = File.ReadAllBytes(Path.Combine(RepositoryRoot.Find(), "samples", "austen", "v1.0.0-small.gguf"));

    private RunningServer _server = null!;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _server = await RunningServer.StartAsync("--Serving:EngineThreads=1");

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task Load_gguf_answersOpenAisApi_andUnloadEndsItsProcess()
    {
        var loaded = await _server.LoadAsync("austen", Version, ("model.gguf", Model));
        Assert.Equal(HttpStatusCode.OK, loaded.Status);
        Assert.Equal("austen/v1.0.0-small", (string?)loaded.Body["served_model"]);

        using var answer = await AskAsync(new { model = "austen/v1.0.0-small", prompt = "It was", max_tokens = 4, temperature = 0 });
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(Version, answer.Headers.GetValues("x-modelflow-version").Single());
        Assert.Equal(4, (int)(await JsonAsync(answer))["usage"]!["completion_tokens"]!);
        var list = JsonNode.Parse(await _server.Client.GetStringAsync("/v1/models", Cancellation))!;
        Assert.Equal("austen/v1.0.0-small", (string?)list["data"]![0]!["id"]);

        using var stream = await AskAsync(new { model = "austen/v1.0.0-small", prompt = "It was", max_tokens = 4, stream = true });
        Assert.Equal("text/event-stream", stream.Content.Headers.ContentType?.MediaType);
        Assert.EndsWith("data: [DONE]\n\n", await stream.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);

        var engine = Address();
        using var unloaded = await _server.Control.PostAsync($"/v2/repository/models/austen/versions/{Version}/unload", null, Cancellation);
        Assert.Equal(HttpStatusCode.OK, unloaded.StatusCode);
        using var http = new HttpClient();
        await Assert.ThrowsAsync<HttpRequestException>(() => http.GetAsync(engine, Cancellation));
        using var gone = await AskAsync(new { model = "austen/v1.0.0-small", prompt = "It was" });
        Assert.Equal(HttpStatusCode.NotFound, gone.StatusCode);
    }

    [Fact]
    public async Task Engine_killed_isStartedAgain()
    {
        await _server.LoadAsync("austen", Version, ("model.gguf", Model));
        var first = Address();
        await KillListenerAsync(first.Port);

        var deadline = DateTime.UtcNow.AddSeconds(60);
        while (Loaded().Text!.Address is not { } address || address == first)
        {
            Assert.True(DateTime.UtcNow < deadline, "the engine did not come back");
            await Task.Delay(50, Cancellation);
        }

        using var ready = await _server.Client.GetAsync($"/v2/models/austen/versions/{Version}/ready", Cancellation);
        Assert.Equal(HttpStatusCode.OK, ready.StatusCode);
        using var answer = await AskAsync(new { model = "austen/v1.0.0-small", prompt = "It was", max_tokens = 2 });
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    [Fact]
    public async Task Load_cutFile_isRefusedForGood()
    {
        var answer = await _server.LoadAsync("austen", Version, ("model.gguf", Model[..100_000]));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, answer.Status);
        Assert.Contains("llama.cpp cannot load it", answer.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{ "prompt": "a" }""", 400)]
    [InlineData("""{ "model": "austen/v1.0.0-small", "model": "austen/v9.0.0", "prompt": "a" }""", 400)]
    [InlineData("""{ "model": "v1.0.0-small", "prompt": "a" }""", 404)]
    [InlineData("""{ "model": "../x", "prompt": "a" }""", 404)]
    [InlineData("{", 400)]
    public async Task Request_withoutItsModel_isRefusedInOpenAisShape(string body, int status)
    {
        using var content = new StringContent(body);
        using var answer = await _server.Client.PostAsync("/v1/completions", content, Cancellation);
        Assert.Equal(status, (int)answer.StatusCode);
        Assert.NotNull((await JsonAsync(answer))["error"]!["message"]);
    }

    [Fact]
    public async Task Infer_onALanguageModel_saysWhereToAsk()
    {
        await _server.LoadAsync("austen", Version, ("model.gguf", Model));
        using var answer = await _server.Client.PostAsJsonAsync($"/v2/models/austen/versions/{Version}/infer", new { inputs = Array.Empty<int>() }, Cancellation);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains("/v1/completions", await answer.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
    }

    private static async Task<JsonNode> JsonAsync(HttpResponseMessage answer) => JsonNode.Parse(await answer.Content.ReadAsStringAsync(Cancellation))!;

    // The engine's own process, not the shell before it: the one whose command line has the port.
    private static async Task KillListenerAsync(int port)
    {
        using var kill = Process.Start("/bin/sh", ["-c", $"for p in /proc/[0-9]*; do a=$(tr '\\0' ' ' < $p/cmdline 2>/dev/null); case \"$a\" in /bin/sh*) ;; *modelflow-text-engine*--Port\\ {port}*) kill -9 ${{p#/proc/}};; esac; done"]);
        await kill.WaitForExitAsync(Cancellation);
    }

    private Task<HttpResponseMessage> AskAsync(object body) => _server.Client.PostAsJsonAsync("/v1/completions", body, Cancellation);

    private LoadedVersion Loaded() => _server.App.Services.GetRequiredService<ModelRepository>().Find("austen", Version)!;

    private Uri Address() => Loaded().Text!.Address!;
}
