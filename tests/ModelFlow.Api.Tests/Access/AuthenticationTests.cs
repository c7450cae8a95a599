using System.Net;
using ModelFlow.Api.Access;
using ModelFlow.Api.Tests.Support;

namespace ModelFlow.Api.Tests.Access;

public sealed class AuthenticationTests
{
    private const string Unknown = "mf_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

    [Theory]
    [InlineData("")]
    [InlineData("Bearer")]
    [InlineData("Bearer ")]
    [InlineData("Bearer mf_short")]
    [InlineData("Bearer " + Unknown)]
    [InlineData("Bearer " + Unknown + "=")]
    [InlineData("Basic dXNlcjpwYXNz")]
    [InlineData("mf_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    public async Task Anything_but_a_valid_token_is_refused(string header)
    {
        await using var host = await ApiHost.StartAsync();
        var client = host.Anonymous();
        client.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", header);

        using var response = await client.SendAsync("GET", "/api/models");

        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Equal("Bearer", response.Headers.WwwAuthenticate.Single().Scheme);
    }

    [Fact]
    public async Task Two_authorization_headers_are_refused_even_if_one_is_valid()
    {
        await using var host = await ApiHost.StartAsync();
        var token = await host.AddTokenAsync("alice", Role.Reader);
        var client = host.Anonymous();
        client.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", ["Bearer " + token, "Bearer " + Unknown]);

        await client.SendAsync("GET", "/api/models").ProblemAsync(HttpStatusCode.Unauthorized, "unauthenticated");
    }

    [Fact]
    public async Task Too_many_failures_are_answered_with_429_until_time_has_passed()
    {
        await using var host = await ApiHost.StartAsync(settings: ("Api:FailedAuthenticationBurst", "3"));
        var stranger = host.With(Unknown);
        for (var i = 0; i < 3; i++)
        {
            await stranger.SendAsync("GET", "/api/models").ProblemAsync(HttpStatusCode.Unauthorized, "unauthenticated");
        }

        using var response = await stranger.SendAsync("GET", "/api/models");
        var wait = response.Headers.RetryAfter?.Delta;
        host.Time.Advance(wait ?? TimeSpan.Zero);

        Assert.Equal(HttpStatusCode.TooManyRequests, response.StatusCode);
        Assert.Equal(TimeSpan.FromSeconds(2), wait);
        await stranger.SendAsync("GET", "/api/models").ProblemAsync(HttpStatusCode.Unauthorized, "unauthenticated");
        await stranger.SendAsync("GET", "/api/models").ProblemAsync(HttpStatusCode.TooManyRequests, "too-many-failures");
    }

    [Fact]
    public async Task Failures_of_others_do_not_lock_out_a_token_that_worked_before()
    {
        await using var host = await ApiHost.StartAsync(settings: ("Api:FailedAuthenticationBurst", "3"));
        var reader = await host.AsAsync(Role.Reader);
        await reader.SendAsync("GET", "/api/whoami").JsonAsync();
        for (var i = 0; i < 10; i++)
        {
            using var _ = await host.With(Unknown).SendAsync("GET", "/api/models");
        }

        host.Time.Advance(TimeSpan.FromSeconds(5));
        for (var i = 0; i < 10; i++)
        {
            using var _ = await host.With(Unknown).SendAsync("GET", "/api/models");
        }

        await reader.SendAsync("GET", "/api/whoami").JsonAsync();
    }

    [Fact]
    public async Task Open_routes_work_whatever_token_is_sent()
    {
        await using var host = await ApiHost.StartAsync(settings: ("Api:FailedAuthenticationBurst", "1"));
        for (var i = 0; i < 3; i++)
        {
            await host.With(Unknown).SendAsync("GET", "/api/health/live").JsonAsync();
        }
    }

    [Theory]
    [InlineData("/api/models", HttpStatusCode.OK)]
    [InlineData("/api/models/A", HttpStatusCode.BadRequest)]
    [InlineData("/api/nothing", HttpStatusCode.NotFound)]
    [InlineData("/openapi/v1.json", HttpStatusCode.OK)]
    public async Task Every_answer_has_the_security_headers(string path, HttpStatusCode status)
    {
        await using var host = await ApiHost.StartAsync();

        using var response = await (await host.AsAsync(Role.Reader)).SendAsync("GET", path);

        Assert.Equal(status, response.StatusCode);
        Assert.Equal("nosniff", response.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.Equal("DENY", response.Headers.GetValues("X-Frame-Options").Single());
        Assert.Contains("default-src 'none'", response.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        Assert.True(response.Headers.CacheControl?.NoStore);
    }
}
