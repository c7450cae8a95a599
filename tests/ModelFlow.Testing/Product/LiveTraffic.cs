using System.Collections.Concurrent;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;

namespace ModelFlow.Testing.Product;

/// <summary>Clients of all models: a few requests a second each, with small batches, under ever new keys.</summary>
public sealed class LiveTraffic(Installation modelflow, IReadOnlyCollection<string> models) : IDisposable
{
    private const int Rows = 4;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(60) };
    private readonly ConcurrentQueue<Answer> _answers = new();
    private readonly string _body = Body();

    /// <summary>All answers, those before a model's first success left out: until then there is nothing to answer with.</summary>
    public IReadOnlyCollection<Answer> Answers => _answers;

    /// <summary>Sends until cancelled.</summary>
    public Task RunAsync(CancellationToken cancellationToken) => Task.WhenAll(models.Select(m => SendAsync(m, cancellationToken)));

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private static string Body()
    {
        var rows = Installation.GoldenRows().Take(Rows).SelectMany(r => r["pixels"]!.AsArray()).Select(p => p!.DeepClone());
        return new JsonObject
        {
            ["inputs"] = new JsonArray(new JsonObject { ["name"] = "pixels", ["datatype"] = "FP32", ["shape"] = new JsonArray(Rows, 64), ["data"] = new JsonArray([.. rows]) }),
        }.ToJsonString();
    }

    private async Task SendAsync(string model, CancellationToken cancellationToken)
    {
        var address = new Uri(new Uri((string)modelflow.Credentials["gateway"]!), $"models/{model}/v2/infer");
        var key = (string)modelflow.Credentials["inferenceKey"]!;
        var live = false;
        for (var i = 0; !cancellationToken.IsCancellationRequested; i++)
        {
            var answer = await AskAsync(model, address, key, i);
            live |= answer.Version is not null;
            if (live || answer.Problem is not ("404" or "503"))
            {
                _answers.Enqueue(answer);
            }

            await Task.Delay(Pause, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<Answer> AskAsync(string model, Uri address, string key, int i)
    {
        var sentAt = DateTimeOffset.UtcNow;
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, address) { Content = new StringContent(_body, Encoding.UTF8, "application/json") };
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
            request.Headers.Add("x-modelflow-key", $"user-{i.ToString(CultureInfo.InvariantCulture)}");
            using var answer = await _http.SendAsync(request);
            await answer.Content.ReadAsByteArrayAsync();
            return answer.IsSuccessStatusCode
                ? new Answer(model, answer.Headers.GetValues("x-modelflow-version").Single(), null, sentAt, DateTimeOffset.UtcNow)
                : new Answer(model, null, ((int)answer.StatusCode).ToString(CultureInfo.InvariantCulture), sentAt, DateTimeOffset.UtcNow);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException)
        {
            return new Answer(model, null, e.Message, sentAt, DateTimeOffset.UtcNow);
        }
    }
}

/// <summary>What a client got.</summary>
/// <param name="Model">The model it asked.</param>
/// <param name="Version">The version that answered; null for a failure.</param>
/// <param name="Problem">The status code, or what went wrong on the way; null for a success.</param>
/// <param name="SentAt">When it asked.</param>
/// <param name="At">When it had the answer.</param>
public sealed record Answer(string Model, string? Version, string? Problem, DateTimeOffset SentAt, DateTimeOffset At);
