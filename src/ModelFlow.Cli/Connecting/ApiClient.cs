using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace ModelFlow.Cli.Connecting;

/// <summary>
/// Speaks the HTTP API (<c>docs/http-api.md</c>). An answer is kept as JSON, which <c>--json</c> prints as it came, and read into
/// a contract where a command shows it. Every refusal becomes a <see cref="CommandFailedException"/>.
/// </summary>
internal sealed class ApiClient : IDisposable
{
    /// <summary>How answers are read: unknown fields are from a newer host and passed over.</summary>
    public static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        WriteIndented = true,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>The media type of server-sent events.</summary>
    public const string EventStream = "text/event-stream";

    /// <summary>How long a question may take: longer than the longest long poll. Changes have no such limit; a restore verifies gigabytes.</summary>
    private static readonly TimeSpan GetTimeout = TimeSpan.FromSeconds(100);

    private readonly HttpClient _http;
    private readonly Connection _connection;
    private readonly TimeProvider _time;

    public ApiClient(Connection connection, TimeProvider time)
    {
        _connection = connection;
        _time = time;
        _http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, ConnectTimeout = TimeSpan.FromSeconds(10), UseProxy = !connection.Server.IsLoopback })
        {
            BaseAddress = connection.Server,
            Timeout = Timeout.InfiniteTimeSpan,
        };
        _http.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("modelflow-cli", typeof(ApiClient).Assembly.GetName().Version?.ToString(3)));
        if (connection.Token is { } token)
        {
            if (token.Any(c => c is <= ' ' or > '~'))
            {
                throw new CommandFailedException(ExitCode.Unauthorized, $"The token from {connection.TokenSource} has blanks or characters that no token has.");
            }

            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }
    }

    public Uri Server => _connection.Server;

    public void Dispose() => _http.Dispose();

    /// <summary>A path with every value escaped: <c>Path($"api/models/{model}")</c>.</summary>
    public static string Path(FormattableString path)
    {
        ArgumentNullException.ThrowIfNull(path);
        var values = path.GetArguments().Select(a => (object)Uri.EscapeDataString(Convert.ToString(a, CultureInfo.InvariantCulture) ?? "")).ToArray();
        return string.Format(CultureInfo.InvariantCulture, path.Format, values);
    }

    public async Task<JsonNode> GetAsync(string path, CancellationToken cancellationToken) =>
        (await SendAsync(HttpMethod.Get, path, null, cancellationToken))!;

    /// <summary>Follows <c>continuation</c> until there are <paramref name="most"/> items or no more pages; the answer has one list of all.</summary>
    public async Task<JsonNode> ListAsync(string path, int most, CancellationToken cancellationToken)
    {
        var items = new JsonArray();
        string? continuation = null;
        do
        {
            var separator = path.Contains('?', StringComparison.Ordinal) ? '&' : '?';
            var page = await GetAsync($"{path}{separator}limit={Math.Clamp(most - items.Count, 1, 500)}{(continuation is null ? "" : "&continuation=" + Uri.EscapeDataString(continuation))}", cancellationToken);
            foreach (var item in page["items"]!.AsArray().Take(most - items.Count).ToList())
            {
                items.Add(item?.DeepClone());
            }

            continuation = page["continuation"]?.GetValue<string>();
        }
        while (continuation is not null && items.Count < most);

        return new JsonObject { ["items"] = items };
    }

    /// <summary>A request that changes something. Its id is made here, so that sending it again after a lost answer does it once.</summary>
    public Task<JsonNode?> SendAsync(HttpMethod method, string path, object? body, CancellationToken cancellationToken) =>
        SendAsync(method, path, body is null ? null : () => JsonContent(body), cancellationToken);

    /// <summary>The same with a body of another type; made anew for each try.</summary>
    public async Task<JsonNode?> SendAsync(HttpMethod method, string path, Func<HttpContent>? body, CancellationToken cancellationToken)
    {
        using var response = await SendForResponseAsync(method, path, body, cancellationToken);
        if (response.StatusCode == HttpStatusCode.NoContent)
        {
            return null;
        }

        try
        {
            return JsonNode.Parse(await response.Content.ReadAsByteArrayAsync(cancellationToken));
        }
        catch (JsonException)
        {
            throw new CommandFailedException(ExitCode.Refused, $"{_connection.Server} answered {(int)response.StatusCode} with something that is not JSON.", "Is this the address of a ModelFlow host?");
        }
    }

    /// <summary>Copies a file's bytes to <paramref name="destination"/>.</summary>
    public async Task DownloadAsync(string path, Stream destination, CancellationToken cancellationToken)
    {
        using var response = await SendForResponseAsync(HttpMethod.Get, path, null, cancellationToken);
        await response.Content.CopyToAsync(destination, cancellationToken);
    }

    /// <summary>The lines of a text that is longer than memory.</summary>
    public async IAsyncEnumerable<string> ReadLinesAsync(string path, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var response = await SendForResponseAsync(HttpMethod.Get, path, null, cancellationToken);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(cancellationToken), Encoding.UTF8);
        while (await NextAsync(reader, cancellationToken) is { } line)
        {
            yield return line;
        }
    }

    /// <summary>Asks for a stream of server-sent events. A host that has none there answers with JSON.</summary>
    public Task<HttpResponseMessage> OpenEventsAsync(string path, CancellationToken cancellationToken) =>
        SendForResponseAsync(HttpMethod.Get, path, null, cancellationToken, accept: $"{EventStream}, application/json;q=0.9");

    /// <summary>Reads an answer into a contract.</summary>
    public static T Read<T>(JsonNode node)
    {
        try
        {
            return node.Deserialize<T>(Json) ?? throw new JsonException("It is null.");
        }
        catch (JsonException e)
        {
            throw new CommandFailedException(ExitCode.Refused, $"The host's answer is not what this program knows: {e.Message}", "Use a modelflow of the host's version.");
        }
    }

    private async Task<string?> NextAsync(StreamReader reader, CancellationToken cancellationToken)
    {
        try
        {
            return await reader.ReadLineAsync(cancellationToken);
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            throw new CommandFailedException(ExitCode.Unreachable, $"{_connection.Server} stopped in the middle of its answer: {e.Message}", "See the host's log; a part of it (--model, --release, --since) takes less time.");
        }
    }

    private static ByteArrayContent JsonContent(object body) =>
        new(body is JsonNode node ? Encoding.UTF8.GetBytes(node.ToJsonString()) : JsonSerializer.SerializeToUtf8Bytes(body, Json))
        {
            Headers = { ContentType = new MediaTypeHeaderValue("application/json", "utf-8") },
        };

    // A busy host (503) or a connection that broke is tried again: GETs change nothing, everything else carries its id.
    private async Task<HttpResponseMessage> SendForResponseAsync(HttpMethod method, string path, Func<HttpContent>? body, CancellationToken cancellationToken, string? accept = null)
    {
        var id = method == HttpMethod.Get ? null : Guid.NewGuid().ToString("N");
        for (var attempt = 1; ; attempt++)
        {
            using var request = new HttpRequestMessage(method, path) { Content = body?.Invoke() };
            if (id is not null)
            {
                request.Headers.Add("Idempotency-Key", id);
            }

            if (accept is not null)
            {
                request.Headers.Add("Accept", accept);
            }

            using var timed = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            if (method == HttpMethod.Get)
            {
                timed.CancelAfter(GetTimeout);
            }

            try
            {
                var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, timed.Token);
                if (response.IsSuccessStatusCode)
                {
                    return response;
                }

                using (response)
                {
                    if (response.StatusCode != HttpStatusCode.ServiceUnavailable || attempt == 3)
                    {
                        throw await RefusalAsync(response, cancellationToken);
                    }
                }
            }
            catch (HttpRequestException e) when (e.HttpRequestError is HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError || attempt == 3)
            {
                throw Unreachable(e);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                throw new CommandFailedException(ExitCode.Unreachable, $"{_connection.Server} did not answer within {GetTimeout.TotalSeconds:0} seconds.", "See the host's log.");
            }
            catch (HttpRequestException)
            {
                // The answer was lost; the next try asks again.
            }

            await Task.Delay(TimeSpan.FromMilliseconds(300 * attempt), _time, cancellationToken);
        }
    }

    private CommandFailedException Unreachable(HttpRequestException e)
    {
        var why = e.InnerException?.Message ?? e.Message;
        return new CommandFailedException(ExitCode.Unreachable, $"No host answers at {_connection.Server} ({why}).", "Start one with 'modelflow up', or name another with --server or MODELFLOW_SERVER.");
    }

    private async Task<CommandFailedException> RefusalAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var exit = response.StatusCode switch
        {
            HttpStatusCode.BadRequest or HttpStatusCode.RequestEntityTooLarge or HttpStatusCode.UnsupportedMediaType => ExitCode.Usage,
            HttpStatusCode.NotFound => ExitCode.NotFound,
            HttpStatusCode.Conflict => ExitCode.Conflict,
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden or HttpStatusCode.TooManyRequests => ExitCode.Unauthorized,
            HttpStatusCode.ServiceUnavailable or HttpStatusCode.BadGateway or HttpStatusCode.GatewayTimeout => ExitCode.Unreachable,
            _ => ExitCode.Refused,
        };
        var problem = await ProblemAsync(response, cancellationToken);
        if (problem is null)
        {
            return new CommandFailedException(exit, $"{_connection.Server} answered {(int)response.StatusCode} {response.ReasonPhrase}.", "Is this the address of a ModelFlow host?");
        }

        var fields = (problem["errors"] as JsonArray)?.Select(e => new FieldMessage(Text(e, "path") ?? "", Text(e, "message") ?? "")).ToList() ?? [];
        var message = fields.Count > 0 ? Text(problem, "title") : Text(problem, "detail") ?? Text(problem, "title");
        var remedy = Text(problem, "remedy");
        if (response.StatusCode == HttpStatusCode.Unauthorized && _connection.Token is null)
        {
            remedy = "Give a token: set MODELFLOW_TOKEN, or run this where the host's credentials file is (.modelflow/credentials.json).";
        }

        return new CommandFailedException(exit, message ?? $"The host answered {(int)response.StatusCode}.", remedy) { Fields = fields, Problem = problem };
    }

    private static async Task<JsonNode?> ProblemAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        if (response.Content.Headers.ContentType?.MediaType is not ("application/problem+json" or "application/json"))
        {
            return null;
        }

        try
        {
            return JsonNode.Parse(await response.Content.ReadAsByteArrayAsync(cancellationToken)) as JsonObject;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string? Text(JsonNode? node, string name) => node?[name] is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;
}
