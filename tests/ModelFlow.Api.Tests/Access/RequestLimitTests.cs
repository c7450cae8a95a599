using System.Net;
using ModelFlow.Api.Access;
using ModelFlow.Api.Tests.Support;

namespace ModelFlow.Api.Tests.Access;

public sealed class RequestLimitTests
{
    [Fact]
    public async Task Identity_that_sends_too_much_waits_and_no_other_does()
    {
        await using var host = await StartAsync();
        var (alice, bob) = (await host.AsAsync(Role.Reader, "alice"), await host.AsAsync(Role.Reader, "bob"));
        for (var i = 0; i < 3; i++)
        {
            await alice.SendAsync("GET", "/api/models").JsonAsync();
        }

        using var refused = await alice.SendAsync("GET", "/api/models");
        await alice.SendAsync("GET", "/api/models").ProblemAsync(HttpStatusCode.TooManyRequests, "too-many-requests");
        await bob.SendAsync("GET", "/api/models").JsonAsync();
        host.Time.Advance(refused.Headers.RetryAfter?.Delta ?? TimeSpan.Zero);

        Assert.Equal(TimeSpan.FromSeconds(2), refused.Headers.RetryAfter?.Delta);
        await alice.SendAsync("GET", "/api/models").JsonAsync();
        await alice.SendAsync("GET", "/api/models").ProblemAsync(HttpStatusCode.TooManyRequests, "too-many-requests");
    }

    [Fact]
    public async Task Session_and_token_of_an_identity_count_as_one()
    {
        await using var host = await StartAsync();
        var token = await host.AddTokenAsync("alice", Role.Reader);
        var browser = new Browser(host);
        await browser.SendAsync("POST", "/api/session", $$"""{"token":"{{token}}"}""").JsonAsync();
        for (var i = 0; i < 3; i++)
        {
            await browser.SendAsync("GET", "/api/whoami").JsonAsync();
        }

        await host.With(token).SendAsync("GET", "/api/whoami").ProblemAsync(HttpStatusCode.TooManyRequests, "too-many-requests");
    }

    [Fact]
    public async Task Gateways_and_what_is_open_to_all_are_let_pass()
    {
        await using var host = await StartAsync();
        var gateway = await host.AsAsync(Role.Gateway);
        for (var i = 0; i < 10; i++)
        {
            await gateway.SendAsync("GET", "/api/gateway/routes").JsonAsync();
            await host.Anonymous().SendAsync("GET", "/api/health/live").JsonAsync();
        }
    }

    private static Task<ApiHost> StartAsync() => ApiHost.StartAsync(settings: [("Api:RequestBurst", "3"), ("Api:RequestsPerSecond", "0.5")]);
}
