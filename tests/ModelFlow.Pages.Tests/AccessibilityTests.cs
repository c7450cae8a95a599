using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using ModelFlow.Pages.Tests.Support;

namespace ModelFlow.Pages.Tests;

public sealed class AccessibilityTests(Chromium chromium, RunningProduct product) : PageTest(chromium, product)
{
    [Theory]
    [MemberData(nameof(Views.All), MemberType = typeof(Views))]
    public async Task View_has_nothing_serious_for_axe_in_light_and_dark(string name, string view)
    {
        foreach (var scheme in new[] { ColorScheme.Light, ColorScheme.Dark })
        {
            var visitor = await ComeAsync("ada", new() { ColorScheme = scheme });
            await visitor.GoAsync(view);
            await AssertCleanAsync(visitor.Page, $"{name} in {scheme}");
        }
    }

    [Theory]
    [InlineData(ColorScheme.Light)]
    [InlineData(ColorScheme.Dark)]
    public async Task Signing_in_and_the_question_before_a_rollback_have_nothing_serious_for_axe(ColorScheme scheme)
    {
        var nobody = await ComeAsync(person: null, new() { ColorScheme = scheme });
        await nobody.GoAsync("");
        await AssertCleanAsync(nobody.Page, "sign-in");

        var operating = await ComeAsync("olga", new() { ColorScheme = scheme });
        await operating.GoAsync("models/digits");
        await operating.Page.GetByRole(AriaRole.Button, new() { Name = "Roll back…" }).ClickAsync();
        await Expect(operating.Page.GetByRole(AriaRole.Dialog)).ToBeVisibleAsync();
        await AssertCleanAsync(operating.Page, "rollback");
    }

    private static async Task AssertCleanAsync(IPage page, string what)
    {
        var found = await page.RunAxe();
        var serious = found.Violations.Where(v => v.Impact is "serious" or "critical")
            .Select(v => $"{what}: {v.Impact} {v.Id}: {v.Help}: {string.Join("; ", v.Nodes.Take(5).Select(n => n.Html))}");
        Assert.Empty(serious);
        Assert.NotEmpty(found.Passes);
    }
}
