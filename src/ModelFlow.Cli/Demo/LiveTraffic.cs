using System.Collections.Concurrent;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace ModelFlow.Cli.Demo;

/// <summary>
/// Steady live traffic: batches of real images, at a fixed rate and from many users, through the gateway.
/// Counts what answered, and remembers every failure.
/// </summary>
internal sealed class LiveTraffic : IAsyncDisposable
{
    /// <summary>Images in one request.</summary>
    public const int BatchSize = 192;

    private const int RequestsPerSecond = 60;
    private const int Users = 400;
    private const int MostInFlight = 32;

    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false, MaxConnectionsPerServer = MostInFlight });
    private readonly Uri _address;
    private readonly TimeProvider _time;
    private readonly IReadOnlyList<byte[]> _bodies;
    private readonly CancellationTokenSource _stop = new();
    private readonly SemaphoreSlim _inFlight = new(MostInFlight);
    private readonly ConcurrentDictionary<string, VersionCount> _versions = new(StringComparer.Ordinal);
    private readonly ConcurrentQueue<string> _failures = new();
    private Task _running = Task.CompletedTask;
    private long _sent;

    private LiveTraffic(Uri gateway, string model, string? key, IReadOnlyList<byte[]> bodies, TimeProvider time)
    {
        _address = new Uri(gateway, $"models/{model}/v2/infer");
        _bodies = bodies;
        _time = time;
        if (key is not null)
        {
            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        }
    }

    /// <summary>Requests that were answered.</summary>
    public long Answered => _versions.Values.Sum(v => v.Answers);

    /// <summary>Every request that was not answered well, in words.</summary>
    public IReadOnlyCollection<string> Failures => _failures;

    /// <summary>Versions that answered at least one request.</summary>
    public IReadOnlyCollection<string> Versions => [.. _versions.Keys];

    /// <summary>Begins to send.</summary>
    public static LiveTraffic Start(Uri gateway, string model, string? key, string samples, TimeProvider time)
    {
        var traffic = new LiveTraffic(gateway, model, key, Batches(Path.Combine(samples, "eval.jsonl")), time);
        traffic._running = traffic.RunAsync();
        return traffic;
    }

    /// <summary>Answers of a version so far.</summary>
    public long AnswersOf(string version) => _versions.TryGetValue(version, out var count) ? count.Answers : 0;

    /// <summary>When the newest request that this version answered was sent; null if it answered none.</summary>
    public long? LastSentTo(string version) => _versions.TryGetValue(version, out var count) ? count.LastSent : null;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        for (var i = 0; i < MostInFlight; i++)
        {
            await _inFlight.WaitAsync();
        }

        _http.Dispose();
        _inFlight.Dispose();
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1.0 / RequestsPerSecond), _time);
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token))
            {
                await _inFlight.WaitAsync(_stop.Token);
                var sending = SendAsync(_sent++);
                _ = sending.ContinueWith(_ => _inFlight.Release(), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            }
        }
        catch (OperationCanceledException)
        {
            // Asked to stop.
        }
    }

    private async Task SendAsync(long number)
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, _address)
            {
                Content = new ByteArrayContent(_bodies[(int)(number % _bodies.Count)]) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } },
            };
            request.Headers.Add("x-modelflow-key", "user-" + (number * 7919 % Users).ToString(CultureInfo.InvariantCulture));
            var sent = _time.GetTimestamp();
            using var response = await _http.SendAsync(request, CancellationToken.None);
            var body = await response.Content.ReadAsByteArrayAsync(CancellationToken.None);
            var version = response.Headers.TryGetValues("x-modelflow-version", out var values) ? values.First() : "unknown";
            if (response.IsSuccessStatusCode)
            {
                _versions.GetOrAdd(version, _ => new VersionCount()).Add(sent);
            }
            else
            {
                _failures.Enqueue($"{(int)response.StatusCode} from {version}: {Encoding.UTF8.GetString(body.AsSpan(0, Math.Min(body.Length, 300)))}");
            }
        }
        catch (HttpRequestException e)
        {
            _failures.Enqueue(e.Message);
        }
    }

    // Requests of the Open Inference Protocol V2 with the rows of a data set, one after the other.
    private static List<byte[]> Batches(string file)
    {
        var rows = File.ReadLines(file).Select(line => JsonDocument.Parse(line).RootElement.GetProperty("pixels").EnumerateArray().Select(p => p.GetRawText())).Select(p => string.Join(',', p)).ToList();
        var bodies = new List<byte[]>();
        for (var start = 0; start + BatchSize <= rows.Count; start += BatchSize)
        {
            var data = string.Join(',', rows.Skip(start).Take(BatchSize));
            bodies.Add(Encoding.UTF8.GetBytes($$"""{"inputs":[{"name":"pixels","shape":[{{BatchSize}},64],"datatype":"FP32","data":[{{data}}]}]}"""));
        }

        return bodies;
    }

    private sealed class VersionCount
    {
        private long _answers;
        private long _lastSent;

        public long Answers => Interlocked.Read(ref _answers);

        public long LastSent => Interlocked.Read(ref _lastSent);

        public void Add(long sent)
        {
            Interlocked.Increment(ref _answers);
            var last = Interlocked.Read(ref _lastSent);
            while (sent > last)
            {
                var seen = Interlocked.CompareExchange(ref _lastSent, sent, last);
                if (seen == last)
                {
                    break;
                }

                last = seen;
            }
        }
    }
}
