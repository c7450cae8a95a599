using System.Net;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using ModelFlow.Cli.Connecting;
using ModelFlow.Cli.Contracts;

namespace ModelFlow.Cli.Timeline;

/// <summary>
/// Follows a release's events to its end: as a stream that is taken up again after the last event when it breaks or ends, or by long polls
/// of a host that has no streams. A host that goes away for a while (a crash, a restart) does not end it.
/// </summary>
internal sealed class ReleaseFollower(ApiClient api, TimeProvider time)
{
    /// <summary>For how long a host may be away before following gives up.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>Hosts end a stream within 220 seconds: one from which nothing came for longer is dead, whatever the network says.</summary>
    private static readonly TimeSpan LongestSilence = TimeSpan.FromMinutes(4);

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    // Until a stream is taken up again; its host says how long.
    private TimeSpan _pause = Pause;

    /// <summary>Told once when the host stops answering.</summary>
    public Action<CommandFailedException>? Away { get; init; }

    /// <summary>The events after number <paramref name="after"/>, each as it came and as a contract, until the last one.</summary>
    public async IAsyncEnumerable<(JsonNode Json, EventItem Event)> FollowAsync(string release, int after, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var streams = true;
        long? awaySince = null;
        var last = "";
        while (true)
        {
            Answer answer;
            try
            {
                answer = await AskAsync(release, after, streams, cancellationToken);
                awaySince = null;
            }
            catch (CommandFailedException e) when (e.ExitCode == ExitCode.Unreachable && (awaySince is null || time.GetElapsedTime(awaySince.Value) < Patience))
            {
                if (awaySince is null)
                {
                    awaySince = time.GetTimestamp();
                    Away?.Invoke(e);
                }

                await Task.Delay(Pause, time, cancellationToken);
                continue;
            }

            await foreach (var json in answer.Items.WithCancellation(cancellationToken))
            {
                var happened = ApiClient.Read<EventItem>(json);
                (after, last) = (happened.Seq, happened.Kind);
                yield return (json, happened);
            }

            if (answer.Ended || (answer.IsStream && last == "ended"))
            {
                yield break;
            }

            if (answer.IsStream)
            {
                await Task.Delay(_pause, time, cancellationToken);
            }

            streams = answer.IsStream;
        }
    }

    private async Task<Answer> AskAsync(string release, int after, bool streams, CancellationToken cancellationToken)
    {
        var path = $"{ApiClient.Path($"api/releases/{release}/events")}?after={after}";
        if (streams)
        {
            var response = await api.OpenEventsAsync(path, cancellationToken);
            if (response.Content.Headers.ContentType?.MediaType == ApiClient.EventStream)
            {
                return new Answer(ReadAsync(response, cancellationToken), Ended: false, IsStream: true);
            }

            using (response)
            {
                if (response.StatusCode == HttpStatusCode.NoContent)
                {
                    return new Answer(AsyncEnumerable.Empty<JsonNode>(), Ended: true, IsStream: true);
                }
            }
        }

        var page = await api.GetAsync($"{path}&wait=20s", cancellationToken);
        return new Answer(page["items"]!.AsArray().Select(i => i!).ToAsyncEnumerable(), ApiClient.Read<EventPage>(page).Ended, IsStream: false);
    }

    private async IAsyncEnumerable<JsonNode> ReadAsync(HttpResponseMessage response, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var _ = response;
        using var silence = new CancellationTokenSource(LongestSilence, time);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, silence.Token);
        var parser = SseParser.Create(await response.Content.ReadAsStreamAsync(cancellationToken), (_, data) => JsonNode.Parse(data)!);
        await using var items = parser.EnumerateAsync(ending.Token).GetAsyncEnumerator(ending.Token);
        while (await NextAsync())
        {
            silence.CancelAfter(LongestSilence);
            yield return items.Current.Data;
        }

        _pause = parser.ReconnectionInterval is var told && told >= TimeSpan.Zero && told <= LongestPause ? told : Pause;

        async Task<bool> NextAsync()
        {
            try
            {
                return await items.MoveNextAsync();
            }
            catch (Exception e) when (e is IOException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
            {
                // The connection broke: what was not read comes with the next one.
                return false;
            }
            catch (JsonException)
            {
                throw new CommandFailedException(ExitCode.Refused, $"{api.Server} sent an event that is not JSON.", "Is this the address of a ModelFlow host?");
            }
        }
    }

    private sealed record Answer(IAsyncEnumerable<JsonNode> Items, bool Ended, bool IsStream);
}
