using System.Net;
using Yarp.ReverseProxy.Forwarder;

namespace ModelFlow.Benchmarks.Gateway;

/// <summary>What stands beside the gateway: an upstream that answers every request with 1 kB, and YARP's forwarder with nothing around it.</summary>
internal static class Servers
{
    public const string Upstream = "upstream";
    public const string Yarp = "yarp";

    /// <summary>Serves until it is killed.</summary>
    public static async Task RunAsync(string kind, int port, string? upstream)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(k => k.Listen(IPAddress.Loopback, port));
        builder.Services.AddHttpForwarder();
        var app = builder.Build();
        app.Run(string.Equals(kind, Yarp, StringComparison.Ordinal) ? PassThrough(app, upstream!) : Answer());
        await app.RunAsync();
    }

    private static RequestDelegate PassThrough(WebApplication app, string upstream)
    {
        var forwarder = app.Services.GetRequiredService<IHttpForwarder>();
        var invoker = new HttpMessageInvoker(new SocketsHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            EnableMultipleHttp2Connections = true,
            ActivityHeadersPropagator = null,
            ConnectTimeout = TimeSpan.FromSeconds(15),
        });
        return async context => await forwarder.SendAsync(context, upstream, invoker, ForwarderRequestConfig.Empty, HttpTransformer.Default);
    }

    private static RequestDelegate Answer()
    {
        var body = new byte[1024];
        Array.Fill(body, (byte)'x');
        return async context =>
        {
            var buffer = new byte[4096];
            while (await context.Request.Body.ReadAsync(buffer) > 0)
            {
            }

            context.Response.ContentLength = body.Length;
            context.Response.ContentType = "application/json";
            await context.Response.Body.WriteAsync(body);
        };
    }
}
