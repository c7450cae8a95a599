using System.Net;
using Microsoft.Extensions.Hosting;
using ModelFlow.Api.Access;
using ModelFlow.Api.Tests.Support;
using ModelFlow.Core.Ports;
using ModelFlow.Testing;
using ModelFlow.Testing.InMemory;

namespace ModelFlow.Api.Tests.Releases;

public sealed class EventStreamTests
{
    private const string Id = "digits-v1.2.0-mlp-1";
    private const string Path = $"/api/releases/{Id}/events";

    [Fact]
    public async Task Stream_has_each_event_as_the_list_has_it_and_ends_with_the_release()
    {
        await using var host = await StartAsync();
        await host.AppendEventsAsync(Id, 2, end: true);
        var client = await host.AsAsync(Role.Reader);
        using var answer = await client.SendAsync("GET", Path);
        var list = await answer.Content.ReadAsStringAsync(Http.Cancel);

        using var stream = await OpenStream.OpenAsync(host, client, Path);

        foreach (var (seq, kind) in new[] { (1, "started"), (2, "test"), (3, "test") })
        {
            var lines = (await stream.NextAsync())!.Split('\n');
            Assert.Equal([$"event: {kind}", $"id: {seq}", ""], lines.Where(l => !l.StartsWith("data: {", StringComparison.Ordinal)));
            Assert.Contains(lines[1]["data: ".Length..], list, StringComparison.Ordinal);
        }

        Assert.Null(await stream.NextAsync());
        Assert.Equal("no-store", stream.Response.Headers.CacheControl?.ToString());
        Assert.Equal("no", Assert.Single(stream.Response.Headers.GetValues("X-Accel-Buffering")));
    }

    [Fact]
    public async Task Event_is_sent_when_it_happens()
    {
        await using var host = await StartAsync();
        using var stream = await OpenStream.OpenAsync(host, await host.AsAsync(Role.Reader), Path);
        Assert.Equal(1, OpenStream.NumberOf(await stream.NextAsync()));

        await host.AppendEventsAsync(Id, 2, end: false);
        Assert.Equal(2, OpenStream.NumberOf(await stream.NextAsync()));
        Assert.Equal(3, OpenStream.NumberOf(await stream.NextAsync()));
        await host.AppendEventsAsync(Id, 1, end: true);

        Assert.Equal([4], await stream.RestAsync());
    }

    [Theory]
    [InlineData("", "2", new[] { 3, 4 })]
    [InlineData("?after=2", "", new[] { 3, 4 })]
    [InlineData("?after=3", null, new[] { 4 })]
    [InlineData("?after=1", "3", new[] { 4 })]
    [InlineData("?after=3", "0", new[] { 1, 2, 3, 4 })]
    public async Task Stream_is_resumed_after_the_last_event_that_the_client_has(string query, string? lastEventId, int[] expected)
    {
        await using var host = await StartAsync();
        await host.AppendEventsAsync(Id, 3, end: true);

        using var stream = await OpenStream.OpenAsync(host, await host.AsAsync(Role.Reader), Path + query, lastEventId);

        Assert.Equal(expected, await stream.RestAsync());
    }

    [Theory]
    [InlineData("", "4")]
    [InlineData("?after=1", "4")]
    [InlineData("?after=9", null)]
    public async Task Client_that_has_the_last_event_of_a_release_is_told_not_to_come_again(string query, string? lastEventId)
    {
        await using var host = await StartAsync();
        await host.AppendEventsAsync(Id, 3, end: true);

        using var answer = await OpenStream.AskAsync(await host.AsAsync(Role.Reader), Path + query, lastEventId);

        Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
        Assert.Equal("", await answer.Content.ReadAsStringAsync(Http.Cancel));
    }

    [Fact]
    public async Task Stream_ends_after_its_time_and_the_next_one_misses_nothing()
    {
        await using var host = await StartAsync(("Api:EventStreamSeconds", "40"), ("Api:EventKeepAliveSeconds", "15"));
        var client = await host.AsAsync(Role.Reader);

        using var first = await OpenStream.OpenAsync(host, client, Path);
        Assert.Equal(1, OpenStream.NumberOf(await first.NextAsync()));
        Assert.Equal(": still here\n", await first.NextAsync());
        Assert.InRange(host.Time.GetUtcNow() - Samples.Now, TimeSpan.FromSeconds(15), TimeSpan.FromSeconds(39));
        Assert.Empty(await first.RestAsync());
        Assert.True(host.Time.GetUtcNow() - Samples.Now >= TimeSpan.FromSeconds(40));
        await host.AppendEventsAsync(Id, 2, end: true);
        using var second = await OpenStream.OpenAsync(host, client, Path, "1");

        Assert.Equal([2, 3], await second.RestAsync());
    }

