using Microsoft.Playwright;
using ModelFlow.Pages.Tests.Support;
using ModelFlow.Testing;

namespace ModelFlow.Pages.Tests;

/// <summary>
/// Pictures of the main views, into <c>artifacts/pictures</c>; with <c>MODELFLOW_PICTURES=docs</c> into docs/images, where the documentation shows them.
/// </summary>
public sealed class ScreenshotTests(Chromium chromium, RunningProduct product) : PageTest(chromium, product)
{
    /// <summary>Whether the pictures are for the documentation.</summary>
    public static readonly bool ForDocumentation = Environment.GetEnvironmentVariable("MODELFLOW_PICTURES") == "docs";

    private static readonly string Folder = ForDocumentation
        ? Path.Combine(RepositoryRoot.Find(), "docs", "images") : Path.Combine(RepositoryRoot.Find(), "artifacts", "pictures");

    [Theory]
    [InlineData("page-models", "models", "en-US", ColorScheme.Light, 1280, 860)]
    [InlineData("page-model", "models/digits", "en-US", ColorScheme.Light, 1280, 860)]
    [InlineData("page-release", "releases/" + RunningProduct.Ramped, "en-US", ColorScheme.Light, 1280, 1250)]
    [InlineData("page-decision", "approvals/" + RunningProduct.Waiting, "en-US", ColorScheme.Light, 1280, 860)]
    [InlineData("page-compare", "models/digits/compare?a=v1.0.0-base&b=v1.1.0-mlp", "en-US", ColorScheme.Dark, 1280, 1900)]
    [InlineData("page-release-phone", "releases/" + RunningProduct.Ramped, "en-US", ColorScheme.Dark, 360, 740)]
    [InlineData("page-decision-zh", "approvals/" + RunningProduct.Waiting, "zh-CN", ColorScheme.Light, 1280, 860)]
    public async Task Picture_of_a_view(string name, string view, string locale, ColorScheme scheme, int width, int height)
    {
        var visitor = await ComeAsync("ada", new() { Locale = locale, ColorScheme = scheme, ViewportSize = new() { Width = width, Height = height } });
        await visitor.GoAsync(view);
        await visitor.Page.Locator("main table, main .traffic, main svg").First.WaitForAsync();

        var picture = await visitor.Page.ScreenshotAsync(new() { Path = Path.Combine(Folder, name + ".png"), Animations = ScreenshotAnimations.Disabled });

        Assert.InRange(picture.Length, 10_000, 400_000);
    }
}
