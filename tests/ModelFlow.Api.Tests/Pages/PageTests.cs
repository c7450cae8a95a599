using System.IO.Compression;
using System.Net;
using System.Text.RegularExpressions;
using ModelFlow.Api.Tests.Support;

namespace ModelFlow.Api.Tests.Pages;

public sealed partial class PageTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Document_is_open_to_everybody_asked_for_each_time_and_runs_its_own_files_only()
    {
        await using var host = await ApiHost.StartAsync();

        using var response = await host.Anonymous().SendAsync("GET", "/");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("text/html; charset=utf-8", response.Content.Headers.ContentType?.ToString());
        Assert.Equal(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
            response.Headers.GetValues("Content-Security-Policy").Single());
        Assert.Equal("nosniff", response.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.True(response.Headers.CacheControl is { NoCache: true, NoStore: false });
        var text = await response.Content.ReadAsStringAsync(Cancel);
        Assert.DoesNotContain("{build}", text, StringComparison.Ordinal);
        Assert.DoesNotMatch(Inline(), text);
    }

    [Fact]
    public async Task Every_file_of_the_document_is_there_and_is_kept_for_good()
    {
        await using var host = await ApiHost.StartAsync();
        var client = host.Anonymous();

        var files = File().Matches(await client.GetStringAsync("/", Cancel)).Select(m => m.Value).ToList();

        Assert.True(files.Count > 5);
        foreach (var file in files)
        {
            using var response = await client.SendAsync("GET", file);
            Assert.Equal((file, HttpStatusCode.OK), (file, response.StatusCode));
            Assert.Contains("immutable", response.Headers.CacheControl!.ToString(), StringComparison.Ordinal);
            Assert.True(response.Headers.CacheControl is { Public: true, MaxAge.TotalDays: 365 });
            Assert.NotEqual("text/plain", response.Content.Headers.ContentType?.MediaType);
        }
    }

    [Fact]
    public async Task File_under_another_builds_address_is_served_and_not_kept()
    {
        await using var host = await ApiHost.StartAsync();

        using var response = await host.Anonymous().SendAsync("GET", "/page/0123456789abcdef/views/models.js");

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.True(response.Headers.CacheControl is { NoCache: true, Public: false });
    }

    [Theory]
    [InlineData("/page/x/nothing.js")]
    [InlineData("/page/x/../ModelFlowApi.cs")]
    [InlineData("/page/x/index.html")]
    [InlineData("/page/x/vendor/README.md")]
    public async Task Whatever_is_no_file_of_the_page_is_not_found_or_closed(string path)
    {
        await using var host = await ApiHost.StartAsync();

        using var response = await host.Anonymous().SendAsync("GET", path);

        Assert.Contains(response.StatusCode, new[] { HttpStatusCode.NotFound, HttpStatusCode.Unauthorized });
    }

    [Fact]
    public async Task Browser_that_has_the_document_gets_no_body_and_head_neither()
    {
        await using var host = await ApiHost.StartAsync();
        var client = host.Anonymous();
        using var first = await client.SendAsync("GET", "/");
        using var again = new HttpRequestMessage(HttpMethod.Get, "/");
        again.Headers.IfNoneMatch.Add(first.Headers.ETag!);

        using var second = await client.SendAsync(again, Cancel);
        using var head = await client.SendAsync(new HttpRequestMessage(HttpMethod.Head, "/"), Cancel);

        Assert.Equal(HttpStatusCode.NotModified, second.StatusCode);
        Assert.Equal(first.Headers.ETag, second.Headers.ETag);
        Assert.Equal(HttpStatusCode.OK, head.StatusCode);
        Assert.Empty(await head.Content.ReadAsByteArrayAsync(Cancel));
    }

    [Fact]
    public async Task Compressed_file_is_the_same_file()
    {
        await using var host = await ApiHost.StartAsync();
        var client = host.Anonymous();
        using var request = new HttpRequestMessage(HttpMethod.Get, "/page/x/page.css");
        request.Headers.AcceptEncoding.ParseAdd("gzip, deflate, br");

        using var response = await client.SendAsync(request, Cancel);

        Assert.Equal(["gzip"], response.Content.Headers.ContentEncoding);
        await using var whole = new GZipStream(await response.Content.ReadAsStreamAsync(Cancel), CompressionMode.Decompress);
        using var reader = new StreamReader(whole);
        Assert.Equal(await client.GetStringAsync("/page/x/page.css", Cancel), await reader.ReadToEndAsync(Cancel));
    }

    [GeneratedRegex(@"/page/[0-9a-f]{16}/[a-z./-]+", RegexOptions.None, 1000)]
    private static partial Regex File();

    // A script or a style of its own, or a handler in an attribute.
    [GeneratedRegex(@"<script>|<style|\sstyle=|\son[a-z]+=", RegexOptions.None, 1000)]
    private static partial Regex Inline();
}
