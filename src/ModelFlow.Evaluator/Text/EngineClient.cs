using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json;

namespace ModelFlow.Evaluator.Text;

/// <summary>
/// Asks an engine over OpenAI's API (https://platform.openai.com/docs/api-reference/completions). What it answers is no more
/// trusted than the model: sizes and times are bounded, numbers are checked.
/// </summary>
internal sealed class EngineClient : IDisposable
{
    private const long LargestAnswer = 64 * 1024 * 1024;
    private const int LongestLine = 1024 * 1024;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private readonly HttpClient _http;
    private readonly Uri _address;
    private readonly string _name;

    private EngineClient(HttpClient http, Uri address, string name)
    {
        _http = http;
        _address = address;
        _name = name;
    }

    /// <summary>A client for requests to an engine; engines are on this machine or a private network, where no proxy leads.</summary>
    public static HttpClient CreateHttp() => new(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false, ConnectTimeout = TimeSpan.FromSeconds(10) })
    {
        MaxResponseContentBufferSize = LargestAnswer,
        Timeout = Patience,
    };

    /// <summary>Finds out what the engine calls its model.</summary>
    /// <exception cref="EngineException">It does not answer like an engine with a model.</exception>
    public static async Task<EngineClient> ConnectAsync(HttpClient http, Uri address)
    {
        var client = new EngineClient(http, address.AbsolutePath.EndsWith('/') ? address : new Uri(address.AbsoluteUri + "/"), "");
        using var models = await client.SendAsync(HttpMethod.Get, "v1/models", null);
        return models.RootElement is { ValueKind: JsonValueKind.Object } root && root.TryGetProperty("data", out var data) && data.ValueKind == JsonValueKind.Array && data.GetArrayLength() > 0
            && data[0].ValueKind == JsonValueKind.Object && data[0].TryGetProperty("id", out var id) && id.GetString() is { Length: > 0 and <= 1_000 } name
            ? new EngineClient(http, client._address, name)
            : throw new EngineException($"the engine at {address} names no model at v1/models");
    }

    /// <summary>The loss of a text's tokens, each given those before it.</summary>
    /// <exception cref="EngineException">It does not answer, or gives no probabilities of the prompt.</exception>
    public async Task<(long Tokens, double Nats)> ScoreAsync(string text)
    {
        // One token more than the prompt, because some engines refuse none; it is left out again.
        using var answer = await SendAsync(
            HttpMethod.Post, "v1/completions", new { model = _name, prompt = text, max_tokens = 1, temperature = 0, echo = true, logprobs = 1 });
        var choice = Choice(answer.RootElement);
        if (!choice.TryGetProperty("logprobs", out var logprobs) || logprobs.ValueKind != JsonValueKind.Object
            || !logprobs.TryGetProperty("token_logprobs", out var values) || values.ValueKind != JsonValueKind.Array)
        {
            throw NoPromptProbabilities();
        }

        var ofPrompt = values.GetArrayLength() - CompletionTokens(answer.RootElement);
        if (ofPrompt < 1 || (Usage(answer.RootElement, "prompt_tokens") is { } prompt && ofPrompt < prompt - 1))
        {
            throw NoPromptProbabilities();
        }

        long tokens = 0;
        double nats = 0;
        for (var i = 0; i < ofPrompt; i++)
        {
            var value = values[i];
            if (value.ValueKind == JsonValueKind.Null && i == 0)
            {
                continue; // Nothing is before the first token.
            }

            if (value.ValueKind != JsonValueKind.Number || !value.TryGetDouble(out var logProbability) || !double.IsFinite(logProbability) || logProbability > 1e-3)
            {
                throw new EngineException($"the engine at {_address} gives {value.GetRawText()} as the log-probability of token {i + 1} of a text");
            }

            tokens++;
            nats -= Math.Min(0, logProbability);
        }

        return tokens > 0 ? (tokens, nats) : throw new EngineException("a text of one token has nothing to foresee; leave it out of the data set");
    }

    /// <summary>Goes on with a text, always by the most probable token, and measures how fast.</summary>
    /// <exception cref="EngineException">It does not answer with a whole stream of text.</exception>
    public async Task<Answer> GenerateAsync(string prompt, int maxTokens)
    {
        var began = Stopwatch.GetTimestamp();
        using var limit = new CancellationTokenSource(Patience);
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(_address, "v1/completions"))
        {
            Content = JsonContent.Create(new { model = _name, prompt, max_tokens = maxTokens, temperature = 0, stream = true, stream_options = new { include_usage = true } }),
        };
        try
        {
            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token);
            if (!response.IsSuccessStatusCode)
            {
                throw Refusal("v1/completions", (int)response.StatusCode, await response.Content.ReadAsByteArrayAsync(limit.Token));
            }

            using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(limit.Token));
            return await ReadStreamAsync(reader, began, limit.Token);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException)
        {
            throw new EngineException($"the engine at {_address} does not finish its answer: {e.Message}");
        }
    }

    public void Dispose() => _http.Dispose();

    private async Task<Answer> ReadStreamAsync(StreamReader reader, long began, CancellationToken cancellationToken)
    {
        var text = new System.Text.StringBuilder();
        long? first = null, last = null, tokens = null;
        var (pieces, whole) = (0, false);
        while (await reader.ReadLineAsync(cancellationToken) is { } line)
        {
            if (line.Length > LongestLine || text.Length > LargestAnswer)
            {
                throw new EngineException($"the engine at {_address} answers with more than anybody asked for");
            }

            if (!line.StartsWith("data:", StringComparison.Ordinal))
            {
                continue;
            }

            var data = line.AsMemory(5).Trim();
            if (data.Span.SequenceEqual("[DONE]"))
            {
                whole = true;
                break;
            }

            using var piece = Parse(data);
            tokens = Usage(piece.RootElement, "completion_tokens") ?? tokens;
            if (piece.RootElement.TryGetProperty("error", out var error))
            {
                throw new EngineException($"the engine at {_address} broke its answer off: {error.GetRawText()}");
            }

            if (piece.RootElement.TryGetProperty("choices", out var choices) && choices.ValueKind == JsonValueKind.Array && choices.GetArrayLength() > 0
                && choices[0].TryGetProperty("text", out var part) && part.ValueKind == JsonValueKind.String && part.GetString() is { Length: > 0 } added)
            {
                last = Stopwatch.GetTimestamp();
                first ??= last;
                pieces++;
                text.Append(added);
            }
        }

        if (!whole)
        {
            throw new EngineException($"the engine at {_address} broke its answer off");
        }

        return new Answer(
            text.ToString(),
            tokens ?? pieces,
            first is { } f ? Stopwatch.GetElapsedTime(began, f) : null,
            Stopwatch.GetElapsedTime(began),
            first is { } from && last > from && (tokens ?? pieces) > 1 ? ((tokens ?? pieces) - 1) / Stopwatch.GetElapsedTime(from, last.Value).TotalSeconds : null);
    }

    private async Task<JsonDocument> SendAsync(HttpMethod method, string path, object? body)
    {
        try
        {
            using var request = new HttpRequestMessage(method, new Uri(_address, path)) { Content = body is null ? null : JsonContent.Create(body) };
            using var response = await _http.SendAsync(request);
            var bytes = await response.Content.ReadAsByteArrayAsync();
            return response.IsSuccessStatusCode ? Parse(bytes) : throw Refusal(path, (int)response.StatusCode, bytes);
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
        {
            throw new EngineException($"the engine at {_address} does not answer {path}: {e.Message}");
        }
    }

    private JsonDocument Parse(ReadOnlyMemory<byte> json)
    {
        try
        {
            return JsonDocument.Parse(json);
        }
        catch (JsonException e)
        {
            throw new EngineException($"the engine at {_address} answers with what is no JSON: {e.Message}");
        }
    }

    private JsonDocument Parse(ReadOnlyMemory<char> json)
    {
        try
        {
            return JsonDocument.Parse(json) is { RootElement.ValueKind: JsonValueKind.Object } piece
                ? piece
                : throw new EngineException($"the engine at {_address} streams what is no JSON object");
        }
        catch (JsonException e)
        {
            throw new EngineException($"the engine at {_address} streams what is no JSON: {e.Message}");
        }
    }

    private EngineException Refusal(string path, int status, byte[] body)
    {
        var text = System.Text.Encoding.UTF8.GetString(body);
        try
        {
            using var json = JsonDocument.Parse(body);
            text = json.RootElement.TryGetProperty("error", out var error) && error.ValueKind == JsonValueKind.Object && error.TryGetProperty("message", out var message) ? message.ToString() : text;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // Not in OpenAI's form; as it is, then.
        }

        return new EngineException($"the engine at {_address} answers {status} to {path}: {(text.Length <= 500 ? text : text[..500] + "…")}");
    }

    private JsonElement Choice(JsonElement answer) =>
        answer.ValueKind == JsonValueKind.Object && answer.TryGetProperty("choices", out var choices) && choices.ValueKind == JsonValueKind.Array && choices.GetArrayLength() == 1 && choices[0].ValueKind == JsonValueKind.Object
            ? choices[0]
            : throw new EngineException($"the engine at {_address} gives no choices to v1/completions");

    private long CompletionTokens(JsonElement answer) =>
        Usage(answer, "completion_tokens") is { } tokens and >= 0 and <= 1_000 ? tokens : throw new EngineException($"the engine at {_address} does not say in 'usage' how many tokens it added");

    private static long? Usage(JsonElement answer, string field) =>
        answer.TryGetProperty("usage", out var usage) && usage.ValueKind == JsonValueKind.Object && usage.TryGetProperty(field, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var count)
            ? count
            : null;

    private EngineException NoPromptProbabilities() => new(
        $"the engine at {_address} does not give log-probabilities of the prompt ('echo' with 'logprobs' at v1/completions), which perplexity and multiple choice need; "
        + "ModelFlow's own engine and vLLM give them, llama-server does not");
}

/// <summary>An answer and its times.</summary>
/// <param name="Text">All of it.</param>
/// <param name="Tokens">How many tokens it has.</param>
/// <param name="First">From the request to the first text; null if there was none.</param>
/// <param name="All">From the request to the end.</param>
/// <param name="TokensPerSecond">After the first; null with fewer than two tokens.</param>
internal sealed record Answer(string Text, long Tokens, TimeSpan? First, TimeSpan All, double? TokensPerSecond);
