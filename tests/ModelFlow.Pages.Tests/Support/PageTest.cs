using System.Text.RegularExpressions;
using Microsoft.Playwright;

namespace ModelFlow.Pages.Tests.Support;

/// <summary>A test in the browser; skipped where there is none. Whatever the browser complains of fails it.</summary>
[Trait("Speed", "Slow")]
public abstract class PageTest(Chromium chromium, RunningProduct product) : IAsyncLifetime
{
    private readonly List<Visitor> _visitors = [];

    /// <summary>The product that serves the page.</summary>
    protected RunningProduct Product { get; } = product;

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        Assert.SkipUnless(Chromium.IsThere, Chromium.Absent);
        await chromium.StartAsync();
        await Product.StartAsync();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var visitor in _visitors)
        {
            await visitor.DisposeAsync();
        }

        Assert.Empty(_visitors.SelectMany(v => v.Complaints));
        GC.SuppressFinalize(this);
    }

    /// <summary>Opens a window.</summary>
    protected async Task<Visitor> ComeAsync(string? person, BrowserNewContextOptions? options = null)
    {
        var visitor = await Visitor.ComeAsync(chromium, Product, person, options);
        _visitors.Add(visitor);
        return visitor;
    }

    /// <summary>What a locator is expected to be.</summary>
    protected static ILocatorAssertions Expect(ILocator locator) => Assertions.Expect(locator);

    /// <summary>Whatever contains this.</summary>
    protected static Regex Like(string pattern) => new(pattern, RegexOptions.None, TimeSpan.FromSeconds(1));
}
