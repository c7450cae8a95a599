using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace ModelFlow.Gateway.Tests.Support;

/// <summary>A model server on a real socket that says what it was asked and does as it is told.</summary>
internal sealed class Upstream : IAsyncDisposable
{
    private readonly WebApplication _app;

    private Upstream(WebApplication app) => _app = app;

    public Uri Address => new(_app.Urls.First());

    public ConcurrentQueue<(string Path, IHeaderDictionary Headers)> Seen { get; } = new();

    /// <summary>How a request is answered; by default with 200 and its path.</summary>
    public Func<HttpContext, Task> Answer { get; set; } = context => context.Response.WriteAsync(context.Request.Path);

    public static async Task<Upstream> StartAsync(Func<HttpContext, Task>? answer = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(k => k.Listen(IPAddress.Loopback, 0));
        var app = builder.Build();
        var upstream = new Upstream(app);
        upstream.Answer = answer ?? upstream.Answer;
        app.Run(async context =>
        {
            upstream.Seen.Enqueue((context.Request.Path, new HeaderDictionary(context.Request.Headers.ToDictionary())));
            await upstream.Answer(context);
        });
        await app.StartAsync(TestContext.Current.CancellationToken);
        return upstream;
    }

    /// <summary>An address that takes no connection.</summary>
    public static Uri ClosedPort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return new Uri($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/");
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
