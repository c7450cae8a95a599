using System.Text.RegularExpressions;
using Microsoft.Playwright;
using ModelFlow.Pages.Tests.Support;

namespace ModelFlow.Pages.Tests;

public sealed partial class LanguageTests(Chromium chromium, RunningProduct product) : PageTest(chromium, product)
{
    [Fact]
    public async Task Browser_in_Chinese_gets_Chinese_and_the_switch_is_remembered()
    {
        var visitor = await ComeAsync("rita", new() { Locale = "zh-CN" });
        var page = visitor.Page;
        await visitor.GoAsync("models");
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "模型", Level = 1 })).ToBeVisibleAsync();
        Assert.Equal("zh-CN", await page.EvaluateAsync<string>("document.documentElement.lang"));

        await page.GetByRole(AriaRole.Button, new() { Name = "English" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Models", Level = 1 })).ToBeVisibleAsync();
        await page.ReloadAsync();

        await Expect(page.GetByRole(AriaRole.Heading, new() { Name = "Models", Level = 1 })).ToBeVisibleAsync();
        Assert.Equal("en", await page.EvaluateAsync<string>("document.documentElement.lang"));
    }

    [Theory]
    [MemberData(nameof(Views.All), MemberType = typeof(Views))]
    public async Task View_in_Chinese_says_in_English_only_what_the_server_wrote(string name, string view)
    {
        var visitor = await ComeAsync("ada", new() { Locale = "zh-CN" });
        await visitor.GoAsync(view);

        // Sentences: names, units and identifiers are no sentences.
        var text = await visitor.Page.EvaluateAsync<string>("() => { for (const e of document.querySelectorAll('[lang=en], code, pre, .version')) e.remove(); return document.body.innerText; }");
        Assert.DoesNotMatch(Sentence(), text);
        Assert.True(text.Count(c => c is >= '\u4e00' and <= '\u9fff') > 40, $"{name}: {text}");
    }

    [GeneratedRegex("[A-Za-z]{2,} [a-z]{2,} [a-z]{2,}", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Sentence();
}
