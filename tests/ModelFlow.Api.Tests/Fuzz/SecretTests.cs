using System.Net;
using ModelFlow.Api.Access;
using ModelFlow.Api.Tests.Access;
using ModelFlow.Api.Tests.SignIn;
using ModelFlow.Api.Tests.Support;

namespace ModelFlow.Api.Tests.Fuzz;

public sealed class SecretTests
{
    [Fact]
    public async Task Secrets_of_requests_and_answers_are_never_logged_nor_told_to_others()
    {
        await using var host = await ApiHost.StartAsync();
        var secret = await host.AddTokenAsync("admin", Role.Admin, Role.Gateway);
        var admin = host.With(secret);
        var made = await admin.SendAsync("POST", "/api/tokens", """{"name":"made","roles":["reader"]}""").JsonAsync(HttpStatusCode.Created);
        var grant = await admin.SendAsync("POST", "/api/uploads/grants", """{"model":"digits","version":"v1.0.0","files":["model.onnx"]}""").JsonAsync(HttpStatusCode.Created);
        const string Hook = "/hooks/CANARYPATH?code=CANARYCODE";
        var subscribed = await admin.SendAsync("POST", "/api/subscriptions", $$"""{"name":"ops","address":"https://hooks.example.com{{Hook}}"}""").JsonAsync(HttpStatusCode.Created);
        const string Wrong = "mf_CANARYCANARYCANARYCANARYCANARYCANARYCANARYCA";
        using (await host.With(Wrong).SendAsync("GET", "/api/models"))
        {
        }

        string[] secrets = [secret, (string)made["token"]!, (string)subscribed["key"]!, "CANARYPATH", "CANARYCODE", Wrong, new Uri((string)grant["files"]![0]!["url"]!).PathAndQuery, new Uri((string)grant["manifest"]!["url"]!).PathAndQuery];
        var answers = new List<string>();
        foreach (var (method, pattern, _) in RoutesAndRoles.All)
        {
            using var response = await admin.SendAsync(method, RoutesAndRoles.Fill(pattern), method is "GET" or "DELETE" ? null : "{}", RoutesAndRoles.BodyType(pattern));
            answers.Add(await response.Content.ReadAsStringAsync(Http.Cancel) + response.Headers);
        }

        AssertNowhere(host, answers, secrets);
    }

    [Fact]
    public async Task Secrets_of_the_host_and_of_failing_requests_are_never_logged_nor_told()
    {
        const string Token = "mf_CANARYTOKENCANARYTOKENCANARYTOKENCANARYTOKE";
        const string ClientSecret = "CANARYCLIENTSECRET";
        var key = Convert.ToBase64String("CANARY-PROTECTION-KEY-32-BYTES-!"u8);
        await using var provider = await TestProvider.StartAsync(TimeProvider.System);
        await using var host = await ApiHost.StartAsync(settings:
        [
            ("Notifications:ProtectionKeys:0", key), ("Oidc:Authority", provider.Authority), ("Oidc:ClientId", TestProvider.Client), ("Oidc:ClientSecret", ClientSecret), ("Oidc:Audience", TestProvider.Audience),
        ]);
        var signed = provider.Token(d =>
        {
            d.Audience = "another";
            d.Claims["email"] = "CANARYCLAIM";
            return d;
        });
        var (admin, answers, browser) = (await host.AsAsync(Role.Admin), new List<string>(), new Browser(host));
        async Task KeepAsync(Task<HttpResponseMessage> sent)
        {
            using var response = await sent;
            answers.Add(await response.Content.ReadAsStringAsync(Http.Cancel) + response.Headers);
        }

        foreach (var (method, pattern, _) in RoutesAndRoles.All)
        {
            foreach (var token in (string[])[Token, signed])
            {
                await KeepAsync(host.With(token).SendAsync(method, RoutesAndRoles.Fill(pattern), method is "GET" or "DELETE" ? null : "{}", RoutesAndRoles.BodyType(pattern)));
            }
        }

        await KeepAsync(browser.SendAsync("POST", "/api/session", $$"""{"token":"{{Token}}"}"""));
        await KeepAsync(browser.SendAsync("POST", "/api/session", $$"""{"token":"{{Token}}","token":1}"""));
        browser.Put("__Host-modelflow", Token);
        await KeepAsync(browser.SendAsync("GET", "/api/whoami"));
        await KeepAsync(admin.SendAsync("POST", "/api/subscriptions", """{"name":"A B","address":"https://hooks.example.com/CANARYPATH?code=CANARYCODE"}"""));
        await KeepAsync(admin.SendAsync("POST", "/api/subscriptions", """{"name":"ops","address":"ftp://user:CANARYPASSWORD@hooks.example.com/CANARYPATH"}"""));
        await KeepAsync(host.Anonymous().SendAsync("GET", "/openapi/v1.json"));

        // The provider knows another secret: what it answers to this host's is an error.
        var callback = await SignInTests.AtProviderAsync(browser);
        await KeepAsync(browser.SendAsync("GET", callback, page: false));
        await KeepAsync(browser.SendAsync("GET", "/signin/callback?error=CANARY&error_description=x", page: false));

        Assert.Single(provider.Redeemed);
        AssertNowhere(host, answers, [Token, "CANARYTOKEN", ClientSecret, key, "CANARY-PROTECTION", signed, signed.Split('.')[1], "CANARYCLAIM", "CANARYPATH", "CANARYCODE", "CANARYPASSWORD"]);
    }

    private static void AssertNowhere(ApiHost host, List<string> answers, IEnumerable<string> secrets)
    {
        Assert.NotEmpty(host.Log.Lines);
        foreach (var canary in secrets)
        {
            Assert.DoesNotContain(host.Log.Lines, line => line.Contains(canary, StringComparison.Ordinal));
            Assert.DoesNotContain(answers, answer => answer.Contains(canary, StringComparison.Ordinal));
        }
    }
}