    [Fact]
    public async Task Silent_stream_reads_the_storage_about_once_a_second()
    {
        await using var host = await StartAsync();
        var store = host.Get<InMemoryReleaseStore>();
        using var stream = await OpenStream.OpenAsync(host, await host.AsAsync(Role.Reader), Path);
        Assert.Equal(1, OpenStream.NumberOf(await stream.NextAsync()));
        var (calls, start) = (store.Calls, host.Time.GetUtcNow());

        for (var keepAlives = 0; keepAlives < 4; keepAlives++)
        {
            Assert.Equal(": still here\n", await stream.NextAsync());
        }

        var minutes = (host.Time.GetUtcNow() - start).TotalMinutes;
        Assert.InRange((store.Calls - calls) / minutes, 10, 66);
    }

    [Theory]
    [InlineData("x")]
    [InlineData("-1")]
    [InlineData("1.5")]
    [InlineData("99999999999")]
    [InlineData("1,2")]
    public async Task Malformed_last_event_id_is_refused_with_a_remedy(string lastEventId)
    {
        await using var host = await StartAsync();

        var problem = await OpenStream.AskAsync(await host.AsAsync(Role.Reader), Path, lastEventId).BlamesAsync("Last-Event-ID");

        Assert.Contains("leave the header out", (string)problem["errors"]![0]!["message"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_for_the_list_is_refused_with_everything_else_that_is_wrong()
    {
        await using var host = await StartAsync();

        await OpenStream.AskAsync(await host.AsAsync(Role.Reader), Path + "?after=x&wait=5s&limit=3", "x").BlamesAsync("after", "wait", "limit", "Last-Event-ID");
    }

    [Fact]
    public async Task Release_that_is_not_there_is_no_stream()
    {
        await using var host = await StartAsync();

        await OpenStream.AskAsync(await host.AsAsync(Role.Reader), "/api/releases/digits-v9.0.0-1/events").ProblemAsync(HttpStatusCode.NotFound, "not-found");
    }

    [Theory]
    [InlineData("text/event-stream", true)]
    [InlineData("Text/Event-Stream; charset=utf-8", true)]
    [InlineData("text/event-stream, */*", true)]
    [InlineData("text/event-stream, application/json;q=0.9", true)]
    [InlineData("*/*", false)]
    [InlineData("text/*", false)]
    [InlineData("application/json, text/event-stream", false)]
    [InlineData("text/event-stream;q=0.5, */*", false)]
    [InlineData("text/event-stream;q=0, */*;q=0", false)]
    [InlineData("text/event-stream;q=0.5, application/json;q=0.1, */*", true)]
    [InlineData(";;", false)]
    public async Task Stream_is_what_is_asked_for_by_its_name(string accept, bool stream)
    {
        await using var host = await StartAsync();
        await host.AppendEventsAsync(Id, 1, end: true);

        using var answer = await OpenStream.AskAsync(await host.AsAsync(Role.Reader), Path, accept: accept);

        Assert.Equal(stream ? "text/event-stream" : "application/json", answer.Content.Headers.ContentType?.MediaType);
    }

    [Fact]
    public async Task One_stream_too_many_is_refused_and_a_client_that_goes_frees_its_place()
    {
        await using var host = await StartAsync(("Api:MaxEventStreams", "2"));
        var client = await host.AsAsync(Role.Reader);
        using var first = await OpenStream.OpenAsync(host, client, Path);
        var second = await OpenStream.OpenAsync(host, client, Path);

        using var refused = await OpenStream.AskAsync(client, Path);
        await Task.FromResult(refused).ProblemAsync(HttpStatusCode.ServiceUnavailable, "too-many-streams");
        Assert.Equal(TimeSpan.FromSeconds(5), refused.Headers.RetryAfter?.Delta);
        await client.SendAsync("GET", Path).JsonAsync();

        second.Dispose();
        await EventuallyAsync(async () =>
        {
            using var again = await OpenStream.AskAsync(client, Path);
            return again.StatusCode == HttpStatusCode.OK;
        });
    }

    [Fact]
    public async Task Stream_that_ended_frees_its_place()
    {
        await using var host = await StartAsync(("Api:MaxEventStreams", "1"));
        await host.AppendEventsAsync(Id, 1, end: true);
        var client = await host.AsAsync(Role.Reader);
        for (var i = 0; i < 5; i++)
        {
            using var stream = await OpenStream.OpenAsync(host, client, Path);
            Assert.Equal([1, 2], await stream.RestAsync());
        }
    }

    [Fact]
    public async Task Token_that_was_revoked_gets_nothing_more()
    {
        await using var host = await StartAsync();
        using var stream = await OpenStream.OpenAsync(host, await host.AsAsync(Role.Reader, "carol"), Path);
        Assert.Equal(1, OpenStream.NumberOf(await stream.NextAsync()));

        using var revoked = await (await host.AsAsync(Role.Admin)).SendAsync("DELETE", "/api/tokens/carol");
        await host.AppendEventsAsync(Id, 1, end: false);

        Assert.Equal(HttpStatusCode.NoContent, revoked.StatusCode);
        Assert.Empty(await stream.RestAsync());
    }

    [Fact]
    public async Task Storage_that_is_away_for_a_while_is_a_silence()
    {
        await using var host = await StartAsync();
        using var stream = await OpenStream.OpenAsync(host, await host.AsAsync(Role.Reader), Path);
        Assert.Equal(1, OpenStream.NumberOf(await stream.NextAsync()));

        host.Get<InMemoryReleaseStore>().Away = true;
        Assert.Equal(": still here\n", await stream.NextAsync());
        host.Get<InMemoryReleaseStore>().Away = false;
        await host.AppendEventsAsync(Id, 1, end: true);

        Assert.Equal([2], await stream.RestAsync());
    }

    [Fact]
    public async Task Host_that_stops_ends_its_streams()
    {
        await using var host = await StartAsync();
        using var stream = await OpenStream.OpenAsync(host, await host.AsAsync(Role.Reader), Path);
        Assert.Equal(1, OpenStream.NumberOf(await stream.NextAsync()));
        var before = host.Time.GetUtcNow();

        host.Get<IHostApplicationLifetime>().StopApplication();

        Assert.Empty(await stream.RestAsync());
        Assert.InRange(host.Time.GetUtcNow() - before, TimeSpan.Zero, TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task More_events_than_one_reading_takes_all_come()
    {
        await using var host = await StartAsync();
        for (var i = 0; i < 13; i++)
        {
            await host.AppendEventsAsync(Id, 80, end: i == 12);
        }

        using var stream = await OpenStream.OpenAsync(host, await host.AsAsync(Role.Reader), Path);

        Assert.Equal(Enumerable.Range(1, 1041), await stream.RestAsync());
    }

    [Fact]
    public async Task OpenApi_document_has_both_forms()
    {
        await using var host = await StartAsync();

        var route = (await host.Anonymous().SendAsync("GET", "/openapi/v1.json").JsonAsync())["paths"]!["/api/releases/{id}/events"]!["get"]!;

        Assert.Equal(["application/json", "text/event-stream"], route["responses"]!["200"]!["content"]!.AsObject().Select(c => c.Key).Order());
        Assert.NotNull(route["responses"]!["204"]);
        Assert.Equal(["Last-Event-ID", "after", "id", "limit", "wait"], route["parameters"]!.AsArray().Select(p => (string)p!["name"]!).Order(StringComparer.Ordinal));
    }

    private static async Task<ApiHost> StartAsync(params (string, string)[] settings)
    {
        var host = await ApiHost.StartAsync(settings: settings);
        await host.AddReleaseAsync(Id);
        return host;
    }

    private static async Task EventuallyAsync(Func<Task<bool>> condition)
    {
        for (var tries = 0; !await condition(); tries++)
        {
            Assert.True(tries < 500, "It did not come true.");
            await Task.Delay(10, Http.Cancel);
        }
    }
}
