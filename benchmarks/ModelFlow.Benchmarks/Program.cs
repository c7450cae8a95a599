using System.Net;
using Yarp.ReverseProxy.Forwarder;

// bench-gateway upstream PORT          answers every request with 1 kB
// bench-gateway yarp PORT UPSTREAM     YARP's forwarder with nothing around it: what the gateway is held against
var proxy = string.Equals(args[0], "yarp", StringComparison.Ordinal);
var builder = WebApplication.CreateSlimBuilder();
builder.Logging.ClearProviders();
builder.WebHost.ConfigureKestrel(k => k.Listen(IPAddress.Loopback, int.Parse(args[1])));
if (proxy)
{
    builder.Services.AddHttpForwarder();
}

var app = builder.Build();
if (proxy)
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
    app.Run(async context => await forwarder.SendAsync(context, args[2], invoker, ForwarderRequestConfig.Empty, HttpTransformer.Default));
}
else
{
    var body = new byte[1024];
    Array.Fill(body, (byte)'x');
    app.Run(async context =>
    {
        while (await context.Request.Body.ReadAsync(new byte[4096]) > 0)
        {
        }

        context.Response.ContentLength = body.Length;
        context.Response.ContentType = "application/json";
        await context.Response.Body.WriteAsync(body);
    });
}

await app.RunAsync();
