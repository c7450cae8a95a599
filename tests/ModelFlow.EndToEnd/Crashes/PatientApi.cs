using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using ModelFlow.EndToEnd.Product;

namespace ModelFlow.EndToEnd.Crashes;

/// <summary>The API as a client uses it that knows hosts die: it asks again until it is answered. An answer that tells of a bug is none.</summary>
internal sealed class PatientApi(Installation modelflow) : IDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(30) };
    private int _cutOff;

    /// <summary>How many requests that change something were sent again because the host died over them.</summary>
    public int CutOff => _cutOff;

    /// <summary>Reads; null if there is no such thing.</summary>
    public async Task<JsonNode?> FindAsync(string path, CancellationToken cancellationToken)
    {
        var (status, text) = await AskAsync(HttpMethod.Get, path, null, null, cancellationToken);
        if (status == HttpStatusCode.NotFound)
        {
            return null;
        }

        Assert.True(status == HttpStatusCode.OK, $"GET {path} answered {(int)status}: {text}");
        return JsonNode.Parse(text);
    }

    /// <summary>Reads what must be there.</summary>
    public async Task<JsonNode> GetAsync(string path, CancellationToken cancellationToken) =>
        await FindAsync(path, cancellationToken) ?? throw new InvalidOperationException($"GET {path}: there is no such thing.");

    /// <summary>Reads every page of a list.</summary>
    public async Task<List<JsonNode>> ListAsync(string path, CancellationToken cancellationToken)
    {
        var items = new List<JsonNode>();
        string? continuation = null;
        do
        {
            var page = await GetAsync(continuation is null ? path : $"{path}?continuation={Uri.EscapeDataString(continuation)}", cancellationToken);
            items.AddRange(page["items"]!.AsArray().Select(i => i!));
            continuation = (string?)page["continuation"];
        }
        while (continuation is not null);

        return items;
    }

    /// <summary>Reads a whole audit log, and lets its chain be verified.</summary>
    public async Task<List<JsonNode>> AuditAsync(string scope, CancellationToken cancellationToken)
    {
        var entries = (await GetAsync($"api/audit/{scope}?limit=500", cancellationToken))["items"]!.AsArray().Select(i => i!).ToList();
        var verified = await GetAsync($"api/audit/{scope}/verify", cancellationToken);
        Assert.True((bool)verified["intact"]! && (int)verified["entries"]! == entries.Count, $"{scope}: {verified.ToJsonString()} of {entries.Count} entries");
        return entries;
    }

    /// <summary>Sends JSON. The request has to be idempotent: it may be sent again although it took effect.</summary>
    public Task<(HttpStatusCode Status, string Text)> PostAsync(string path, JsonNode body, string token, CancellationToken cancellationToken) =>
        AskAsync(HttpMethod.Post, path, body.ToJsonString(), token, cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private async Task<(HttpStatusCode Status, string Text)> AskAsync(HttpMethod method, string path, string? body, string? token, CancellationToken cancellationToken)
    {
        while (true)
        {
            try
            {
                using var request = new HttpRequestMessage(method, new Uri(modelflow.Api, path));
                request.Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json");
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token ?? (string)modelflow.Credentials["token"]!);
                using var answer = await _http.SendAsync(request, cancellationToken);
                var text = await answer.Content.ReadAsStringAsync(cancellationToken);
                if (answer.StatusCode != HttpStatusCode.ServiceUnavailable)
                {
                    Assert.True((int)answer.StatusCode < 500, $"{method} {path} answered {(int)answer.StatusCode}: {text}");
                    return (answer.StatusCode, text);
                }
            }
            catch (Exception e) when (e is HttpRequestException or IOException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
            {
                // There is no host just now, or it died over this request.
                if (method != HttpMethod.Get && e is not HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError })
                {
                    Interlocked.Increment(ref _cutOff);
                }
            }

            await Task.Delay(Pause, cancellationToken);
        }
    }
}
