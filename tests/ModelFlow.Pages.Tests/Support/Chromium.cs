using Microsoft.Playwright;

namespace ModelFlow.Pages.Tests.Support;

/// <summary>
/// The machine's own Chromium, driven by Playwright, whose driver comes with its package: nothing is downloaded. <c>MODELFLOW_CHROMIUM</c> names another
/// program than <c>/usr/bin/chromium</c>. Where there is none, the tests are skipped.
/// </summary>
public sealed class Chromium : IAsyncDisposable
{
    private static readonly string Program = Environment.GetEnvironmentVariable("MODELFLOW_CHROMIUM") is { Length: > 0 } named ? named : "/usr/bin/chromium";
    private IPlaywright? _playwright;
    private IBrowser? _browser;

    /// <summary>Whether there is one.</summary>
    public static bool IsThere => File.Exists(Program);

    /// <summary>What a skipped test says.</summary>
    public static string Absent => $"There is no browser at {Program}: apt-get install chromium, or name one with MODELFLOW_CHROMIUM.";

    /// <summary>The running browser.</summary>
    public IBrowser Browser => _browser ?? throw new InvalidOperationException("The browser is not started.");

    /// <summary>Starts it, once.</summary>
    public async Task StartAsync()
    {
        if (_browser is null)
        {
            _playwright = await Playwright.CreateAsync();
            string[] arguments = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"];
            _browser = await _playwright.Chromium.LaunchAsync(new()
            {
                ExecutablePath = Program,
                // Chromium's sandbox does not work for root, as whom containers run.
                Args = Environment.UserName == "root" ? [.. arguments, "--no-sandbox"] : arguments,
            });
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_browser is not null)
        {
            await _browser.DisposeAsync();
        }

        _playwright?.Dispose();
    }
}
