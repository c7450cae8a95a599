using Microsoft.Playwright;
using ModelFlow.Pages.Tests.Support;

namespace ModelFlow.Pages.Tests;

public sealed class RoleTests(Chromium chromium, RunningProduct product) : PageTest(chromium, product)
{
    [Fact]
    public async Task Reader_is_offered_nothing_that_changes_something_and_is_refused_all_the_same()
    {
        var visitor = await ComeAsync("rita");
        var page = visitor.Page;
        await visitor.GoAsync("models/digits");
        await Expect(page.Locator(".traffic")).ToBeVisibleAsync();
        await Expect(page.GetByRole(AriaRole.Button, new() { NameRegex = Like("Roll back") })).ToHaveCountAsync(0);

        await visitor.GoAsync("approvals/" + RunningProduct.Waiting);
        await Expect(page.Locator(".decide")).ToContainTextAsync("Deciding needs the role approver");
        await Expect(page.Locator(".decide button")).ToHaveCountAsync(0);

        await visitor.GoAsync("releases/" + RunningProduct.Waiting);
        await Expect(page.Locator(".story")).ToBeVisibleAsync();
        await Expect(page.Locator(".story button")).ToHaveCountAsync(0);

        Assert.Equal(403, await visitor.PostAsync("/api/models/digits/rollback", new() { ["reason"] = "none of my business" }));
        Assert.Equal(403, await visitor.PostAsync($"/api/releases/{RunningProduct.Waiting}/decisions", new() { ["decision"] = "approve" }));
    }

    [Fact]
    public async Task Operator_of_other_models_is_not_offered_to_act_on_this_one()
    {
        var visitor = await ComeAsync("otto");
        await visitor.GoAsync("models/digits");
        await Expect(visitor.Page.Locator(".traffic")).ToBeVisibleAsync();
        await Expect(visitor.Page.GetByRole(AriaRole.Button, new() { NameRegex = Like("Roll back") })).ToHaveCountAsync(0);

        await visitor.GoAsync("releases/" + RunningProduct.Waiting);
        await Expect(visitor.Page.Locator(".story")).ToBeVisibleAsync();
        await Expect(visitor.Page.Locator(".story button")).ToHaveCountAsync(0);

        Assert.Equal(403, await visitor.PostAsync("/api/models/digits/rollback", new() { ["reason"] = "none of my business" }));
    }

    [Fact]
    public async Task Operator_is_offered_to_pause_and_not_to_approve()
    {
        var visitor = await ComeAsync("olga");
        await visitor.GoAsync("releases/" + RunningProduct.Waiting);
        await Expect(visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Pause…" })).ToBeVisibleAsync();

        await visitor.GoAsync("approvals/" + RunningProduct.Waiting);
        await Expect(visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Approve" })).ToHaveCountAsync(0);
    }
}
