using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ModelFlow.ModelServers.Tests;

/// <summary>An HTTP server on loopback that answers as a test says: a file store, or a model server with faults.</summary>
internal sealed class ScriptedServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private ScriptedServer(WebApplication app) => _app = app;

    /// <summary>Every request: method, path and body.</summary>
    public ConcurrentQueue<(string Call, string Body)> Calls { get; } = [];

    public Uri Address => new(_app.Urls.First());

    public static async Task<ScriptedServer> StartAsync(Func<HttpContext, string, Task> answer)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.Configure<KestrelServerOptions>(k => k.Listen(System.Net.IPAddress.Loopback, 0));
        var app = builder.Build();
        var server = new ScriptedServer(app);
        app.Run(async context =>
        {
            using var reader = new StreamReader(context.Request.Body);
            var call = $"{context.Request.Method} {context.Request.Path}";
            server.Calls.Enqueue((call, await reader.ReadToEndAsync(context.RequestAborted)));
            await answer(context, call);
        });
        await app.StartAsync(TestContext.Current.CancellationToken);
        return server;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
