using System.Net;
using System.Security.Cryptography;
using Microsoft.IdentityModel.Tokens;
using ModelFlow.Api.Access;
using ModelFlow.Api.Tests.Support;

namespace ModelFlow.Api.Tests.SignIn;

/// <summary>Signing in on the page, against a provider with real signatures.</summary>
public sealed class SignInTests : IAsyncLifetime
{
    private const string Cookie = "__Host-modelflow";

    private TestProvider _provider = null!; // Set before each test.
    private ApiHost _host = null!; // As above.

    public async ValueTask InitializeAsync()
    {
        _provider = await TestProvider.StartAsync(new Microsoft.Extensions.Time.Testing.FakeTimeProvider(ModelFlow.Testing.Samples.Now));
        _host = await StartAsync(_provider);
    }

    public async ValueTask DisposeAsync()
    {
        await _host.DisposeAsync();
        await _provider.DisposeAsync();
    }

    [Fact]
    public async Task Person_signs_in_and_gets_a_session_of_the_provider_s_identity()
    {
        _provider.Claims["groups"] = new[] { "ml-team", "vision" };
        var browser = new Browser(_host);

        using var done = await SignInAsync(browser, "/signin?return=/releases/digits");
        var who = await browser.SendAsync("GET", "/api/whoami").JsonAsync();

        Assert.Equal("/releases/digits", done.Headers.Location?.OriginalString);
        Assert.Equal($"oidc:{_provider.Authority["http://".Length..]}:alice-1", (string)who["name"]!);
        Assert.Equal("Alice A.", (string)who["displayName"]!);
        Assert.Equal(["approver"], who["roles"]!.AsArray().Select(r => (string)r!));
        Assert.Equal(["ml-team", "vision"], who["groups"]!.AsArray().Select(r => (string)r!));
        Assert.Equal(_host.Time.GetUtcNow().AddHours(12), (DateTimeOffset)who["expiresAt"]!);
        Assert.Equal(["httponly", "max-age=43200", "path=/", "samesite=strict", "secure"], browser.Said[Cookie].Split("; ").Skip(1).Order(StringComparer.Ordinal));
        Assert.Equal([Cookie], browser.Cookies.Keys);
    }

    [Fact]
    public async Task Session_is_bound_by_its_roles_needs_the_page_s_header_and_ends()
    {
        var browser = new Browser(_host);
        using var _ = await SignInAsync(browser);

        await browser.SendAsync("POST", "/api/freezes", """{"scope":"digits","reason":"x"}""").ProblemAsync(HttpStatusCode.Forbidden, "forbidden");
        await browser.SendAsync("POST", "/api/releases/nosuch-v1.0.0-1/decisions", """{"decision":"approve"}""").ProblemAsync(HttpStatusCode.NotFound, "not-found");
        await browser.SendAsync("POST", "/api/releases/nosuch-v1.0.0-1/decisions", """{"decision":"approve"}""", page: false).ProblemAsync(HttpStatusCode.Forbidden, "cross-site-request");
        _host.Time.Advance(TimeSpan.FromHours(12));
        await browser.SendAsync("GET", "/api/whoami").ProblemAsync(HttpStatusCode.Unauthorized, "unauthenticated");
    }

    [Fact]
    public async Task Page_is_told_of_the_provider()
    {
        var session = await new Browser(_host).SendAsync("GET", "/api/session").JsonAsync();

        Assert.Equal("""[{"kind":"token"},{"kind":"oidc","title":"Test provider","address":"/signin"}]""", session["ways"]!.ToJsonString());
    }

    [Fact]
    public async Task Browser_is_sent_with_a_challenge_and_comes_back_by_https()
    {
        using var begun = await new Browser(_host).SendAsync("GET", "/signin");

        var query = begun.Headers.Location!.Query;
        Assert.Equal(HttpStatusCode.Found, begun.StatusCode);
        Assert.Contains("code_challenge_method=S256", query, StringComparison.Ordinal);
        Assert.Contains($"redirect_uri={Uri.EscapeDataString("https://modelflow.example.com/signin/callback")}", query, StringComparison.Ordinal);
        Assert.DoesNotContain(TestProvider.Secret, query, StringComparison.Ordinal);
        Assert.All(begun.Headers.GetValues("Set-Cookie"), c =>
        {
            Assert.Contains("httponly", c, StringComparison.Ordinal);
            Assert.Contains("samesite=lax", c, StringComparison.Ordinal);
            Assert.Contains("secure", c, StringComparison.Ordinal);
        });
    }

    [Theory]
    [InlineData("https://evil.example.com/")]
    [InlineData("//evil.example.com/")]
    [InlineData("/\\evil.example.com/")]
    [InlineData("javascript:alert(1)")]
    [InlineData("")]
    public async Task Way_back_leads_to_this_host_alone(string path) =>
        await new Browser(_host).SendAsync("GET", "/signin?return=" + Uri.EscapeDataString(path)).BlamesAsync("return");

    [Fact]
    public async Task Answer_is_good_once()
    {
        var browser = new Browser(_host);
        var callback = await AtProviderAsync(browser);
        var before = browser.Cookies.ToDictionary();
        using (await browser.SendAsync("GET", callback, page: false))
        {
        }

        var thief = new Browser(_host);
        await thief.SendAsync("GET", callback, page: false).ProblemAsync(HttpStatusCode.Unauthorized, "sign-in-failed");
        await browser.SendAsync("GET", callback, page: false).ProblemAsync(HttpStatusCode.Unauthorized, "sign-in-failed");
        foreach (var (name, value) in before)
        {
            thief.Put(name, value);
        }

        await thief.SendAsync("GET", callback, page: false).ProblemAsync(HttpStatusCode.Unauthorized, "sign-in-failed");
        Assert.DoesNotContain(Cookie, thief.Said.Keys);
    }

    [Fact]
    public async Task Answer_of_another_browser_s_sign_in_is_refused()
    {
        var (mallory, victim) = (new Browser(_host), new Browser(_host));
        var callback = await AtProviderAsync(mallory);
        await AtProviderAsync(victim);

        await victim.SendAsync("GET", callback, page: false).ProblemAsync(HttpStatusCode.Unauthorized, "sign-in-failed");

        Assert.DoesNotContain(Cookie, victim.Said.Keys);
    }

    [Theory]
    [InlineData("code")]
    [InlineData("state")]
    public async Task Changed_answer_is_refused(string parameter)
    {
        var browser = new Browser(_host);
        var callback = await AtProviderAsync(browser);
        var at = callback.IndexOf(parameter + "=", StringComparison.Ordinal) + parameter.Length + 25;

        await browser.SendAsync("GET", callback[..at] + (callback[at] == 'a' ? 'b' : 'a') + callback[(at + 1)..], page: false).ProblemAsync(HttpStatusCode.Unauthorized, "sign-in-failed");

        Assert.DoesNotContain(Cookie, browser.Said.Keys);
    }

    [Theory]
    [InlineData("?error=access_denied")]
    [InlineData("?code=x")]
    [InlineData("?code=x&state=y")]
    [InlineData("")]
    public async Task Answer_that_nobody_asked_for_is_refused(string query) =>
        await new Browser(_host).SendAsync("GET", "/signin/callback" + query, page: false).ProblemAsync(HttpStatusCode.Unauthorized, "sign-in-failed");

    public static TheoryData<string> Wrongs => ["issuer", "audience", "expired", "early", "key", "none", "shared", "nonce", "nobody", "roles"];

    [Theory]
    [MemberData(nameof(Wrongs))]
    public async Task Wrong_identity_token_signs_nobody_in(string what)
    {
        _provider.Change = Wrong(what, TestProvider.Client);
        var browser = new Browser(_host);

        await Task.FromResult(await SignInAsync(browser)).ProblemAsync(HttpStatusCode.Unauthorized, "sign-in-failed");

        Assert.DoesNotContain(Cookie, browser.Said.Keys);
    }

    [Theory]
    [InlineData("")]
    [InlineData("AAAA")]
    public async Task Identity_token_whose_signature_was_taken_away_or_changed_signs_nobody_in(string signature)
    {
        _provider.Forge = t => t[..(t.LastIndexOf('.') + 1)] + signature;
        var browser = new Browser(_host);

        await Task.FromResult(await SignInAsync(browser)).ProblemAsync(HttpStatusCode.Unauthorized, "sign-in-failed");

        Assert.DoesNotContain(Cookie, browser.Said.Keys);
    }

    [Fact]
    public async Task Bearer_of_the_provider_is_accepted_for_the_api()
    {
        var who = await _host.With(_provider.Token()).SendAsync("GET", "/api/whoami").JsonAsync();

        Assert.Equal($"oidc:{_provider.Authority["http://".Length..]}:alice-1", (string)who["name"]!);
        Assert.Equal(["approver"], who["roles"]!.AsArray().Select(r => (string)r!));
        await (await _host.AsAsync(Role.Reader)).SendAsync("GET", "/api/models").JsonAsync();
    }

    [Theory]
    [MemberData(nameof(Wrongs))]
    public async Task Wrong_bearer_is_refused(string what)
    {
        if (what == "nonce")
        {
            return; // Bearers have none.
        }

        await _host.With(_provider.Token(Wrong(what, TestProvider.Audience))).SendAsync("GET", "/api/models").ProblemAsync(HttpStatusCode.Unauthorized, "unauthenticated");
    }

    [Fact]
    public async Task Keys_may_be_changed_by_the_provider()
    {
        await _host.With(_provider.Token()).SendAsync("GET", "/api/whoami").JsonAsync();
        var old = _provider.Token();
        _provider.Rotate();

        await UntilAsync(async () =>
        {
            using var response = await _host.With(_provider.Token()).SendAsync("GET", "/api/whoami");
            return response.StatusCode == HttpStatusCode.OK;
        });
        await _host.With(old).SendAsync("GET", "/api/whoami").ProblemAsync(HttpStatusCode.Unauthorized, "unauthenticated");
    }

    [Fact]
    public async Task Provider_s_roles_and_groups_are_mapped_and_a_claim_may_lie_in_another()
    {
        await using var host = await StartAsync(_provider, ("Oidc:RolesClaim", "realm_access.roles"), ("Oidc:RoleMap:ml-leads", "approver, operator"), ("Oidc:RoleMap:admin", "reader"));
        _provider.Claims["realm_access"] = new Dictionary<string, object>(StringComparer.Ordinal) { ["roles"] = new[] { "admin", "modelflow-uploader", "offline_access" } };
        _provider.Claims["groups"] = new[] { "ml-leads", "others" };

        var who = await host.With(_provider.Token()).SendAsync("GET", "/api/whoami").JsonAsync();

        Assert.Equal(["approver", "operator", "reader", "uploader"], who["roles"]!.AsArray().Select(r => (string)r!).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Many_groups_are_kept_in_several_cookies()
    {
        _provider.Claims["groups"] = Enumerable.Range(0, 200).Select(i => $"{Guid.NewGuid()}-{i}").ToArray();
        var browser = new Browser(_host);

        using var _ = await SignInAsync(browser);
        var who = await browser.SendAsync("GET", "/api/whoami").JsonAsync();

        Assert.Equal(200, who["groups"]!.AsArray().Count);
        Assert.All(browser.Said.Values, c => Assert.InRange(c.Length, 0, 4096));
        using var ended = await browser.SendAsync("DELETE", "/api/session");
        Assert.Empty(browser.Cookies);
    }

    [Fact]
    public async Task Provider_that_does_not_answer_is_named_and_tokens_go_on_working()
    {
        await using var host = await StartAsync(_provider, ("Oidc:Authority", "http://127.0.0.1:9/realm"));

        await new Browser(host).SendAsync("GET", "/signin").ProblemAsync(HttpStatusCode.ServiceUnavailable, "unavailable");
        await (await host.AsAsync(Role.Reader)).SendAsync("GET", "/api/whoami").JsonAsync();
        using var signed = await host.With(_provider.Token()).SendAsync("GET", "/api/whoami");
        Assert.Equal(HttpStatusCode.Unauthorized, signed.StatusCode);
    }

    [Fact]
    public async Task Without_an_audience_no_signed_token_is_a_bearer_and_without_a_client_nobody_signs_in()
    {
        await using var page = await StartAsync(_provider, ("Oidc:Audience", ""));
        await using var api = await StartAsync(_provider, ("Oidc:ClientId", ""));

        await page.With(_provider.Token()).SendAsync("GET", "/api/whoami").ProblemAsync(HttpStatusCode.Unauthorized, "unauthenticated");
        await (await api.AsAsync(Role.Reader)).SendAsync("GET", "/signin").ProblemAsync(HttpStatusCode.NotFound, "not-found");
        await api.With(_provider.Token()).SendAsync("GET", "/api/whoami").JsonAsync();
    }

    [Theory]
    [InlineData("Oidc:Authority", "http://login.example.com/")]
    [InlineData("Oidc:Authority", "")]
    [InlineData("Oidc:RoleMap:team", "boss")]
    [InlineData("Oidc:Scopes", "profile")]
    public async Task Host_does_not_start_with_a_wrong_section(string key, string value) =>
        await Assert.ThrowsAsync<Microsoft.Extensions.Options.OptionsValidationException>(() => StartAsync(_provider, (key, value)));

    [Fact]
    public async Task No_secret_is_logged()
    {
        var browser = new Browser(_host);
        var callback = await AtProviderAsync(browser);
        using (await browser.SendAsync("GET", callback, page: false))
        {
        }

        _provider.Change = Wrong("key", TestProvider.Client);
        using (await SignInAsync(new Browser(_host)))
        {
        }

        Assert.NotEmpty(_host.Log.Lines);
        Assert.DoesNotContain(_host.Log.Lines, l => l.Contains("CANARY", StringComparison.Ordinal));
    }

    private Func<SecurityTokenDescriptor, SecurityTokenDescriptor> Wrong(string what, string audience) => d =>
    {
        Assert.Equal(audience, d.Audience);
        switch (what)
        {
            case "issuer": d.Issuer = "http://127.0.0.1:1/realm"; break;
            case "audience": d.Audience = "another"; break;
            case "expired": (d.IssuedAt, d.NotBefore, d.Expires) = (d.IssuedAt!.Value.AddHours(-1), d.NotBefore!.Value.AddHours(-1), d.NotBefore!.Value.AddMinutes(-3)); break;
            case "early": (d.NotBefore, d.Expires) = (d.NotBefore!.Value.AddMinutes(3), d.NotBefore!.Value.AddMinutes(9)); break;
            case "key": d.SigningCredentials = new SigningCredentials(new RsaSecurityKey(RSA.Create(2048)) { KeyId = _provider.Key.KeyId }, SecurityAlgorithms.RsaSha256); break;
            case "none": d.SigningCredentials = null; break;
            case "shared": d.SigningCredentials = new SigningCredentials(new SymmetricSecurityKey(_provider.Key.Rsa.ExportSubjectPublicKeyInfo()) { KeyId = _provider.Key.KeyId }, SecurityAlgorithms.HmacSha256); break;
            case "nonce": d.Claims["nonce"] = "another"; break;
            case "nobody": d.Claims.Remove("sub"); break;
            case "roles": d.Claims["roles"] = new[] { "approver", "Modelflow-Approver", "modelflow-emperor" }; break;
            default: throw new ArgumentOutOfRangeException(nameof(what));
        }

        return d;
    };

    private static Task<ApiHost> StartAsync(TestProvider provider, params (string, string)[] settings) => ApiHost.StartAsync(
        settings:
        [
            ("Oidc:Authority", provider.Authority), ("Oidc:Title", "Test provider"), ("Oidc:ClientId", TestProvider.Client), ("Oidc:ClientSecret", TestProvider.Secret), ("Oidc:Audience", TestProvider.Audience),
            .. settings,
        ]);

    private static async Task<HttpResponseMessage> SignInAsync(Browser browser, string path = "/signin") =>
        await browser.SendAsync("GET", await AtProviderAsync(browser, path), page: false);

    // Goes to the provider, signs in there, and is sent back: to this path.
    internal static async Task<string> AtProviderAsync(Browser browser, string path = "/signin")
    {
        using var begun = await browser.SendAsync("GET", path, page: false);
        Assert.True(begun.StatusCode == HttpStatusCode.Found, await begun.Content.ReadAsStringAsync(Http.Cancel) + browser.Log());
        using var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false });
        using var answered = await http.GetAsync(begun.Headers.Location, Http.Cancel);
        Assert.Equal(HttpStatusCode.Found, answered.StatusCode);
        return answered.Headers.Location!.PathAndQuery;
    }

    // The library fetches new keys beside the request that first shows an unknown one.
    private static async Task UntilAsync(Func<Task<bool>> holds)
    {
        for (var i = 0; !await holds(); i++)
        {
            Assert.True(i < 200, "It never came to hold.");
            await Task.Delay(25, Http.Cancel);
        }
    }
}
