using System.Net;
using Microsoft.Extensions.DependencyInjection;
using ModelFlow.Api.Access;
using ModelFlow.Api.Tests.Support;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Secrets;
using ModelFlow.Testing;

namespace ModelFlow.Api.Tests.Sessions;

public sealed class SessionTests
{
    private const string Cookie = "__Host-modelflow";
    private const string Unknown = "mf_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

    [Fact]
    public async Task Session_stands_for_its_token()
    {
        await using var host = await ApiHost.StartAsync();
        var (browser, token) = await SignedInAsync(host, Role.Approver, Role.Operator);

        var who = await browser.SendAsync("GET", "/api/whoami").JsonAsync();
        var session = await browser.SendAsync("GET", "/api/session").JsonAsync();

        Assert.Equal("alice", (string)who["name"]!);
        Assert.Equal(["approver", "operator"], who["roles"]!.AsArray().Select(r => (string)r!));
        Assert.Equal(host.Time.GetUtcNow().AddHours(12), (DateTimeOffset)who["expiresAt"]!);
        Assert.Equal(who.ToJsonString(), session["identity"]!.ToJsonString());
        await browser.SendAsync("POST", "/api/freezes", """{"scope":"digits","reason":"x"}""").JsonAsync();
        Assert.DoesNotContain(token, Uri.UnescapeDataString(browser.Said[Cookie]), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Sign_in_answers_as_whoami_does_and_takes_the_token_as_a_bearer_too()
    {
        await using var host = await ApiHost.StartAsync();
        var (browser, token) = await SignedInAsync(host, Role.Reader);
        var who = await browser.SendAsync("GET", "/api/whoami").JsonAsync();

        var bearer = new Browser(host);
        var answer = await bearer.SendAsync("POST", "/api/session", headers: ("Authorization", "Bearer " + token)).JsonAsync();

        Assert.Equal(who.ToJsonString(), answer.ToJsonString());
        Assert.Equal(who.ToJsonString(), (await bearer.SendAsync("GET", "/api/whoami").JsonAsync()).ToJsonString());
    }

    [Fact]
    public async Task Cookie_is_of_this_host_alone_by_https_and_no_script_reads_it()
    {
        await using var host = await ApiHost.StartAsync();
        var (browser, _) = await SignedInAsync(host, Role.Reader);

        var attributes = browser.Said[Cookie].Split("; ").Skip(1).Order(StringComparer.Ordinal);

        Assert.Equal(["httponly", "max-age=43200", "path=/", "samesite=strict", "secure"], attributes);
    }

    [Theory]
    [InlineData("http://127.0.0.1:7600")]
    [InlineData("http://localhost:7600")]
    [InlineData("http://[::1]:7600")]
    public async Task Cookie_on_loopback_without_https_has_a_name_that_browsers_take(string origin)
    {
        await using var host = await WithoutHttpsAsync();
        var browser = new Browser(host, origin);

        await browser.SendAsync("POST", "/api/session", $$"""{"token":"{{await host.AddTokenAsync("alice", Role.Reader)}}"}""").JsonAsync();

        var attributes = browser.Said["modelflow"].Split("; ").Skip(1).Order(StringComparer.Ordinal);
        Assert.Equal(["httponly", "max-age=43200", "path=/", "samesite=strict"], attributes);
        await browser.SendAsync("GET", "/api/whoami").JsonAsync();
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("null")]
    [InlineData("not JSON")]
    public async Task Session_that_another_version_sealed_in_another_shape_is_none(string text)
    {
        await using var host = await ApiHost.StartAsync();
        var browser = new Browser(host);
        browser.Put(Cookie, new SealedText(host.Get<ISecretProtector>(), "session").Seal(text).Replace('+', '-').Replace('/', '_').Replace('=', '~'));

        await browser.SendAsync("GET", "/api/whoami").ProblemAsync(HttpStatusCode.Unauthorized, "unauthenticated");

        Assert.Empty(browser.Cookies);
    }

    [Fact]
    public async Task Cookie_without_the_prefix_is_nothing_by_https()
    {
        await using var host = await ApiHost.StartAsync();
        var (browser, _) = await SignedInAsync(host, Role.Reader);
        var other = new Browser(host);
        other.Put("modelflow", browser.Cookies[Cookie]);

        await other.SendAsync("GET", "/api/whoami").ProblemAsync(HttpStatusCode.Unauthorized, "unauthenticated");
    }

    [Fact]
    public async Task No_session_is_kept_where_others_can_read_it()
    {
        await using var host = await WithoutHttpsAsync();
        var browser = new Browser(host, "http://modelflow.example.com");

        await browser.SendAsync("POST", "/api/session", $$"""{"token":"{{await host.AddTokenAsync("alice", Role.Reader)}}"}""").ProblemAsync(HttpStatusCode.Conflict, "not-configured");
        var session = await browser.SendAsync("GET", "/api/session").JsonAsync();

        Assert.Empty(browser.Said);
        Assert.Empty(session["ways"]!.AsArray());
    }

    [Fact]
    public async Task No_session_is_kept_without_a_key_to_seal_it()
    {
        await using var host = await ApiHost.StartAsync(s => s.AddSingleton<ISecretProtector, NoKey>());

        await new Browser(host).SendAsync("POST", "/api/session", $$"""{"token":"{{await host.AddTokenAsync("alice", Role.Reader)}}"}""").ProblemAsync(HttpStatusCode.Conflict, "not-configured");
    }

    [Fact]
    public async Task Stranger_is_told_how_to_sign_in()
    {
        await using var host = await ApiHost.StartAsync();

        var session = await new Browser(host).SendAsync("GET", "/api/session").JsonAsync();

        Assert.Null(session["identity"]);
        Assert.Equal("""[{"kind":"token"}]""", session["ways"]!.ToJsonString());
    }

    [Theory]
    [InlineData($$"""{"token":"{{Unknown}}"}""")]
    [InlineData("""{"token":"secret"}""")]
    [InlineData("""{"token":""}""")]
    public async Task Wrong_token_opens_no_session(string json)
    {
        await using var host = await ApiHost.StartAsync();
        var browser = new Browser(host);

        await browser.SendAsync("POST", "/api/session", json).ProblemAsync(HttpStatusCode.Unauthorized, "unauthenticated");

        Assert.Empty(browser.Said);
    }

    [Fact]
    public async Task Token_is_needed()
    {
        await using var host = await ApiHost.StartAsync();

        await new Browser(host).SendAsync("POST", "/api/session", "{}").BlamesAsync("token");
        await new Browser(host).SendAsync("POST", "/api/session", """{"tokn":"x"}""").BlamesAsync("tokn");
    }

    [Fact]
    public async Task Signing_in_is_limited_as_any_failed_authentication()
    {
        await using var host = await ApiHost.StartAsync(settings: ("Api:FailedAuthenticationBurst", "3"));
        var browser = new Browser(host);
        for (var i = 0; i < 3; i++)
        {
            await browser.SendAsync("POST", "/api/session", $$"""{"token":"{{Unknown}}"}""").ProblemAsync(HttpStatusCode.Unauthorized, "unauthenticated");
        }

        using var refused = await browser.SendAsync("POST", "/api/session", $$"""{"token":"{{Unknown}}"}""");

        Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
        Assert.Equal(TimeSpan.FromSeconds(2), refused.Headers.RetryAfter?.Delta);
    }

    [Fact]
    public async Task Session_ends_after_its_time_and_its_cookie_is_taken_away()
    {
        await using var host = await ApiHost.StartAsync(settings: ("Api:SessionHours", "1"));
        var (browser, _) = await SignedInAsync(host, Role.Reader);
        host.Time.Advance(TimeSpan.FromMinutes(60) - TimeSpan.FromTicks(1));
        await browser.SendAsync("GET", "/api/whoami").JsonAsync();

        host.Time.Advance(TimeSpan.FromTicks(1));

        await browser.SendAsync("GET", "/api/whoami").ProblemAsync(HttpStatusCode.Unauthorized, "unauthenticated");
        Assert.Empty(browser.Cookies);
    }

    [Fact]
    public async Task Session_ends_with_its_token()
    {
        await using var host = await ApiHost.StartAsync();
        var (browser, _) = await SignedInAsync(host, Role.Reader);
        var admin = await host.AsAsync(Role.Admin);
        var guest = (string)(await admin.SendAsync("POST", "/api/tokens", """{"name":"guest","roles":["reader"],"expiresIn":"1h"}""").JsonAsync(HttpStatusCode.Created))["token"]!;
        var short1 = new Browser(host);
        var opened = await short1.SendAsync("POST", "/api/session", $$"""{"token":"{{guest}}"}""").JsonAsync();

        using var revoked = await admin.SendAsync("DELETE", "/api/tokens/alice");
        host.Time.Advance(TimeSpan.FromHours(1));

        Assert.Equal(host.Time.GetUtcNow(), (DateTimeOffset)opened["expiresAt"]!);
        await browser.SendAsync("GET", "/api/whoami").ProblemAsync(HttpStatusCode.Unauthorized, "unauthenticated");
        await short1.SendAsync("GET", "/api/whoami").ProblemAsync(HttpStatusCode.Unauthorized, "unauthenticated");
        Assert.Empty(browser.Cookies);
    }

    [Fact]
    public async Task Signing_out_takes_the_cookie_away()
    {
        await using var host = await ApiHost.StartAsync();
        var (browser, _) = await SignedInAsync(host, Role.Reader);

        using var ended = await browser.SendAsync("DELETE", "/api/session");
        using var again = await browser.SendAsync("DELETE", "/api/session");

        Assert.Equal((HttpStatusCode.NoContent, HttpStatusCode.NoContent), (ended.StatusCode, again.StatusCode));
        Assert.Empty(browser.Cookies);
        await browser.SendAsync("GET", "/api/whoami").ProblemAsync(HttpStatusCode.Unauthorized, "unauthenticated");
    }

    [Fact]
    public async Task Changed_cookie_is_refused_whatever_was_changed()
    {
        await using var host = await ApiHost.StartAsync(settings: ("Api:FailedAuthenticationBurst", "10000"));
        var (browser, _) = await SignedInAsync(host, Role.Reader);
        var value = Uri.UnescapeDataString(browser.Cookies[Cookie]);

        // Every eighth character: the form's, the key's, the nonce's, the tag's, the text's.
        for (var i = 0; i < value.Length; i += 8)
        {
            var changed = new Browser(host);
            changed.Put(Cookie, Uri.EscapeDataString($"{value[..i]}{(value[i] == 'A' ? 'B' : 'A')}{value[(i + 1)..]}"));

            await changed.SendAsync("GET", "/api/whoami").ProblemAsync(HttpStatusCode.Unauthorized, "unauthenticated");
            Assert.Empty(changed.Cookies);
        }
    }

    [Fact]
    public async Task What_was_sealed_for_something_else_is_no_session()
    {
        await using var host = await ApiHost.StartAsync();
        var (browser, token) = await SignedInAsync(host, Role.Reader);
        foreach (var text in (string[])["https://hooks.example.com/", $$"""{"token":"{{token}}","ends":"2999-01-01T00:00:00+00:00"}""", ""])
        {
            browser.Put(Cookie, Uri.EscapeDataString(host.Get<ISecretProtector>().Protect(text)));

            await browser.SendAsync("GET", "/api/whoami").ProblemAsync(HttpStatusCode.Unauthorized, "unauthenticated");
        }
    }

    [Theory]
    [InlineData("POST", "/api/freezes")]
    [InlineData("PUT", "/api/policies/default")]
    [InlineData("DELETE", "/api/freezes/digits")]
    [InlineData("DELETE", "/api/session")]
    [InlineData("PATCH", "/api/models")]
    public async Task Change_needs_what_another_site_cannot_send(string method, string path)
    {
        await using var host = await ApiHost.StartAsync();
        var (browser, _) = await SignedInAsync(host, Role.Admin);
        (string, string)[][] forged = [[], [("x-modelflow-request", "true")], [("x-modelflow-request", "1"), ("Sec-Fetch-Site", "cross-site")], [("x-modelflow-request", "1"), ("Sec-Fetch-Site", "same-site")]];
        foreach (var headers in forged)
        {
            await browser.SendAsync(method, path, "{}", page: false, headers).ProblemAsync(HttpStatusCode.Forbidden, "cross-site-request");
        }

        foreach (var headers in ((string, string)[][])[[], [("Sec-Fetch-Site", "same-origin")], [("Sec-Fetch-Site", "none")]])
        {
            using var response = await browser.SendAsync(method, path, "{}", page: true, headers);
            Assert.NotEqual(HttpStatusCode.Forbidden, response.StatusCode);
        }
    }

    [Fact]
    public async Task Reading_needs_no_header()
    {
        await using var host = await ApiHost.StartAsync();
        var (browser, _) = await SignedInAsync(host, Role.Reader);

        await browser.SendAsync("GET", "/api/models", page: false).JsonAsync();
    }

    [Fact]
    public async Task Another_site_signs_nobody_in()
    {
        await using var host = await ApiHost.StartAsync();
        var token = await host.AddTokenAsync("mallory", Role.Reader);
        var browser = new Browser(host);

        await browser.SendAsync("POST", "/api/session", $$"""{"token":"{{token}}"}""", page: false, ("Sec-Fetch-Site", "cross-site")).ProblemAsync(HttpStatusCode.Forbidden, "cross-site-request");
        using var form = await host.Anonymous().SendAsync("POST", "/api/session", $$"""{"token":"{{token}}"}""", "text/plain");

        // What a form can send without asking first is no JSON.
        Assert.Equal(HttpStatusCode.Unauthorized, form.StatusCode);
        Assert.Empty(browser.Said);
        Assert.False(form.Headers.Contains("Set-Cookie"));
    }

    [Fact]
    public async Task Token_that_is_sent_goes_before_the_cookie()
    {
        await using var host = await ApiHost.StartAsync();
        var (browser, _) = await SignedInAsync(host, Role.Admin);
        var token = await host.AddTokenAsync("bob", Role.Reader);

        var who = await browser.SendAsync("GET", "/api/whoami", headers: ("Authorization", "Bearer " + token)).JsonAsync();

        Assert.Equal("bob", (string)who["name"]!);
        await browser.SendAsync("GET", "/api/whoami", headers: ("Authorization", "Bearer " + Unknown)).ProblemAsync(HttpStatusCode.Unauthorized, "unauthenticated");
    }

    [Fact]
    public async Task Stream_of_events_works_with_a_session_and_ends_with_its_token()
    {
        const string Id = "digits-v1.2.0-mlp-1";
        await using var host = await ApiHost.StartAsync();
        await host.AddReleaseAsync(Id);
        var (browser, _) = await SignedInAsync(host, Role.Reader);
        using var stream = await OpenStream.OfAsync(host, await browser.StreamAsync($"/api/releases/{Id}/events"));
        Assert.Equal(1, OpenStream.NumberOf(await stream.NextAsync()));

        await host.Get<ITokenStore>().RevokeAsync("alice", host.Time.GetUtcNow(), Http.Cancel);
        host.Time.Advance(TimeSpan.FromSeconds(5));
        await host.AppendEventsAsync(Id, 1, end: false);

        Assert.Empty(await stream.RestAsync());
    }

    [Fact]
    public async Task Neither_token_nor_cookie_is_logged()
    {
        await using var host = await ApiHost.StartAsync();
        var (browser, token) = await SignedInAsync(host, Role.Reader);
        var cookie = Uri.UnescapeDataString(browser.Cookies[Cookie]);
        await browser.SendAsync("POST", "/api/session", $$"""{"token":"{{Unknown}}"}""").ProblemAsync(HttpStatusCode.Unauthorized, "unauthenticated");
        browser.Put(Cookie, Uri.EscapeDataString(cookie + "AAAA"));
        await browser.SendAsync("GET", "/api/whoami").ProblemAsync(HttpStatusCode.Unauthorized, "unauthenticated");

        Assert.NotEmpty(host.Log.Lines);
        Assert.All([token, Unknown, cookie[..40]], secret => Assert.DoesNotContain(host.Log.Lines, l => l.Contains(secret, StringComparison.Ordinal)));
    }

    private static Task<ApiHost> WithoutHttpsAsync() => ApiHost.StartAsync(settings: ("Notifications:PublicAddress", "http://127.0.0.1:7600/"));

    private static async Task<(Browser Browser, string Token)> SignedInAsync(ApiHost host, params Role[] roles)
    {
        var token = await host.AddTokenAsync("alice", roles);
        var browser = new Browser(host);
        await browser.SendAsync("POST", "/api/session", $$"""{"token":"{{token}}"}""").JsonAsync();
        return (browser, token);
    }

    private sealed class NoKey : ISecretProtector
    {
        public bool CanProtect => false;

        public string Protect(string secret) => throw new InvalidOperationException();

        public string Unprotect(string text) => throw new InvalidOperationException();
    }
}
