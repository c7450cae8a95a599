using Microsoft.Playwright;
using ModelFlow.Pages.Tests.Support;

namespace ModelFlow.Pages.Tests;

public sealed class RollbackTests(Chromium chromium, RunningProduct product) : PageTest(chromium, product)
{
    [Fact]
    public async Task Rollback_says_what_will_happen_needs_a_reason_and_moves_all_traffic()
    {
        await Product.MakeStableAsync("back", "v1.0.0-base");
        await Product.MakeStableAsync("back", "v1.1.0-mlp");
        var visitor = await ComeAsync("olga");
        var page = visitor.Page;
        await visitor.GoAsync("models/back");
        var opener = page.GetByRole(AriaRole.Button, new() { Name = "Roll back…" });
        await opener.ClickAsync();
        var dialog = page.GetByRole(AriaRole.Dialog, new() { Name = "Roll back back" });
        await Expect(dialog).ToContainTextAsync("All traffic of v1.1.0-mlp goes to v1.0.0-base, at once.");
        await Expect(dialog).ToContainTextAsync("It is loaded and can answer at once.");
        await Expect(dialog).ToContainTextAsync("No running release is touched.");
        await Expect(dialog.GetByRole(AriaRole.Button, new() { Name = "Roll back now" })).ToBeDisabledAsync();

        await page.Keyboard.PressAsync("Escape");
        await Expect(dialog).ToHaveCountAsync(0);
        await Expect(opener).ToBeFocusedAsync();
        Assert.Equal("v1.1.0-mlp", (string)(await Product.Modelflow.GetAsync("api/models/back"))["stable"]!);

        await opener.ClickAsync();
        await dialog.GetByLabel("Reason").FillAsync("wrong answers in the field");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Roll back now" }).ClickAsync();

        await Expect(page.Locator(".notice")).ToContainTextAsync("All traffic of back is on v1.0.0-base.");
        await Expect(page.Locator(".traffic")).ToContainTextAsync("v1.0.0-base 100% stable");
        var model = await Product.Modelflow.GetAsync("api/models/back");
        Assert.Equal("v1.0.0-base", (string)model["stable"]!);
        Assert.Contains("wrong answers in the field", (await Product.Modelflow.GetAsync("api/audit/back"))["items"]!.ToJsonString(), StringComparison.Ordinal);
    }
}
