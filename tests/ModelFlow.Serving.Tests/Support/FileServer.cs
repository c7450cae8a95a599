using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ModelFlow.Serving.Tests.Support;

/// <summary>A store that grants reading files over HTTP, ranges included, and that can be told to misbehave.</summary>
internal sealed class FileServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private FileServer(WebApplication app) => _app = app;

    public ConcurrentDictionary<string, byte[]> Files { get; } = new(StringComparer.Ordinal);

    /// <summary>Answers the next requests in place of the file; taken one by one.</summary>
    public ConcurrentQueue<Func<HttpContext, byte[], Task>> Next { get; } = [];

    /// <summary>The Range header of every request, or an empty string.</summary>
    public ConcurrentQueue<string> Ranges { get; } = [];

    public static async Task<FileServer> StartAsync(CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.Configure<KestrelServerOptions>(k => k.Listen(System.Net.IPAddress.Loopback, 0));
        var app = builder.Build();
        var server = new FileServer(app);
        app.Run(server.ServeAsync);
        await app.StartAsync(cancellationToken);
        return server;
    }

    /// <summary>Sends part of the file and breaks the connection when <paramref name="arrived"/>: a broken connection drops what is under way.</summary>
    public static Func<HttpContext, byte[], Task> CutAfter(int bytes, Func<bool>? arrived = null) => async (context, content) =>
    {
        context.Response.ContentLength = content.Length;
        await context.Response.Body.WriteAsync(content.AsMemory(0, bytes));
        await context.Response.Body.FlushAsync();
        var deadline = DateTime.UtcNow.AddSeconds(10);
        while (arrived?.Invoke() == false && DateTime.UtcNow < deadline)
        {
            await Task.Delay(5);
        }

        context.Abort();
    };

    public static Func<HttpContext, byte[], Task> Status(int status) => (context, _) =>
    {
        context.Response.StatusCode = status;
        return Task.CompletedTask;
    };

    /// <summary>A granted address, with a secret in its query.</summary>
    public string Grant(string name) => $"{_app.Urls.First()}/{name}?sig=do-not-log";

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private Task ServeAsync(HttpContext context)
    {
        Ranges.Enqueue(context.Request.Headers.Range.ToString());
        if (!Files.TryGetValue(context.Request.Path.Value!.TrimStart('/'), out var content))
        {
            return Status(404)(context, []);
        }

        return Next.TryDequeue(out var other)
            ? other(context, content)
            : Results.Bytes(content, enableRangeProcessing: true).ExecuteAsync(context);
    }
}
