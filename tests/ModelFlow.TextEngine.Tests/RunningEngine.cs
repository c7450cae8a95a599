using System.Net.Http.Json;
using System.Text.Json.Nodes;
using ModelFlow.EngineProcess;
using ModelFlow.Testing;

namespace ModelFlow.TextEngine.Tests;

/// <summary>The real engine with the small Austen model, in a process of its own.</summary>
public sealed class RunningEngine : IAsyncLifetime
{
    /// <summary>Where the sample models are.</summary>
    public static readonly string Samples = Path.Combine(RepositoryRoot.Find(), "samples", "austen");

    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromMinutes(2) };

    internal EngineChild Engine { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        var start = await EngineChild.StartAsync(
            EngineCommand.Own("ModelFlow.TextEngine"), new EngineModel(Path.Combine(Samples, "v1.0.0-small.gguf"), "austen/v1.0.0-small", 1), TimeSpan.FromMinutes(2), _http, TimeProvider.System, CancellationToken.None);
        Engine = (start as EngineStart.Ready)?.Engine ?? throw new InvalidOperationException($"{start}");
    }

    public async ValueTask DisposeAsync()
    {
        await Engine.DisposeAsync();
        _http.Dispose();
    }

    /// <summary>Asks, and gives status and body.</summary>
    public async Task<(int Status, JsonNode Body)> AskAsync(object body, string path = "v1/completions")
    {
        using var answer = await _http.PostAsJsonAsync(new Uri(Engine.Address, path), body, TestContext.Current.CancellationToken);
        return ((int)answer.StatusCode, JsonNode.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!);
    }

    /// <summary>Asks for a stream and gives the data of its events.</summary>
    public async Task<IReadOnlyList<string>> StreamAsync(object body)
    {
        using var answer = await _http.PostAsJsonAsync(new Uri(Engine.Address, "v1/completions"), body, TestContext.Current.CancellationToken);
        Assert.Equal("text/event-stream", answer.Content.Headers.ContentType?.MediaType);
        var text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        return [.. text.Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Select(e => e["data: ".Length..])];
    }
}
