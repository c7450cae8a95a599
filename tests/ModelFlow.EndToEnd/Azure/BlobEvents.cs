using System.Text;
using System.Text.Json.Nodes;
using Azure.Storage.Blobs;

namespace ModelFlow.EndToEnd.Azure;

/// <summary>Stands in for Event Grid: tells the host of every blob that is put into <c>incoming</c>, by the webhook of the blob extension, until it is taken.</summary>
internal sealed class BlobEvents : IAsyncDisposable
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);
    private readonly CancellationTokenSource _ended = new();
    private readonly HashSet<(string, string)> _told = [];
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(30) };
    private readonly BlobContainerClient _incoming;
    private readonly Uri _webhook;
    private readonly Task _telling;

    public BlobEvents(string storage, Uri host, string systemKey)
    {
        _incoming = new BlobContainerClient(storage, "incoming");
        _webhook = new Uri(host, $"runtime/webhooks/blobs?functionName=Host.Functions.UploadArrived&code={systemKey}");
        _telling = TellAsync();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync();
        await _telling;
        _http.Dispose();
        _ended.Dispose();
    }

    private async Task<bool> PostAsync(string name, string etag)
    {
        var happened = new JsonObject
        {
            ["id"] = Guid.NewGuid().ToString(),
            ["topic"] = $"/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/{_incoming.AccountName}",
            ["subject"] = $"/blobServices/default/containers/incoming/blobs/{name}",
            ["eventType"] = "Microsoft.Storage.BlobCreated",
            ["eventTime"] = DateTimeOffset.UtcNow.ToString("O"),
            ["dataVersion"] = "",
            ["metadataVersion"] = "1",
            ["data"] = new JsonObject { ["api"] = "PutBlob", ["blobType"] = "BlockBlob", ["eTag"] = etag, ["url"] = _incoming.GetBlobClient(name).Uri.ToString() },
        };
        using var request = new HttpRequestMessage(HttpMethod.Post, _webhook) { Content = new StringContent(new JsonArray(happened).ToJsonString(), Encoding.UTF8, "application/json") };
        request.Headers.Add("aeg-event-type", "Notification");
        using var answer = await _http.SendAsync(request, _ended.Token);
        return answer.IsSuccessStatusCode;
    }

    private async Task TellAsync()
    {
        while (!_ended.IsCancellationRequested)
        {
            try
            {
                await foreach (var blob in _incoming.GetBlobsAsync(cancellationToken: _ended.Token))
                {
                    var etag = $"{blob.Properties.ETag}";
                    if (!_told.Contains((blob.Name, etag)) && await PostAsync(blob.Name, etag))
                    {
                        _told.Add((blob.Name, etag));
                    }
                }

                await Task.Delay(Pause, _ended.Token);
            }
            catch (OperationCanceledException) when (_ended.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (e is HttpRequestException or OperationCanceledException or global::Azure.RequestFailedException)
            {
                // The host is away: told again, as Event Grid would.
            }
        }
    }
}
