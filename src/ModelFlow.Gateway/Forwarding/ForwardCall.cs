using System.Diagnostics;
using ModelFlow.Gateway.OpenAi;
using ModelFlow.Gateway.Routing;
using ModelFlow.Gateway.Shadowing;
using ModelFlow.Gateway.Telemetry;
using Yarp.ReverseProxy.Forwarder;

namespace ModelFlow.Gateway.Forwarding;

/// <summary>One request to one replica: what changes on the way there and back.</summary>
internal sealed class ForwardCall(Replica replica, ModelOperation operation, string version, string? requestId, Activity? activity, CapturedAnswer? capture, TimeProvider time) : HttpTransformer
{
    /// <summary>The header that names the version, in answers and as a pin in requests.</summary>
    public const string VersionHeader = "x-modelflow-version";

    /// <summary>The header with the signed id of an answer.</summary>
    public const string RequestIdHeader = "x-modelflow-request-id";

    /// <summary>When the model server's answer began; 0 if it never did.</summary>
    public long FirstByteAt { get; private set; }

    /// <summary>Counts the answer's tokens; null where there are none to count.</summary>
    public TokenReader? Tokens { get; private set; }

    public override async ValueTask TransformRequestAsync(HttpContext httpContext, HttpRequestMessage proxyRequest, string destinationPrefix, CancellationToken cancellationToken)
    {
        // Hop-by-hop headers are left out by the base.
        await base.TransformRequestAsync(httpContext, proxyRequest, destinationPrefix, cancellationToken);
        var headers = proxyRequest.Headers;
        headers.Host = null;
        headers.Authorization = null;
        headers.Remove("Cookie");
        headers.Remove(ShadowHeaders.Marker);
        if (activity is not null)
        {
            GatewayTracing.Inject(activity, headers);
        }

        if (operation.Protocol == Protocol.OpenAi)
        {
            // The body's length changes with the model's name, and a compressed answer does not show its tokens.
            headers.AcceptEncoding.Clear();
            if (proxyRequest.Content is { } content)
            {
                content.Headers.ContentLength = null;
            }
        }

        var address = replica.AddressOf(operation);
        proxyRequest.RequestUri = httpContext.Request.QueryString.HasValue ? new Uri(address.AbsoluteUri + httpContext.Request.QueryString.Value) : address;
    }

    public override async ValueTask<bool> TransformResponseAsync(HttpContext httpContext, HttpResponseMessage? proxyResponse, CancellationToken cancellationToken)
    {
        if (proxyResponse is not null)
        {
            FirstByteAt = time.GetTimestamp();
        }

        var copy = await base.TransformResponseAsync(httpContext, proxyResponse, cancellationToken);
        if (operation.Protocol == Protocol.OpenAi && proxyResponse is not null && TokenReader.For(proxyResponse, time) is { } tokens)
        {
            Tokens = tokens;
            proxyResponse.Content = new ObservedContent(proxyResponse.Content, tokens);
        }

        if (capture is not null && proxyResponse is not null)
        {
            capture.Begin(proxyResponse);
            proxyResponse.Content = new ObservedContent(proxyResponse.Content, capture);
        }

        var headers = httpContext.Response.Headers;
        headers[VersionHeader] = version;
        if (requestId is not null)
        {
            headers[RequestIdHeader] = requestId;
        }

        return copy;
    }
}
