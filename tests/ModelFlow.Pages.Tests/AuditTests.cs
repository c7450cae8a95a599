using Microsoft.Playwright;
using ModelFlow.Pages.Tests.Support;

namespace ModelFlow.Pages.Tests;

public sealed class AuditTests(Chromium chromium, RunningProduct product) : PageTest(chromium, product)
{
    [Fact]
    public async Task Who_approved_a_version_and_on_what_is_answered_at_an_address_of_its_own()
    {
        var visitor = await ComeAsync("rita");
        var page = visitor.Page;
        await visitor.GoAsync("models/digits/versions/v1.1.0-mlp");
        await page.GetByRole(AriaRole.Link, new() { Name = "Who approved it" }).ClickAsync();

        var answer = page.Locator(".answer");
        await Expect(answer).ToContainTextAsync(RunningProduct.Ramped);
        await Expect(answer.GetByRole(AriaRole.Row, new() { NameRegex = Like("ann .*looks fine") })).ToBeVisibleAsync();
        await Expect(answer.GetByText("Evidence").First).ToBeVisibleAsync();
        Assert.Contains("q=approvals", page.Url, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_was_live_at_a_time_and_what_somebody_did_are_answered()
    {
        var visitor = await ComeAsync("rita");
        var page = visitor.Page;
        await visitor.GoAsync("audit/digits");
        var live = page.Locator("form", new() { HasText = "What was live at a time?" });
        await live.GetByLabel("Time").FillAsync(await page.EvaluateAsync<string>("new Date(Date.now() - new Date().getTimezoneOffset() * 60000).toISOString().slice(0, 19)"));
        await live.GetByRole(AriaRole.Button, new() { Name = "Ask" }).ClickAsync();
        await Expect(page.Locator(".answer")).ToContainTextAsync("v1.1.0-mlp");

        var person = page.Locator("form", new() { HasText = "What did a person do?" });
        await person.GetByLabel("Name").FillAsync("ann");
        await person.GetByRole(AriaRole.Button, new() { Name = "Ask" }).ClickAsync();
        await Expect(page.Locator(".answer").GetByRole(AriaRole.Row, new() { NameRegex = Like("Approved .*digits-v1.1.0-mlp-1") })).ToBeVisibleAsync();
    }

    [Fact]
    public async Task Chain_is_verified()
    {
        var visitor = await ComeAsync("rita");
        await visitor.GoAsync("audit");
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Verify the chain" }).ClickAsync();

        await Expect(visitor.Page.GetByText("nothing was changed").First).ToBeVisibleAsync();
    }
}
