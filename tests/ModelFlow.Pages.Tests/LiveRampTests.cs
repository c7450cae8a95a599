using Microsoft.Playwright;
using ModelFlow.Pages.Tests.Support;

namespace ModelFlow.Pages.Tests;

public sealed class LiveRampTests(Chromium chromium, RunningProduct product) : PageTest(chromium, product)
{
    private const string Release = "follow-v1.1.0-mlp-1";

    [Fact]
    public async Task Ramp_is_followed_to_its_end_without_a_reload_and_over_a_lost_connection()
    {
        await Product.MakeStableAsync("follow", "v1.0.0-base");
        await Product.PushAsync("follow", "v1.1.0-mlp");
        await Product.Modelflow.UntilAsync(Release, r => (string)r["stage"]! == "awaitingApproval");
        var visitor = await ComeAsync("rita");
        var page = visitor.Page;
        await visitor.GoAsync("releases/" + Release);
        await page.EvaluateAsync("window.unloaded = 'no'");
        var timeline = page.Locator(".timeline");
        await Expect(timeline).ToContainTextAsync("Every gate passed");

        await page.Context.SetOfflineAsync(true);
        await Expect(page.Locator(".lost")).ToContainTextAsync("No answer from the server", new() { Timeout = 20_000 });
        await Product.ApproveAsync(Release);
        await page.Context.SetOfflineAsync(false);

        await Expect(page.Locator(".lost")).ToHaveCountAsync(0, new() { Timeout = 20_000 });
        await Expect(timeline).ToContainTextAsync("20 % of traffic is on v1.1.0-mlp", new() { Timeout = 30_000 });
        await Expect(page.GetByRole(AriaRole.Img, new() { NameRegex = Like("Error rate: .* Verdict: ") })).ToBeVisibleAsync(new() { Timeout = 30_000 });
        await Expect(page.GetByRole(AriaRole.Img, new() { NameRegex = Like("share of traffic went through 20%, 60%") })).ToBeVisibleAsync(new() { Timeout = 60_000 });
        await Expect(page.Locator(".story .badge").First).ToHaveTextAsync("stable", new() { Timeout = 60_000 });
        await Expect(timeline.Locator("li").First).ToContainTextAsync("Ended");
        Assert.Equal("no", await page.EvaluateAsync<string>("window.unloaded"));

        // Every event once, although the stream was cut: their numbers are whole.
        var numbers = await timeline.Locator("summary").AllInnerTextsAsync();
        var events = (int)(await Product.Modelflow.GetAsync("api/releases/" + Release))["events"]!;
        Assert.Equal(Enumerable.Range(1, events).Reverse().Select(n => $"#{n}"), numbers.Select(n => n.Split(['#', ' ', '\n'], StringSplitOptions.RemoveEmptyEntries)[1]).Select(n => $"#{n}"));
    }
}
