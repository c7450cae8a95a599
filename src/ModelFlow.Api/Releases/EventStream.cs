using System.Buffers;
using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using ModelFlow.Api.Access;
using ModelFlow.Api.Problems;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;

namespace ModelFlow.Api.Releases;

/// <summary>
/// A release's events as server-sent events (WHATWG HTML, section 9.2), as they happen. It ends with the release, and after a bounded time:
/// its client comes again with the last id it has, and misses nothing.
/// </summary>
internal sealed class EventStream(EventStreams streams, ReleaseState state, int after, TokenSecret? token) : IResult
{
    public const string MediaType = "text/event-stream";

    private const int MostAtOnce = 500;

    // Two seconds until clients come again.
    private static readonly byte[] Opening = "retry: 2000\n\n"u8.ToArray();
    private static readonly byte[] KeepAlive = ": still here\n\n"u8.ToArray();

    private ReleaseState _state = state;
    private int _reached = after;

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        using var place = streams.Enter();
        if (!place.IsAcquired)
        {
            await Problem.TooManyStreams(streams.Options.MaxEventStreams).ExecuteAsync(httpContext);
            return;
        }

        var (response, gone) = (httpContext.Response, httpContext.RequestAborted);
        httpContext.Features.GetRequiredFeature<IHttpResponseBodyFeature>().DisableBuffering();
        response.ContentType = MediaType;

        // Reverse proxies of the nginx family gather answers unless told not to.
        response.Headers["X-Accel-Buffering"] = "no";
        await SendAsync(response, Opening, gone);
        await SseFormatter.WriteAsync(FollowAsync(response, gone), response.Body, (item, body) => body.Write(JsonSerializer.SerializeToUtf8Bytes(item.Data, streams.Json)), gone);
    }

    private async IAsyncEnumerable<SseItem<ReleaseEvent>> FollowAsync(HttpResponse response, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var (time, options) = (streams.Time, streams.Options);
        var life = TimeSpan.FromSeconds(options.EventStreamSeconds);
        var longestSilence = TimeSpan.FromSeconds(options.EventKeepAliveSeconds);
        var shortestPause = TimeSpan.FromMilliseconds(options.EventPollMs);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, streams.Stopping);
        var (began, spoke, pause) = (time.GetTimestamp(), time.GetTimestamp(), shortestPause);
        for (var items = await ReadAsync(cancellationToken); items is not null; items = await ReadAgainAsync(cancellationToken))
        {
            foreach (var item in items)
            {
                _reached = item.Seq;
                yield return new SseItem<ReleaseEvent>(item, item.Kind) { EventId = item.Seq.ToString() };
                (spoke, pause) = (time.GetTimestamp(), shortestPause);
            }

            var left = life - time.GetElapsedTime(began);
            if ((_state.Outcome is not null && _reached >= _state.EventCount) || left <= TimeSpan.Zero)
            {
                yield break;
            }

            // The formatter knows no comments; while it waits for the next item it writes nothing, so that there is room for one.
            if (time.GetElapsedTime(spoke) >= longestSilence)
            {
                await SendAsync(response, KeepAlive, cancellationToken);
                spoke = time.GetTimestamp();
            }

            // A delay leaves out what is less than a millisecond: without it, the rest of one would be read through without a pause.
            var rest = new[] { pause, left, longestSilence - time.GetElapsedTime(spoke) }.Min() + TimeSpan.FromMilliseconds(1);
            await Task.Delay(rest, time, ending.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            cancellationToken.ThrowIfCancellationRequested();
            if (ending.IsCancellationRequested)
            {
                yield break;
            }

            // As with held requests: a release that is silent for a while is likely to stay so.
            pause = pause * 1.2 < shortestPause * 4 ? pause * 1.2 : shortestPause * 4;
        }
    }

    private async Task<IReadOnlyList<ReleaseEvent>?> ReadAgainAsync(CancellationToken cancellationToken)
    {
        try
        {
            // The state first: if it says "ended", the events read after it are all there will ever be.
            _state = (await streams.Store.LoadAsync(_state.Id, cancellationToken))?.State ?? _state;
            return await ReadAsync(cancellationToken);
        }
        catch (StorageException e) when (e.IsTransient)
        {
            // Clients give up on an error, but not on a silence.
            return [];
        }
    }

    // Null when the token was revoked or has expired meanwhile; that is looked at when there is something to keep from it.
    private async Task<IReadOnlyList<ReleaseEvent>?> ReadAsync(CancellationToken cancellationToken)
    {
        if (_state.EventCount <= _reached)
        {
            return [];
        }

        return await streams.MayReadAsync(token, cancellationToken)
            ? await streams.Store.ReadEventsAsync(_state.Id, _reached, cancellationToken).Take(MostAtOnce).ToListAsync(cancellationToken)
            : null;
    }

    private static async Task SendAsync(HttpResponse response, byte[] text, CancellationToken cancellationToken)
    {
        await response.Body.WriteAsync(text, cancellationToken);
        await response.Body.FlushAsync(cancellationToken);
    }
}
