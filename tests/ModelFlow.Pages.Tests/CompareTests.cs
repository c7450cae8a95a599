using Microsoft.Playwright;
using ModelFlow.Pages.Tests.Support;

namespace ModelFlow.Pages.Tests;

public sealed class CompareTests(Chromium chromium, RunningProduct product) : PageTest(chromium, product)
{
    [Fact]
    public async Task Two_versions_show_intervals_and_which_predictions_flipped()
    {
        var visitor = await ComeAsync("rita");
        var page = visitor.Page;
        await visitor.GoAsync("models/digits/compare?a=v1.0.0-base&b=v1.1.0-mlp");

        await Expect(page.GetByRole(AriaRole.Row, new() { NameRegex = Like(@"^accuracy .*\+[\d.]+ … \+[\d.]+ pp") })).ToBeVisibleAsync();
        await Expect(page.GetByText("of 597 rows were answered differently. Only v1.0.0-base had")).ToBeVisibleAsync();
        var flipped = page.GetByRole(AriaRole.Region, new() { Name = "Predictions that flipped" }).GetByRole(AriaRole.Row);
        Assert.InRange(await flipped.CountAsync(), 20, 101);
        await Expect(flipped.Nth(1)).ToContainTextAsync("(right)");
    }
}
