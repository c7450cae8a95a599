using System.Net.Http.Headers;
using System.Text.Json;
using Microsoft.Extensions.Options;
using ModelFlow.Serving.Repository;

namespace ModelFlow.Serving.Http;

/// <summary>
/// OpenAI's API for the language models of this server: <c>/v1/completions</c>, <c>/v1/chat/completions</c>, <c>/v1/embeddings</c> and
/// <c>/v1/models</c>. A request's <c>model</c> is <c>{model}/{version}</c>; its engine answers, and the answer passes unbuffered.
/// </summary>
internal sealed class TextEndpoints(ModelRepository repository, IOptions<ServingOptions> options, HttpClient http, ServingMetrics metrics, TimeProvider time, ILogger<TextEndpoints> logger)
{
    private readonly ServingOptions _options = options.Value;

    /// <summary>The language models that are loaded, whether or not their engine is just being started again.</summary>
    public Task ModelsAsync(HttpContext context) => context.JsonAsync(StatusCodes.Status200OK, writer =>
    {
        writer.WriteStartObject();
        writer.WriteString("object"u8, "list"u8);
        writer.WriteStartArray("data"u8);
        foreach (var loaded in repository.Loaded.Where(l => l.Text is not null).OrderBy(l => l.Model).ThenBy(l => l.Version))
        {
            writer.WriteStartObject();
            writer.WriteString("id"u8, loaded.Text!.Name);
            writer.WriteString("object"u8, "model"u8);
            writer.WriteNumber("created"u8, loaded.LoadedAt.ToUnixTimeSeconds());
            writer.WriteString("owned_by"u8, "modelflow"u8);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    });

    /// <summary>Passes a request on to the engine of the version that it names.</summary>
    public async Task ForwardAsync(HttpContext context)
    {
        var began = time.GetTimestamp();
        using var body = await RequestBody.ReadAsync(context, _options.MaxRequestBytes, context.RequestAborted);
        if (ModelOf(body.WrittenMemory, out var mistake) is not { } name)
        {
            await ErrorAsync(context, StatusCodes.Status400BadRequest, mistake, "invalid_value", "model");
            return;
        }

        var slash = name.IndexOf('/', StringComparison.Ordinal);
        if (slash < 0 || repository.Find(name[..slash], name[(slash + 1)..]) is not { Text: { } text } loaded || !loaded.TryEnter())
        {
            await ErrorAsync(context, StatusCodes.Status404NotFound, $"The language model '{name}' is not loaded on this server; name it as {{model}}/{{version}}.", "model_not_found", "model");
            return;
        }

        context.Response.Headers[Answers.VersionHeader] = loaded.Version.Value;
        try
        {
            using var cancel = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, loaded.Ended);
            await ForwardAsync(context, text, body.WrittenMemory, cancel.Token);
        }
        catch (OperationCanceledException) when (loaded.Ended.IsCancellationRequested && !context.RequestAborted.IsCancellationRequested)
        {
            await BrokenOffAsync(context, StatusCodes.Status503ServiceUnavailable, $"{name} was unloaded while it computed.", "unloaded");
        }
        catch (Exception e) when (e is HttpRequestException or IOException && !context.RequestAborted.IsCancellationRequested)
        {
            Log.InferenceFailed(logger, loaded.Model.Value, loaded.Version.Value, e.Message);
            await BrokenOffAsync(context, StatusCodes.Status502BadGateway, $"The engine of {name} did not finish its answer: {e.Message}", "engine_failed");
        }
        finally
        {
            loaded.Exit();
            metrics.Answered(loaded.Model.Value, loaded.Version.Value, context.Response.StatusCode, time.GetElapsedTime(began));
        }
    }

    private async Task ForwardAsync(HttpContext context, TextModel text, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        if (text.Address is not { } address)
        {
            context.Response.Headers.RetryAfter = "1";
            await ErrorAsync(context, StatusCodes.Status503ServiceUnavailable, $"The engine of {text.Name} ended and is being started again.", "engine_starting", null);
            return;
        }

        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(address, context.Request.Path.Value!.TrimStart('/')))
        {
            Content = new ReadOnlyMemoryContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } },
        };
        using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        context.Response.StatusCode = (int)answer.StatusCode;
        context.Response.ContentType = answer.Content.Headers.ContentType?.ToString();
        if (answer.Headers.RetryAfter is { } retry)
        {
            context.Response.Headers.RetryAfter = retry.ToString();
        }

        await using var from = await answer.Content.ReadAsStreamAsync(cancellationToken);
        var buffer = new byte[16 * 1024];
        for (int read; (read = await from.ReadAsync(buffer, cancellationToken)) > 0;)
        {
            await context.Response.Body.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
            await context.Response.Body.FlushAsync(cancellationToken);
        }
    }

    // A stream that just ended would look whole.
    private static Task BrokenOffAsync(HttpContext context, int status, string message, string code)
    {
        if (!context.Response.HasStarted)
        {
            return ErrorAsync(context, status, message, code, null);
        }

        context.Abort();
        return Task.CompletedTask;
    }

    private static Task ErrorAsync(HttpContext context, int status, string message, string code, string? field) => context.JsonAsync(status, writer =>
    {
        writer.WriteStartObject();
        writer.WriteStartObject("error"u8);
        writer.WriteString("message"u8, message);
        writer.WriteString("type"u8, status < 500 ? "invalid_request_error"u8 : "server_error"u8);
        writer.WriteString("param"u8, field);
        writer.WriteString("code"u8, code);
        writer.WriteEndObject();
        writer.WriteEndObject();
    });

    // The outermost 'model'. It must be there once: engines differ on which of two counts.
    private static string? ModelOf(ReadOnlyMemory<byte> body, out string mistake)
    {
        mistake = "The body must be a JSON object with one 'model': {model}/{version}.";
        try
        {
            using var json = JsonDocument.Parse(body);
            if (json.RootElement.ValueKind != JsonValueKind.Object)
            {
                return null;
            }

            var named = json.RootElement.EnumerateObject().Where(p => p.NameEquals("model"u8)).Take(2).ToList();
            return named.Count == 1 && named[0].Value.ValueKind == JsonValueKind.String ? named[0].Value.GetString() : null;
        }
        catch (JsonException e)
        {
            mistake = $"The body is no JSON: {e.Message}";
            return null;
        }
    }
}
