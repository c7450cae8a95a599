using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using Azure.Storage.Blobs;
using ModelFlow.EndToEnd.Product;
using ModelFlow.Testing;

namespace ModelFlow.EndToEnd;

/// <summary>Real language models from a blob upload to streamed answers, in real engines: a better one ramps under traffic, bad ones do not get there, and the way back.</summary>
[Trait("Speed", "Slow")]
public sealed class LanguageModelTests : IAsyncLifetime
{
    private static readonly string Samples = Path.Combine(RepositoryRoot.Find(), "samples", "austen");

    private readonly Installation _modelflow = new();
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromMinutes(2) };
    private readonly ConcurrentQueue<string> _failures = new();
    private readonly ConcurrentDictionary<string, int> _answers = new(StringComparer.Ordinal);
    private string _ann = "", _bob = "";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => await _modelflow.StartHostAsync();

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _modelflow.DisposeAsync();
    }

    [Fact]
    public async Task Gguf_versions_are_released_under_streamed_traffic_and_rolled_back()
    {
        await SetUpAsync();
        await ReleaseAsync("v1.0.0-small");
        Assert.Equal("v1.0.0-small", (await StreamAsync("first")).Version);

        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var traffic = TrafficAsync(stop.Token);
        var better = await ReleaseAsync("v1.2.0-base");
        Assert.Contains(better.Events, e => e.Contains("stable: perplexity 23.4", StringComparison.Ordinal) && e.Contains("perplexity 20.7", StringComparison.Ordinal));
        Assert.Contains(better.Events, e => e.Contains("20 % of traffic", StringComparison.Ordinal));

        // Right bytes for llama.cpp, wrong words: only the evaluation can tell. Cut bytes: nothing native ever sees them.
        await DropAsync("v1.3.0-wrong-tokenizer");
        var wrong = await _modelflow.UntilAsync("austen-v1.3.0-wrong-tokenizer-1", r => (string)r["stage"]! == "ended", 600);
        Assert.Equal("rejected", (string)wrong["outcome"]!);
        Assert.Contains("bits per byte", (string)wrong["reason"]!, StringComparison.Ordinal);
        await DropAsync("v1.4.0-truncated");
        var cut = await _modelflow.UntilAsync("austen-v1.4.0-truncated-1", r => (string)r["stage"]! == "ended", 120);
        Assert.Equal("rejected", (string)cut["outcome"]!);
        Assert.Contains("it was cut off or is damaged", (string)cut["reason"]!, StringComparison.Ordinal);

        await _modelflow.PostAsync("api/models/austen/rollback", new JsonObject { ["reason"] = "the old one was shorter" });
        await Installation.UntilAsync(async () => (await StreamAsync("back")).Version == "v1.0.0-small", 60, () => "the rollback did not arrive");
        await stop.CancelAsync();
        await traffic;

        Assert.Empty(_failures);
        Assert.True(_answers["v1.0.0-small"] > 0 && _answers["v1.2.0-base"] > 0, string.Join(", ", _answers));
        Assert.Equal(0, await _modelflow.Host.StopAsync());
        Assert.Empty(_modelflow.Processes());
    }

    private async Task SetUpAsync()
    {
        foreach (var name in new[] { "golden.jsonl", "eval.jsonl" })
        {
            await _modelflow.AskAsync(HttpMethod.Put, $"api/datasets/austen/{name}", new ByteArrayContent(await File.ReadAllBytesAsync(Path.Combine(Samples, name), Cancel)));
        }

        // Speed is the machine's, and other tests use it as well.
        var policy = string.Join('\n', (await File.ReadAllLinesAsync(Path.Combine(Samples, "policy.yaml"), Cancel)).Where(l => !l.Contains("PerSecond", StringComparison.Ordinal) && !l.Contains("FirstTokenMs", StringComparison.Ordinal)));
        var answer = await _modelflow.AskAsync(HttpMethod.Put, "api/policies/default", new StringContent(policy, Encoding.UTF8, "application/yaml"));
        Assert.True((bool)answer!["valid"]!, answer.ToJsonString());
        (_ann, _bob) = (await _modelflow.TokenAsync("ann", "approver"), await _modelflow.TokenAsync("bob", "approver"));
    }

    private async Task DropAsync(string version)
    {
        var blob = new BlobContainerClient(_modelflow.StorageConnectionString, "incoming").GetBlobClient($"austen/{version}.gguf");
        await blob.UploadAsync(Path.Combine(Samples, version + ".gguf"), overwrite: true, Cancel);
    }

    private async Task<(JsonNode Release, IReadOnlyList<string> Events)> ReleaseAsync(string version)
    {
        await DropAsync(version);
        var id = $"austen-{version}-1";
        var waiting = await _modelflow.UntilAsync(id, r => (string)r["stage"]! is "awaitingApproval" or "ended", 600);
        Assert.True((string)waiting["stage"]! == "awaitingApproval", waiting.ToJsonString());
        foreach (var token in new[] { _ann, _bob })
        {
            await _modelflow.PostAsync($"api/releases/{id}/decisions", new JsonObject { ["decision"] = "approve" }, token);
        }

        var ended = await _modelflow.UntilAsync(id, r => (string)r["stage"]! == "ended", 300);
        Assert.True((string)ended["outcome"]! == "stable", ended.ToJsonString());
        var events = await _modelflow.GetAsync($"api/releases/{id}/events");
        return (ended, [.. (events["items"] ?? events).AsArray().Select(e => (string)e!["message"]!)]);
    }

    private async Task TrafficAsync(CancellationToken cancellationToken)
    {
        for (var i = 0; !cancellationToken.IsCancellationRequested; i++)
        {
            try
            {
                var (version, tokens) = await StreamAsync($"user-{i}");
                _answers.AddOrUpdate(version, 1, (_, n) => n + 1);
                if (tokens != 8)
                {
                    _failures.Enqueue($"an answer of {tokens} tokens");
                }
            }
            catch (Exception e) when (e is HttpRequestException or IOException)
            {
                _failures.Enqueue(e.Message);
            }

            await Task.Delay(100, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<(string Version, int Tokens)> StreamAsync(string user)
    {
        var body = new JsonObject
        {
            ["model"] = "austen", ["prompt"] = "It was a very fine morning, and", ["max_tokens"] = 8, ["temperature"] = 0, ["stream"] = true,
            ["stream_options"] = new JsonObject { ["include_usage"] = true },
        };
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(new Uri((string)_modelflow.Credentials["gateway"]!), "models/austen/v1/completions"))
        {
            Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json"),
        };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", (string)_modelflow.Credentials["inferenceKey"]!);
        request.Headers.Add("x-modelflow-key", user);
        using var answer = await _http.SendAsync(request, Cancel);
        var text = await answer.Content.ReadAsStringAsync(Cancel);
        if (!answer.IsSuccessStatusCode)
        {
            throw new HttpRequestException($"{(int)answer.StatusCode}: {text}");
        }

        var events = text.Split("\n\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("data: [DONE]", events[^1]);
        return (answer.Headers.GetValues("x-modelflow-version").Single(), (int)JsonNode.Parse(events[^2]["data: ".Length..])!["usage"]!["completion_tokens"]!);
    }
}
