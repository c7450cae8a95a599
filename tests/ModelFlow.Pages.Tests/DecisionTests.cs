using Microsoft.Playwright;
using ModelFlow.Pages.Tests.Support;

namespace ModelFlow.Pages.Tests;

public sealed class DecisionTests(Chromium chromium, RunningProduct product) : PageTest(chromium, product)
{
    [Fact]
    public async Task Approver_sees_the_evidence_and_approves_on_the_same_screen()
    {
        await Product.PushAsync("decide", "v1.0.0-base");
        await Product.Modelflow.UntilAsync("decide-v1.0.0-base-1", r => (string)r["stage"]! == "awaitingApproval");
        var visitor = await ComeAsync("bob");
        var page = visitor.Page;
        await visitor.GoAsync("approvals");
        await page.GetByRole(AriaRole.Row, new() { NameRegex = Like("decide-v1.0.0-base-1") }).GetByRole(AriaRole.Link, new() { NameRegex = Like("Look and decide") }).ClickAsync();
        await visitor.SettleAsync();
        await Expect(page.GetByRole(AriaRole.Region, new() { Name = "Gates" })).ToContainTextAsync("passed");
        await Expect(page.GetByText("vision team")).ToBeVisibleAsync();

        await page.GetByLabel("Comment").FillAsync("numbers look right");
        await page.GetByRole(AriaRole.Button, new() { Name = "Approve" }).ClickAsync();

        await Expect(page.Locator(".notice")).ToContainTextAsync("You approved");
        var release = await Product.Modelflow.UntilAsync("decide-v1.0.0-base-1", r => r["approvals"]!.AsArray().Count > 0 || (string)r["stage"]! == "ended");
        Assert.Equal(("bob", "numbers look right"), ((string)release["approvals"]![0]!["by"]!, (string)release["approvals"]![0]!["comment"]!));
        await Expect(page.Locator(".decide")).ToContainTextAsync("Nothing waits for a decision here any more", new() { Timeout = 30_000 });
    }

    [Fact]
    public async Task Rejection_needs_a_reason_and_ends_the_release()
    {
        await Product.PushAsync("decide", "v1.2.0-large");
        await Product.Modelflow.UntilAsync("decide-v1.2.0-large-1", r => (string)r["stage"]! == "awaitingApproval");
        var visitor = await ComeAsync("bob");
        var page = visitor.Page;
        await visitor.GoAsync("approvals/decide-v1.2.0-large-1");

        await page.GetByRole(AriaRole.Button, new() { Name = "Reject" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Alert)).ToContainTextAsync("Say why you reject it");
        await Expect(page.GetByLabel("Comment")).ToBeFocusedAsync();
        await page.GetByLabel("Comment").FillAsync("too slow for what it gains");
        await page.GetByRole(AriaRole.Button, new() { Name = "Reject" }).ClickAsync();

        await Expect(page.Locator(".notice")).ToContainTextAsync("You rejected");
        await Product.Modelflow.UntilAsync("decide-v1.2.0-large-1", r => (string?)r["outcome"] == "rejected");
    }
}
