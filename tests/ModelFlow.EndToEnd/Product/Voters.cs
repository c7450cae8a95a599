using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;

namespace ModelFlow.EndToEnd.Product;

/// <summary>Users of a model who mark each answer: 1 or 0, as often as its version pleases them. Each has a key of their own and belongs to one of two slices.</summary>
/// <param name="modelflow">Where they ask.</param>
/// <param name="liked">The share of a version's answers that is liked; a version that is not in it gets no marks.</param>
internal sealed class Voters(Installation modelflow, IReadOnlyDictionary<string, double> liked) : IDisposable
{
    private const int AtOnce = 4;
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(30) };
    private readonly ConcurrentDictionary<string, int> _marks = new(StringComparer.Ordinal);
    private int _users;

    /// <summary>Marks that were taken, by version.</summary>
    public IReadOnlyDictionary<string, int> Marks => _marks;

    /// <summary>Asks and marks until cancelled.</summary>
    public Task RunAsync(CancellationToken cancellationToken) => Task.WhenAll(Enumerable.Range(0, AtOnce).Select(_ => VoteAsync(cancellationToken)));

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private async Task VoteAsync(CancellationToken cancellationToken)
    {
        var pixels = Installation.GoldenRows()[0]["pixels"]!;
        var body = new JsonObject
        {
            ["inputs"] = new JsonArray(new JsonObject { ["name"] = "pixels", ["datatype"] = "FP32", ["shape"] = new JsonArray(1, 64), ["data"] = pixels.DeepClone() }),
        }.ToJsonString();
        while (!cancellationToken.IsCancellationRequested)
        {
            var user = Interlocked.Increment(ref _users);
            using var request = Request("v2/infer", body);
            request.Headers.Add("x-modelflow-key", $"user-{user}");
            request.Headers.Add("x-modelflow-slice", user % 3 == 0 ? "phone" : "desk");
            using var answer = await _http.SendAsync(request, CancellationToken.None);
            if (answer.IsSuccessStatusCode && liked.TryGetValue(answer.Headers.GetValues("x-modelflow-version").Single(), out var share))
            {
                await MarkAsync(answer, share * 100 > user * 37 % 100 ? 1 : 0);
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task MarkAsync(HttpResponseMessage answer, int score)
    {
        var mark = new JsonObject { ["requestId"] = answer.Headers.GetValues("x-modelflow-request-id").Single(), ["score"] = score };
        using var request = Request("feedback", mark.ToJsonString());
        using var taken = await _http.SendAsync(request, CancellationToken.None);
        if (taken.IsSuccessStatusCode)
        {
            _marks.AddOrUpdate(answer.Headers.GetValues("x-modelflow-version").Single(), 1, (_, n) => n + 1);
        }
    }

    private HttpRequestMessage Request(string operation, string body)
    {
        var address = new Uri(new Uri((string)modelflow.Credentials["gateway"]!), $"models/digits/{operation}");
        var request = new HttpRequestMessage(HttpMethod.Post, address) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", (string)modelflow.Credentials["inferenceKey"]!);
        return request;
    }
}
