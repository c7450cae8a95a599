using System.Net;
using ModelFlow.Gateway.OpenAi;

namespace ModelFlow.Gateway.Shadowing;

/// <summary>The body of a mirrored request; notes when it was sent.</summary>
/// <param name="body">The request's body.</param>
/// <param name="servedModel">What the version's server calls it in bodies of OpenAI's API, as JSON; null for other bodies.</param>
/// <param name="time">The clock.</param>
internal sealed class ShadowContent(ReadOnlyMemory<byte> body, ReadOnlyMemory<byte>? servedModel, TimeProvider time) : HttpContent
{
    /// <summary>When all of it was sent; 0 before.</summary>
    public long SentAt { get; private set; }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        if (servedModel is { } model)
        {
            await using var named = new ModelFieldStream(new MemoryStream(body.ToArray()), model);
            await named.CopyToAsync(stream, cancellationToken);
        }
        else
        {
            await stream.WriteAsync(body, cancellationToken);
        }

        SentAt = time.GetTimestamp();
    }

    protected override bool TryComputeLength(out long length)
    {
        length = body.Length;
        return servedModel is null;
    }
}
