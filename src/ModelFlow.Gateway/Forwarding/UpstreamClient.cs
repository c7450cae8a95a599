using Microsoft.Extensions.Options;

namespace ModelFlow.Gateway.Forwarding;

/// <summary>The connections to model servers.</summary>
internal sealed class UpstreamClient(IOptions<GatewayOptions> options) : IDisposable
{
    /// <summary>Sends requests.</summary>
    public HttpMessageInvoker Invoker { get; } = new(new SocketsHttpHandler
    {
        UseProxy = false,
        UseCookies = false,
        AllowAutoRedirect = false,
        AutomaticDecompression = System.Net.DecompressionMethods.None,
        EnableMultipleHttp2Connections = true,
        ActivityHeadersPropagator = null,
        ConnectTimeout = options.Value.ConnectTimeout,
    });

    public void Dispose() => Invoker.Dispose();
}
