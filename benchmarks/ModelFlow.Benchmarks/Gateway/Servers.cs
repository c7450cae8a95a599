using System.Globalization;
using System.Net;
using System.Text;
using Yarp.ReverseProxy.Forwarder;

namespace ModelFlow.Benchmarks.Gateway;

/// <summary>
/// What stands beside the gateway: an upstream that answers as many bytes as it was sent, or a stream of events, and YARP's forwarder with
/// nothing around it.
/// </summary>
internal static class Servers
{
    public const string Upstream = "upstream";
    public const string Yarp = "yarp";

    /// <summary>The end of the path that answers a stream.</summary>
    public const string Stream = "generate_stream";

    /// <summary>Where YARP's process says how many bytes it has allocated.</summary>
    public const string Allocated = "/allocated";

    private const int Events = 20;

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
        return async context =>
        {
            if (context.Request.Path == Allocated)
            {
                await context.Response.WriteAsync(GC.GetTotalAllocatedBytes().ToString(CultureInfo.InvariantCulture));
                return;
            }

            await forwarder.SendAsync(context, upstream, invoker, ForwarderRequestConfig.Empty, HttpTransformer.Default);
        };
    }

    private static RequestDelegate Answer()
    {
        var bytes = new byte[1 << 20];
        Array.Fill(bytes, (byte)'x');
        var one = Encoding.ASCII.GetBytes("data: {\"text_output\":\"a piece of text that a model wrote\"}\n\n");
        return async context =>
        {
            var buffer = new byte[64 * 1024];
            int read, length = 0;
            while ((read = await context.Request.Body.ReadAsync(buffer)) > 0)
            {
                length += read;
            }

            if (context.Request.Path.Value!.EndsWith(Stream, StringComparison.Ordinal)) // A request has a path.
            {
                context.Response.ContentType = "text/event-stream";
                for (var i = 0; i < Events; i++)
                {
                    await context.Response.Body.WriteAsync(one);
                    await context.Response.Body.FlushAsync();
                }

                return;
            }

            context.Response.ContentLength = length;
            context.Response.ContentType = "application/json";
            await context.Response.Body.WriteAsync(bytes.AsMemory(0, length));
        };
    }
}
