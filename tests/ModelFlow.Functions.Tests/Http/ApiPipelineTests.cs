using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using ModelFlow.Api.Access;
using ModelFlow.Core.Ports;
using ModelFlow.Functions.Http;
using ModelFlow.Functions.Tests.Composition;
using ModelFlow.Testing.InMemory;
using ModelFlow.Testing.World;

namespace ModelFlow.Functions.Tests.Http;

/// <summary>The API behind one catch-all endpoint, as the worker's own pipeline has it.</summary>
public sealed class ApiPipelineTests : IAsyncLifetime
{
    private IHost _app = null!; // Set before each test.

    public async ValueTask InitializeAsync()
    {
        var settings = SampleHost.Settings();
        settings["AzureHost:CreateStorage"] = "false";
        _app = SampleHost.Build(settings, services =>
        {
            new InMemoryStores().AddTo(services);
            services.AddSingleton<ITokenStore, InMemoryTokenStore>();
        });
        await _app.StartAsync(TestContext.Current.CancellationToken);
    }

    public ValueTask DisposeAsync()
    {
        _app.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Live_isAnsweredByTheApi()
    {
        using var answer = await _app.GetTestClient().GetAsync("/api/health/live", TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("nosniff", answer.Headers.GetValues("X-Content-Type-Options").Single());
    }

    [Fact]
    public async Task OpenApiDocument_isTheVerySame_withoutTheCatchAll()
    {
        var document = await _app.GetTestClient().GetFromJsonAsync<JsonElement>("/openapi/v1.json", TestContext.Current.CancellationToken);

        var paths = document.GetProperty("paths").EnumerateObject().Select(p => p.Name).ToList();
        Assert.Contains("/api/releases/{id}/events", paths);
        Assert.All(paths, p => Assert.StartsWith("/api", p, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(null, "GET", "/api/models", 401)]
    [InlineData("reader", "GET", "/nothing/here", 404)]
    [InlineData("reader", "DELETE", "/api/models", 405)]
    public async Task Refusals_areProblemDetails(string? role, string method, string path, int status)
    {
        using var client = role is null ? _app.GetTestClient() : await WithRoleAsync(role);
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        using var answer = await client.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(status, (int)answer.StatusCode);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
    }

    [Fact]
    public async Task Roles_areAskedFor_routeByRoute()
    {
        using var reader = await WithRoleAsync("reader");

        using var allowed = await reader.GetAsync("/api/models", TestContext.Current.CancellationToken);
        using var refused = await reader.GetAsync("/api/tokens", TestContext.Current.CancellationToken);

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.Forbidden), (allowed.StatusCode, refused.StatusCode));
    }

    [Fact]
    public async Task Context_isGivenBackAsItWas()
    {
        await using var scope = _app.Services.CreateAsyncScope();
        var context = new DefaultHttpContext { RequestServices = scope.ServiceProvider };
        context.Request.Path = "/api/health/live";
        context.Request.Method = "GET";
        context.Request.RouteValues["path"] = "api/health/live";
        var endpoint = new Endpoint(null, null, "the function");
        context.SetEndpoint(endpoint);

        await _app.Services.GetRequiredService<ApiPipeline>().AnswerAsync(context);

        Assert.Equal(200, context.Response.StatusCode);
        Assert.Same(endpoint, context.GetEndpoint());
        Assert.Equal("api/health/live", context.Request.RouteValues["path"]);
    }

    private async Task<HttpClient> WithRoleAsync(string role)
    {
        var secret = TokenSecret.Create();
        Assert.True(await _app.Services.GetRequiredService<ITokenStore>().AddAsync(
            new TokenRecord { Name = role, SecretHash = secret.Hash, Roles = [role], CreatedAt = DateTimeOffset.UtcNow }, TestContext.Current.CancellationToken));
        var client = _app.GetTestClient();
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", secret.Reveal());
        return client;
    }
}
