using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace ModelFlow.Cli.Tests.Support;

/// <summary>Stands before a storage, lets a number of blocks through and then holds every further one: a network that dies in the middle.</summary>
internal sealed class CutProxy : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly HttpClient _http = new();
    private readonly Uri _target;
    private readonly int _blocks;
    private int _through;
    private int _came;

    private CutProxy(WebApplication app, Uri target, int blocks) => (_app, _target, _blocks) = (app, target, blocks);

    /// <summary>Called when the blocks are through.</summary>
    public Action? Reached { get; set; }

    /// <summary>Whether one bit of every block is turned on its way.</summary>
    public bool Damage { get; set; }

    public Uri Address => new(_app.Urls.Single());

    /// <summary>Called with the number of each block that comes, from 1.</summary>
    public Action<int>? Came { get; set; }

    public static async Task<CutProxy> StartAsync(Uri target, int blocks)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.WebHost.ConfigureKestrel(k => k.Limits.MaxRequestBodySize = null);
        var app = builder.Build();
        var proxy = new CutProxy(app, target, blocks);
        app.Run(proxy.ForwardAsync);
        await app.StartAsync();
        return proxy;
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _app.DisposeAsync();
    }

    private async Task ForwardAsync(HttpContext context)
    {
        var block = context.Request.Query["comp"] == "block";
        if (block)
        {
            Came?.Invoke(Interlocked.Increment(ref _came));
        }

        if (block && Volatile.Read(ref _through) >= _blocks)
        {
            Reached?.Invoke();
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        }

        using var request = new HttpRequestMessage(new HttpMethod(context.Request.Method), new UriBuilder(_target) { Path = context.Request.Path, Query = context.Request.QueryString.Value }.Uri);
        if (context.Request.ContentLength is not null)
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body, context.RequestAborted);
            var bytes = body.ToArray();
            if (Damage && block)
            {
                bytes[^1] ^= 1;
            }

            request.Content = new ByteArrayContent(bytes);
        }

        foreach (var header in context.Request.Headers)
        {
            if (header.Key != "Host" && !request.Headers.TryAddWithoutValidation(header.Key, (IEnumerable<string>)header.Value!))
            {
                request.Content?.Headers.TryAddWithoutValidation(header.Key, (IEnumerable<string>)header.Value!);
            }
        }

        using var response = await _http.SendAsync(request, context.RequestAborted);
        context.Response.StatusCode = (int)response.StatusCode;
        await response.Content.CopyToAsync(context.Response.Body, context.RequestAborted);
        if (block)
        {
            Interlocked.Increment(ref _through);
        }
    }
}
