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
        foreach (var (method, pattern, rule) in RoutesAndRoles.All.Where(r => r.Rule is not (RoutesAndRoles.Everybody or RoutesAndRoles.AnyToken)))
        {
            var operation = document["paths"]!.AsObject().Single(p => p.Key.TrimEnd('/') == pattern).Value![method.ToLowerInvariant()]!;
            Assert.True(RoutesAndRoles.ReachOf(method, pattern) == (string?)operation["x-modelflow-models"], $"{method} {pattern}: {operation["x-modelflow-models"]}");
        }
    }

    [Fact]
    public async Task Role_that_is_bound_to_models_reaches_these_alone_on_every_route()
    {
        await using var host = await ApiHost.StartAsync();
        foreach (var role in Enum.GetValues<Role>().Where(r => r != Role.Gateway))
        {
            var right = host.With(await host.AddTokenAsync($"{role}-right", $"{role.ToText()}:nosuch"));
            var prefix = host.With(await host.AddTokenAsync($"{role}-prefix", $"{role.ToText()}:nos*"));
            var wrong = host.With(await host.AddTokenAsync($"{role}-wrong", $"{role.ToText()}:other", $"{role.ToText()}:nosuch-*"));
            var both = host.With(await host.AddTokenAsync($"{role}-both", $"{role.ToText()}:other", "reader:nosuch"));
            foreach (var (method, pattern, rule) in RoutesAndRoles.All)
            {
                if (rule is RoutesAndRoles.Everybody or RoutesAndRoles.AnyToken)
                {
                    continue;
                }

                var allowed = RoutesAndRoles.Allows(rule, role);
                var reach = RoutesAndRoles.ReachOf(method, pattern);
                var whole = reach is "none" or "filtered";
                var named = reach is not ("all" or "none" or "filtered");
                await ExpectAsync(right, method, pattern, reach, "nosuch", allowed && (whole || named), $"bound rightly, {role}");
                await ExpectAsync(prefix, method, pattern, reach, "nosuch", allowed && (whole || named), $"bound to a prefix, {role}");
                await ExpectAsync(wrong, method, pattern, reach, "nosuch", allowed && whole, $"bound wrongly, {role}");
                await ExpectAsync(both, method, pattern, reach, "nosuch", (rule == "reader" && named) || (whole && RoutesAndRoles.Allows(rule, role)), $"with two roles, {role}");
                if (reach is "body" or "query")
                {
                    await ExpectAsync(right, method, pattern, reach, named: null, allowed: false, $"without a model, {role}");
                    await ExpectAsync(right, method, pattern, reach, "no such", allowed: false, $"with what is no model, {role}");
                }
            }
        }

        static async Task ExpectAsync(HttpClient client, string method, string pattern, string reach, string? named, bool allowed, string what)
        {
            var path = RoutesAndRoles.Fill(pattern) + (reach == "query" && named is not null ? "?model=" + Uri.EscapeDataString(named) : "");
            var body = method is "GET" or "DELETE" ? null
                : reach != "body" ? "{}"
                : named is null ? "{}" : pattern.Contains("freezes", StringComparison.Ordinal) ? $$"""{"scope":"{{named}}"}""" : $$"""{"model":"{{named}}"}""";
            using var response = await client.SendAsync(method, path, body, RoutesAndRoles.BodyType(pattern));
            var refused = response.StatusCode is HttpStatusCode.Forbidden or HttpStatusCode.Unauthorized;
            Assert.True(refused != allowed, $"{method} {path} ({reach}) answers {(int)response.StatusCode} to somebody {what}");
        }
    }

    [Fact]
    public async Task Lists_leave_out_what_a_bound_role_does_not_reach()
    {
        await using var host = await ApiHost.StartAsync();
        foreach (var model in (string[])["digits", "digits-small", "llm"])
        {
            await host.RegisterAsync(model, "v1.0.0");
            await host.AddReleaseAsync($"{model}-v1.0.0-1");
        }

        var admin = await host.AsAsync(Role.Admin);
        foreach (var scope in (string[])["*", "digits", "dig*", "llm", "l*"])
        {
            await admin.SendAsync("POST", "/api/freezes", $$"""{"scope":"{{scope}}","reason":"x"}""").JsonAsync();
        }

        var bound = host.With(await host.AddTokenAsync("bound", "approver:digits"));
        async Task<IEnumerable<string>> ListAsync(HttpClient client, string path, string field) =>
            (await client.SendAsync("GET", path).JsonAsync())["items"]!.AsArray().Select(i => (string)i![field]!).Order(StringComparer.Ordinal);

        Assert.Equal(["digits"], await ListAsync(bound, "/api/models", "model"));
        Assert.Equal(["digits-v1.0.0-1"], await ListAsync(bound, "/api/releases", "id"));
        Assert.Equal(["digits-v1.0.0-1"], await ListAsync(bound, "/api/releases?running=true", "id"));
        Assert.Equal(["digits-v1.0.0-1"], await ListAsync(bound, "/api/releases?model=digits", "id"));
        await bound.SendAsync("GET", "/api/releases?model=llm").ProblemAsync(HttpStatusCode.Forbidden, "forbidden");
        Assert.Equal(["*", "dig*", "digits"], await ListAsync(bound, "/api/freezes", "scope"));
        Assert.Equal(3, (await ListAsync(admin, "/api/models", "model")).Count());
    }

    [Fact]
    public async Task Freeze_is_lifted_and_set_only_by_a_role_over_all_of_its_models()
    {
        await using var host = await ApiHost.StartAsync();
        var bound = host.With(await host.AddTokenAsync("bound", "operator:dig*"));

        await bound.SendAsync("POST", "/api/freezes", """{"scope":"digits-*","reason":"x"}""").JsonAsync();
        await bound.SendAsync("POST", "/api/freezes", """{"scope":"di*","reason":"x"}""").ProblemAsync(HttpStatusCode.Forbidden, "forbidden");
        await bound.SendAsync("POST", "/api/freezes", """{"scope":"*","reason":"x"}""").ProblemAsync(HttpStatusCode.Forbidden, "forbidden");
        var problem = await bound.SendAsync("DELETE", "/api/freezes/*").ProblemAsync(HttpStatusCode.Forbidden, "forbidden");

        Assert.Contains("for all models", (string)problem["detail"]!, StringComparison.Ordinal);
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
                route.Allow(Role.Reader).OverAllModels();
            }
        }));

        Assert.Contains("/api/forgotten", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Route_that_does_not_say_which_models_it_concerns_stops_the_start()
    {
        foreach (var map in (Action<WebApplication>[])
        [
            app => app.MapGet("/api/forgotten", () => "secret").Allow(Role.Reader),
            app => app.MapGet("/api/forgotten/{name}", (string name) => name).Allow(Role.Admin),
            app => app.MapPost("/api/forgotten", () => "secret").Allow(Role.Admin).OverModelInBody(),
            app => app.MapGet("/api/forgotten", () => "secret").Allow(Role.Admin).OverScopeInRoute(),
            app => app.MapGet("/api/forgotten", () => "secret").Allow(Role.Admin).OverAllModels().OverNoModel(),
        ])
        {
            var error = await Assert.ThrowsAsync<InvalidOperationException>(() => ApiHost.StartAsync(map: map));

            Assert.Contains("/api/forgotten", error.Message, StringComparison.Ordinal);
        }
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
