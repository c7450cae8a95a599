using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;

namespace ModelFlow.Benchmarks.Rollback;

/// <summary>Callers who each send the next request as soon as the last one is answered; one row a request.</summary>
internal sealed class ClosedLoop : IAsyncDisposable
{
    private const int Callers = 16;
    private const int Users = 400;
    private readonly ConcurrentDictionary<string, long> _lastAnswer = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stop = new();
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false, MaxConnectionsPerServer = Callers });
    private readonly long _started = TimeProvider.System.GetTimestamp();
    private readonly Task _running;
    private long _answers;
    private long _asked;

    private ClosedLoop(Uri address, string key, byte[] body)
    {
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        _running = Task.WhenAll(Enumerable.Range(0, Callers).Select(_ => CallAsync(address, body)));
    }

    /// <summary>What was not answered well.</summary>
    public ConcurrentQueue<string> Failures { get; } = new();

    /// <summary>Answers a second so far.</summary>
    public double PerSecond => Interlocked.Read(ref _answers) / TimeProvider.System.GetElapsedTime(_started).TotalSeconds;

    /// <summary>Begins to send rows of a data set.</summary>
    public static ClosedLoop Start((Uri Address, string Key) gateway, string model, string dataset)
    {
        var pixels = JsonNode.Parse(File.ReadLines(dataset).First())!["pixels"]!.ToJsonString();
        var body = $$"""{"inputs":[{"name":"pixels","shape":[1,64],"datatype":"FP32","data":{{pixels}}}]}""";
        return new ClosedLoop(new Uri(gateway.Address, $"models/{model}/v2/infer"), gateway.Key, Encoding.UTF8.GetBytes(body));
    }

    /// <summary>When a version's newest answer arrived; null if it never answered.</summary>
    public long? LastAnswerOf(string version) => _lastAnswer.TryGetValue(version, out var last) ? last : null;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _http.Dispose();
        _stop.Dispose();
    }

    private async Task CallAsync(Uri address, byte[] body)
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                using var request = new HttpRequestMessage(HttpMethod.Post, address) { Content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } } };
                request.Headers.Add("x-modelflow-key", $"user-{Interlocked.Increment(ref _asked) % Users}");
                using var response = await _http.SendAsync(request, CancellationToken.None);
                await response.Content.ReadAsByteArrayAsync(CancellationToken.None);
                if (!response.IsSuccessStatusCode)
                {
                    Failures.Enqueue($"{(int)response.StatusCode}");
                    continue;
                }

                var now = TimeProvider.System.GetTimestamp();
                _lastAnswer.AddOrUpdate(response.Headers.GetValues("x-modelflow-version").Single(), now, (_, before) => Math.Max(before, now));
                Interlocked.Increment(ref _answers);
            }
            catch (HttpRequestException e)
            {
                Failures.Enqueue(e.Message);
            }
        }
    }
}
