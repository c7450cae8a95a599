using Microsoft.Playwright;
using ModelFlow.Pages.Tests.Support;

namespace ModelFlow.Pages.Tests;

public sealed class KeyboardTests(Chromium chromium, RunningProduct product) : PageTest(chromium, product)
{
    [Fact]
    public async Task Everything_on_the_way_from_signing_in_to_a_rollback_can_be_reached_by_keys()
    {
        var visitor = await ComeAsync(person: null);
        var page = visitor.Page;
        await visitor.GoAsync("");
        await TabToAsync(page, "Token");
        await page.Keyboard.TypeAsync(Product.TokenOf("olga"));
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Models", Level = 1 })).ToBeFocusedAsync();

        await TabToAsync(page, "digits");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "digits", Level = 1 })).ToBeFocusedAsync();

        await TabToAsync(page, "Roll back…");
        await page.Keyboard.PressAsync("Enter");
        var dialog = page.GetByRole(AriaRole.Dialog);
        await Expect(dialog).ToBeVisibleAsync();
        await TabToAsync(page, "Reason");
        await page.Keyboard.TypeAsync("by keys");
        await TabToAsync(page, "Roll back now");

        // A dialog keeps the focus inside until it is closed.
        for (var i = 0; i < 8; i++)
        {
            await page.Keyboard.PressAsync("Tab");
            Assert.True(await page.EvaluateAsync<bool>("document.activeElement === document.body || document.querySelector('dialog').contains(document.activeElement)"));
        }

        await page.Keyboard.PressAsync("Escape");
        await Expect(dialog).ToHaveCountAsync(0);
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Roll back…" })).ToBeFocusedAsync();
    }

    [Fact]
    public async Task First_key_offers_to_skip_to_the_content()
    {
        var visitor = await ComeAsync("rita");
        var page = visitor.Page;
        await visitor.GoAsync("releases");
        await page.Keyboard.PressAsync("Tab");
        await Expect(page.GetByRole(AriaRole.Link, new() { Name = "Skip to content" })).ToBeFocusedAsync();
        await page.Keyboard.PressAsync("Enter");

        await Expect(page.GetByRole(AriaRole.Main)).ToBeFocusedAsync();
        Assert.EndsWith("#/releases", page.Url, StringComparison.Ordinal);
    }

    // Goes on by the key until the focus is on what has the name.
    private static async Task TabToAsync(IPage page, string name)
    {
        for (var i = 0; i < 40; i++)
        {
            await page.Keyboard.PressAsync("Tab");
            var here = await page.EvaluateAsync<string>("(document.activeElement.labels?.[0] ?? document.activeElement).innerText.trim()");
            if (string.Equals(here, name, StringComparison.Ordinal))
            {
                return;
            }
        }

        Assert.Fail($"The key Tab does not lead to '{name}'.");
    }
}
