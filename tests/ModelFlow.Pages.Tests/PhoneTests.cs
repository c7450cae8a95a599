using ModelFlow.Pages.Tests.Support;

namespace ModelFlow.Pages.Tests;

public sealed class PhoneTests(Chromium chromium, RunningProduct product) : PageTest(chromium, product)
{
    [Theory]
    [MemberData(nameof(Views.All), MemberType = typeof(Views))]
    public async Task View_fits_a_phone_in_both_languages(string name, string view)
    {
        foreach (var locale in new[] { "en-US", "zh-CN" })
        {
            var visitor = await ComeAsync("ada", new() { ViewportSize = new() { Width = 360, Height = 740 }, Locale = locale });
            await visitor.GoAsync(view);

            var width = await visitor.Page.EvaluateAsync<int>("document.scrollingElement.scrollWidth");
            var widest = await visitor.Page.EvaluateAsync<string>("""
                () => [...document.querySelectorAll('main *')].filter(e => !e.closest('.scroller') && e.getBoundingClientRect().right > 361).map(e => e.outerHTML.slice(0, 120)).slice(0, 5).join('\n')
                """);
            Assert.True(width <= 360, $"{name} in {locale} is {width} px wide:\n{widest}");
        }
    }
}
