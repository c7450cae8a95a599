using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using ModelFlow.Functions.Composition;
using ModelFlow.Functions.Http;
using ModelFlow.Testing;

namespace ModelFlow.Functions.Tests.Composition;

/// <summary>
/// The Azure host's services over settings, by default those of <c>local.settings.sample.json</c>, behind a pipeline like the worker's own: routing, and one
/// catch-all endpoint.
/// </summary>
internal static class SampleHost
{
    public static Dictionary<string, string?> Settings()
    {
        using var sample = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(RepositoryRoot.Find(), "local.settings.sample.json")));
        return sample.RootElement.GetProperty("Values").EnumerateObject().ToDictionary(p => p.Name, p => p.Value.GetString(), StringComparer.Ordinal);
    }

    /// <summary>Not started: as it stands it has no storage.</summary>
    public static IHost Build(IReadOnlyDictionary<string, string?> settings, Action<IServiceCollection>? before = null) => new HostBuilder()
        .UseDefaultServiceProvider(o => (o.ValidateOnBuild, o.ValidateScopes) = (true, true))
        .ConfigureAppConfiguration(c => c.AddInMemoryCollection(settings))
        .ConfigureServices((context, services) =>
        {
            before?.Invoke(services);
            services.AddRouting();
            services.AddModelFlowHost(context.Configuration);
        })
        .ConfigureWebHost(web => web.UseTestServer().Configure(app =>
        {
            var pipeline = app.ApplicationServices.GetRequiredService<ApiPipeline>();
            app.UseRouting();
            app.UseEndpoints(endpoints => endpoints.Map("{*path}", (HttpContext context) => pipeline.AnswerAsync(context)));
        }))
        .Build();
}
