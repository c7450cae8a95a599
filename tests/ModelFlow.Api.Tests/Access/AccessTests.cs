using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using ModelFlow.Api.Access;
using ModelFlow.Api.Tests.Support;

namespace ModelFlow.Api.Tests.Access;

public sealed class AccessTests
{
    [Fact]
    public async Task Every_mapped_route_is_written_down_with_its_rule()
    {
        await using var host = await ApiHost.StartAsync();

        var mapped = host.Get<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(e => e.RoutePattern.RawText!.StartsWith("/api", StringComparison.Ordinal))
            .Select(e => (
                e.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods.Single(),
                Regex.Replace(e.RoutePattern.RawText!.TrimEnd('/'), @"\{\**", "{", RegexOptions.None, TimeSpan.FromSeconds(1)),
                RuleOf(e)));

        Assert.Equal(RoutesAndRoles.All.Order(), mapped.Where(m => !m.Item2.StartsWith("/api/gateways", StringComparison.Ordinal)).Order());
    }

    [Fact]
    public async Task Every_route_lets_in_exactly_the_roles_of_its_rule()
    {
        await using var host = await ApiHost.StartAsync();
        foreach (var (method, pattern, rule) in RoutesAndRoles.All)
        {
            foreach (var role in Enum.GetValues<Role>())
            {
                var client = await host.AsAsync(role);
                using var response = await client.SendAsync(method, RoutesAndRoles.Fill(pattern), method is "GET" or "DELETE" ? null : "{}", RoutesAndRoles.BodyType(pattern));

                var refused = response.StatusCode is HttpStatusCode.Forbidden or HttpStatusCode.Unauthorized;
                Assert.True(refused != RoutesAndRoles.Allows(rule, role), $"{method} {pattern} ({rule}) answers {(int)response.StatusCode} to {role}");
            }
        }
    }

    [Fact]
    public async Task Every_route_but_the_open_ones_answers_401_without_a_token()
    {
        await using var host = await ApiHost.StartAsync();
        foreach (var (method, pattern, rule) in RoutesAndRoles.All)
        {
            using var response = await host.Anonymous().SendAsync(method, RoutesAndRoles.Fill(pattern), method is "GET" or "DELETE" ? null : "{}", RoutesAndRoles.BodyType(pattern));

            Assert.True((response.StatusCode == HttpStatusCode.Unauthorized) == (rule != RoutesAndRoles.Everybody), $"{method} {pattern} answers {(int)response.StatusCode}");
        }
    }

    [Fact]
    public async Task OpenApi_document_lists_the_same_routes_and_roles()
    {
        await using var host = await ApiHost.StartAsync();

        var document = await host.Anonymous().SendAsync("GET", "/openapi/v1.json").JsonAsync();

        var listed = document["paths"]!.AsObject()
            .SelectMany(p => p.Value!.AsObject().Select(o => (o.Key.ToUpperInvariant(), p.Key.TrimEnd('/'), (string)o.Value!["x-modelflow-role"]!)))
            .Where(m => !m.Item2.StartsWith("/api/gateways", StringComparison.Ordinal));
        Assert.Equal(RoutesAndRoles.All.Order(), listed.Order());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public async Task Route_without_exactly_one_rule_stops_the_start(int rules)
    {
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() => ApiHost.StartAsync(map: app =>
        {
            var route = app.MapGet("/api/forgotten", () => "secret");
            for (var i = 0; i < rules; i++)
            {
                route.Allow(Role.Reader);
            }
        }));

        Assert.Contains("/api/forgotten", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Route_that_goes_round_the_rules_stops_the_start()
    {
        var error = await Assert.ThrowsAsync<InvalidOperationException>(() =>
            ApiHost.StartAsync(map: app => app.MapGet("/api/open", () => "secret").Allow(Role.Admin).AllowAnonymous()));

        Assert.Contains("/api/open", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Route_mapped_later_without_a_rule_is_closed_to_all()
    {
        await using var host = await ApiHost.StartAsync();
        ((IEndpointRouteBuilder)host.Application).MapGet("/late", () => "secret");

        await host.Anonymous().SendAsync("GET", "/late").ProblemAsync(HttpStatusCode.Unauthorized, "unauthenticated");
        await (await host.AsAsync(Role.Admin)).SendAsync("GET", "/late").ProblemAsync(HttpStatusCode.Forbidden, "forbidden");
    }

    [Fact]
    public async Task Forbidden_answer_names_the_roles_that_would_do()
    {
        await using var host = await ApiHost.StartAsync();

        var problem = await (await host.AsAsync(Role.Reader)).SendAsync("POST", "/api/releases/digits-v1.0.0-1/pause").ProblemAsync(HttpStatusCode.Forbidden, "forbidden");

        Assert.Equal(["operator", "admin"], problem["needs"]!.AsArray().Select(r => (string)r!));
    }

    [Fact]
    public async Task Unknown_path_and_method_are_explained_only_to_those_with_a_token()
    {
        await using var host = await ApiHost.StartAsync();
        var reader = await host.AsAsync(Role.Reader);

        await host.Anonymous().SendAsync("GET", "/api/nothing").ProblemAsync(HttpStatusCode.Unauthorized, "unauthenticated");
        await reader.SendAsync("GET", "/api/nothing").ProblemAsync(HttpStatusCode.NotFound, "not-found");
        var problem = await reader.SendAsync("DELETE", "/api/models").ProblemAsync(HttpStatusCode.MethodNotAllowed, "method-not-allowed");
        Assert.Contains("GET", (string)problem["remedy"]!, StringComparison.Ordinal);
    }

    private static string RuleOf(RouteEndpoint endpoint) => endpoint.Metadata.GetRequiredMetadata<AccessRule>() switch
    {
        AccessRule.OfRole rule => rule.Needed.ToText(),
        AccessRule.AnyToken => RoutesAndRoles.AnyToken,
        _ => RoutesAndRoles.Everybody,
    };
}
