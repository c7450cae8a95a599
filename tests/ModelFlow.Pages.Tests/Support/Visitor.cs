using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Microsoft.Playwright;

namespace ModelFlow.Pages.Tests.Support;

/// <summary>Somebody in front of the page, in a browser window of their own.</summary>
public sealed class Visitor : IAsyncDisposable
{
    private readonly Uri _address;
    private readonly ConcurrentQueue<string> _complaints = new();

    private Visitor(IPage page, Uri address)
    {
        (Page, _address) = (page, address);
        page.SetDefaultTimeout(30_000);
        page.PageError += (_, error) => _complaints.Enqueue(error);
        page.Console += (_, message) =>
        {
            // Answers with an error status are written there by the browser itself.
            if (message.Type == "error" && !message.Text.StartsWith("Failed to load resource", StringComparison.Ordinal))
            {
                _complaints.Enqueue(message.Text);
            }
        };
    }

    /// <summary>What they see.</summary>
    public IPage Page { get; }

    /// <summary>What the browser complained of: errors of scripts, and what the content security policy forbade.</summary>
    public IReadOnlyCollection<string> Complaints => _complaints;

    /// <summary>Opens a window, signed in as a person, or as nobody.</summary>
    public static async Task<Visitor> ComeAsync(Chromium chromium, RunningProduct product, string? person, BrowserNewContextOptions? options = null)
    {
        options ??= new();
        options.Locale ??= "en-US";
        options.ViewportSize ??= new() { Width = 1280, Height = 900 };
        var context = await chromium.Browser.NewContextAsync(options);
        var visitor = new Visitor(await context.NewPageAsync(), product.Modelflow.Api);
        if (person is not null)
        {
            var answer = await context.APIRequest.PostAsync(new Uri(visitor._address, "api/session").ToString(), new() { DataObject = new { token = product.TokenOf(person) } });
            Assert.True(answer.Ok, await answer.TextAsync());
        }

        return visitor;
    }

    /// <summary>Goes to a view and waits until it shows something.</summary>
    public async Task GoAsync(string view)
    {
        await Page.GotoAsync(new Uri(_address, $"#/{view}").ToString());
        await SettleAsync();
    }

    /// <summary>Waits until nothing on the page is still being loaded.</summary>
    public async Task SettleAsync()
    {
        await Page.Locator("h1").First.WaitForAsync();
        await Assertions.Expect(Page.Locator("[aria-busy=true]")).ToHaveCountAsync(0, new() { Timeout = 30_000 });
    }

    /// <summary>Asks the API as the page does, with its cookie. Returns the status.</summary>
    public Task<int> PostAsync(string path, JsonObject body) => Page.EvaluateAsync<int>(
        "async ([path, body]) => (await fetch(path, { method: 'POST', headers: { 'Content-Type': 'application/json', 'x-modelflow-request': '1' }, body })).status",
        new[] { path, body.ToJsonString() });

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await Page.Context.DisposeAsync();
}
