using Microsoft.Playwright;
using ModelFlow.Pages.Tests.Support;

namespace ModelFlow.Pages.Tests;

public sealed class SignInTests(Chromium chromium, RunningProduct product) : PageTest(chromium, product)
{
    private static readonly string Unknown = "mf_" + new string('A', 43);

    [Fact]
    public async Task Wrong_token_is_refused_with_a_remedy_and_the_right_one_lets_in()
    {
        var visitor = await ComeAsync(person: null);
        await visitor.GoAsync("");
        await visitor.Page.GetByLabel("Token").FillAsync(Unknown);
        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();

        await Expect(visitor.Page.GetByRole(AriaRole.Alert)).ToContainTextAsync("unknown, expired or revoked");
        await Expect(visitor.Page.GetByLabel("Token")).ToBeFocusedAsync();

        await visitor.Page.GetByLabel("Token").FillAsync(Product.TokenOf("rita"));
        await visitor.Page.Keyboard.PressAsync("Enter");

        await Expect(visitor.Page.GetByRole(AriaRole.Heading, new() { Name = "Models", Level = 1 })).ToBeVisibleAsync();
        await Expect(visitor.Page.GetByRole(AriaRole.Banner)).ToContainTextAsync("rita");
    }

    [Fact]
    public async Task Session_survives_a_reload_keeps_the_token_from_scripts_and_ends_on_signing_out()
    {
        var visitor = await ComeAsync("rita");
        await visitor.GoAsync("models/digits");
        await visitor.Page.ReloadAsync();
        await Expect(visitor.Page.GetByRole(AriaRole.Heading, new() { Name = "digits", Level = 1 })).ToBeVisibleAsync();
        Assert.Equal("", await visitor.Page.EvaluateAsync<string>("document.cookie + Object.values(localStorage).filter(v => v.includes('mf_')).join() + Object.values(sessionStorage).join()"));

        await visitor.Page.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();

        await Expect(visitor.Page.GetByRole(AriaRole.Heading, new() { Name = "Sign in" })).ToBeVisibleAsync();
        Assert.Equal(401, await visitor.Page.EvaluateAsync<int>("async () => (await fetch('/api/models')).status"));
    }

    [Fact]
    public async Task Address_that_needs_signing_in_is_shown_after_it()
    {
        var visitor = await ComeAsync(person: null);
        await visitor.GoAsync("releases/" + RunningProduct.Ramped);
        await visitor.Page.GetByLabel("Token").FillAsync(Product.TokenOf("rita"));
        await visitor.Page.Keyboard.PressAsync("Enter");

        await Expect(visitor.Page.GetByRole(AriaRole.Heading, new() { Level = 1 })).ToContainTextAsync("v1.1.0-mlp");
    }
}
