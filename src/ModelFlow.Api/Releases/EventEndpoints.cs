using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;
using ModelFlow.Api.Access;
using ModelFlow.Api.Audit;
using ModelFlow.Api.Documentation;
using ModelFlow.Api.Problems;
using ModelFlow.Api.Requests;
using ModelFlow.Core.Audit;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;
using ModelFlow.Orchestration.Auditing;

namespace ModelFlow.Api.Releases;

/// <summary>A release's events, and its reports.</summary>
internal static class EventEndpoints
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(30);

    public static void MapReleaseEvents(this RouteGroupBuilder api)
    {
        var release = api.MapGroup("/releases/{id}").WithTags("Releases");
        release.MapGet("/events", ReadAsync).Allow(Role.Reader).AddOpenApiOperationTransformer(EventStreamDocs.Describe)
            .WithSummary("A release's events after a number: a list, with 'wait' held until there are some, or a stream of server-sent events.");
        release.MapGet("/events/verify", VerifyAsync).Allow(Role.Reader).WithSummary("Recomputes the chain of hashes.");
        release.MapGet("/reports", ListReportsAsync).Allow(Role.Reader).WithSummary("Names of the release's report files.");
        release.MapGet("/reports/{name}", DownloadAsync).Allow(Role.Reader).Produces(StatusCodes.Status200OK, contentType: "application/octet-stream").WithSummary("A report file.");
    }

    private static Task<Results<Ok<EventPage>, EventStream, NoContent, Problem>> ReadAsync(
        string id,
        string? after,
        string? wait,
        string? limit,
        StreamWish wish,
        EventStreams streams,
        IReleaseStore store,
        TimeProvider time,
        IOptions<ApiOptions> options,
        CancellationToken cancellationToken)
    {
        var fields = new Fields();
        var release = fields.Release("id", id);
        var from = fields.Number("after", after, 0, 0, int.MaxValue);
        return wish.Stream
            ? StreamAsync(fields, release, from, wait, limit, wish, streams, store, cancellationToken)
            : ListAsync(fields, release, from, wait, limit, store, time, options, cancellationToken);
    }

    private static async Task<Results<Ok<EventPage>, EventStream, NoContent, Problem>> StreamAsync(
        Fields fields, ReleaseId release, int after, string? wait, string? limit, StreamWish wish, EventStreams streams, IReleaseStore store, CancellationToken cancellationToken)
    {
        const string OfList = "is for the list; a stream goes on by itself, leave it out.";
        if (wait is not null)
        {
            fields.Add("wait", OfList);
        }

        if (limit is not null)
        {
            fields.Add("limit", OfList);
        }

        // The header is younger than the address: a client that comes again sends both.
        var from = wish.LastEventId(fields) ?? after;
        fields.Check();
        if (await store.LoadAsync(release, cancellationToken) is not { State: var state })
        {
            return Problem.NoRelease(release);
        }

        // "No content" is what tells clients to stop coming again.
        return state.Outcome is not null && from >= state.EventCount
            ? TypedResults.NoContent()
            : streams.Of(state, from, wish.Token);
    }

    private static async Task<Results<Ok<EventPage>, EventStream, NoContent, Problem>> ListAsync(
        Fields fields,
        ReleaseId release,
        int from,
        string? wait,
        string? limit,
        IReleaseStore store,
        TimeProvider time,
        IOptions<ApiOptions> options,
        CancellationToken cancellationToken)
    {
        var hold = fields.OptionalDuration("wait", wait, TimeSpan.Zero, LongestWait) ?? TimeSpan.Zero;
        var most = fields.Limit(limit);
        fields.Check();

        var until = time.GetUtcNow() + hold;

        // A release that is silent for a while is likely to stay so: many watchers must not keep the storage busy.
        var pause = TimeSpan.FromMilliseconds(options.Value.EventPollMs);
        var slowest = pause * 4;
        while (true)
        {
            // The state first: if it says "ended", the events read after it are all there will ever be.
            if (await store.LoadAsync(release, cancellationToken) is not { State: var state })
            {
                return Problem.NoRelease(release);
            }

            var items = state.EventCount > from
                ? await store.ReadEventsAsync(release, from, cancellationToken).Take(most).ToListAsync(cancellationToken)
                : [];
            var next = items.Count == 0 ? from : items[^1].Seq;
            var ended = state.Outcome is not null && next >= state.EventCount;
            var left = until - time.GetUtcNow();
            if (items.Count > 0 || ended || left <= TimeSpan.Zero)
            {
                return TypedResults.Ok(new EventPage(items, next, ended));
            }

            await Task.Delay(left < pause ? left : pause, time, cancellationToken);
            pause = pause * 1.2 < slowest ? pause * 1.2 : slowest;
        }
    }

    private static async Task<Results<Ok<ChainCheck>, Problem>> VerifyAsync(string id, IReleaseStore store, RedactionArchive redactions, CancellationToken cancellationToken)
    {
        var fields = new Fields();
        var release = fields.Release("id", id);
        fields.Check();
        if (await store.LoadAsync(release, cancellationToken) is not { State: var state })
        {
            return Problem.NoRelease(release);
        }

        // Events that were saved since the state was read are left for the next time.
        var events = await store.ReadEventsAsync(release, 0, cancellationToken).Take(state.EventCount).ToListAsync(cancellationToken);
        var known = await redactions.FindKnownAsync(cancellationToken);
        var wrong = ReleaseEvents.Verify(events, state, known);
        return TypedResults.Ok(new ChainCheck(release.ToString(), events.Count, wrong is null, wrong is null ? null : FirstBroken(events, state, known), wrong));
    }

    // The verdict names the place in words; programs get the number.
    private static int FirstBroken(List<ReleaseEvent> events, ReleaseState state, KnownRedactions redactions)
    {
        for (var i = 0; i < events.Count; i++)
        {
            var before = i == 0 ? "" : events[i - 1].Hash;
            if (events[i].Seq != i + 1 || !string.Equals(events[i].PreviousHash, before, StringComparison.Ordinal)
                || (!string.Equals(events[i].Hash, ReleaseEvents.HashOf(events[i]), StringComparison.Ordinal) && !redactions.Covers(events[i], state.Id)))
            {
                return i + 1;
            }
        }

        return Math.Min(events.Count + 1, state.EventCount);
    }

    private static async Task<Results<Ok<ItemList<string>>, Problem>> ListReportsAsync(string id, IReleaseStore store, IReportStore reports, CancellationToken cancellationToken)
    {
        var fields = new Fields();
        var release = fields.Release("id", id);
        fields.Check();
        return await store.LoadAsync(release, cancellationToken) is null
            ? Problem.NoRelease(release)
            : TypedResults.Ok(new ItemList<string>(await reports.ListAsync(release, cancellationToken).ToListAsync(cancellationToken)));
    }

    private static async Task<Results<FileStreamHttpResult, Problem>> DownloadAsync(string id, string name, IReportStore reports, CancellationToken cancellationToken)
    {
        var fields = new Fields();
        var release = fields.Release("id", id);
        fields.Check();

        // Only names that are listed are opened: the text never becomes a path of its own.
        if (!await reports.ListAsync(release, cancellationToken).AnyAsync(n => string.Equals(n, name, StringComparison.Ordinal), cancellationToken)
            || await reports.OpenAsync(release, name, cancellationToken) is not { } content)
        {
            return Problem.NotFound($"The release '{release}' has no report '{name}'.", $"GET /api/releases/{release}/reports lists them.");
        }

        var type = Path.GetExtension(name) switch
        {
            ".json" => "application/json",
            ".parquet" => "application/vnd.apache.parquet",
            _ => "application/octet-stream",
        };
        return TypedResults.Stream(content, type, fileDownloadName: $"{release}-{name}");
    }
}
