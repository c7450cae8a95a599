using System.Collections.Concurrent;
using Microsoft.Playwright;
using ModelFlow.Pages.Tests.Support;

namespace ModelFlow.Pages.Tests;

public sealed class FirstViewTests(Chromium chromium, RunningProduct product) : PageTest(chromium, product)
{
    private const int MostBytes = 100_000;

    [Fact]
    public async Task First_view_is_under_100_kB_without_compression_and_asks_for_nothing_from_elsewhere()
    {
        var visitor = await ComeAsync("rita");
        var loaded = new ConcurrentBag<(string Url, int Bytes)>();
        var bodies = new ConcurrentBag<Task>();
        visitor.Page.Response += (_, response) => bodies.Add(CountAsync(response));
        await visitor.GoAsync("models");
        await visitor.Page.WaitForLoadStateAsync(LoadState.Load);
        await Task.WhenAll(bodies);

        var files = loaded.Where(l => !l.Url.Contains("/api/", StringComparison.Ordinal)).ToList();
        Assert.All(loaded, l => Assert.StartsWith(Product.Modelflow.Api.ToString(), l.Url, StringComparison.Ordinal));
        Assert.Contains(files, f => f.Url.EndsWith("/main.js", StringComparison.Ordinal));
        Assert.True(files.Sum(f => f.Bytes) < MostBytes, string.Join('\n', files.OrderByDescending(f => f.Bytes)));

        async Task CountAsync(IResponse response) => loaded.Add((response.Url, (await response.BodyAsync()).Length));
    }

    [Fact]
    public async Task Second_visit_asks_for_the_document_only()
    {
        var visitor = await ComeAsync("rita");
        await visitor.GoAsync("models");
        var asked = new ConcurrentBag<string>();
        visitor.Page.Request += (_, request) => asked.Add(request.Url);
        visitor.Page.RequestFinished += (_, request) => { };
        var served = await visitor.Page.EvaluateAsync<string[]>("performance.getEntriesByType('resource').filter(e => e.name.includes('/page/') && e.transferSize === 0).map(e => e.name)");
        Assert.Empty(served);

        await visitor.Page.ReloadAsync();
        await visitor.SettleAsync();

        var again = await visitor.Page.EvaluateAsync<string[]>("performance.getEntriesByType('resource').filter(e => e.name.includes('/page/') && e.transferSize > 0).map(e => e.name)");
        Assert.Empty(again);
    }
}
