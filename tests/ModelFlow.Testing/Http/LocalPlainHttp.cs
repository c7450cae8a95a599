using Azure.Core;
using Azure.Core.Pipeline;

namespace ModelFlow.Testing.Http;

/// <summary>Tokens are sent over TLS only: requests are for https, and this carries them to the stand-in without.</summary>
public sealed class LocalPlainHttp(int port) : HttpPipelineTransport
{
    private static readonly HttpClientTransport Inner = new();

    public override Request CreateRequest() => Inner.CreateRequest();

    public override void Process(HttpMessage message) => throw new NotSupportedException();

    public override async ValueTask ProcessAsync(HttpMessage message)
    {
        ArgumentNullException.ThrowIfNull(message);
        var uri = message.Request.Uri;
        (uri.Scheme, uri.Host, uri.Port) = ("http", "localhost", port);
        await Inner.ProcessAsync(message);
    }
}
