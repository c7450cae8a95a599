using System.Net;
using ModelFlow.Gateway.Forwarding;

namespace ModelFlow.Gateway.OpenAi;

/// <summary>An answer's body that somebody reads along in, after each piece was read and without holding it up.</summary>
internal sealed class ObservedContent : HttpContent
{
    private readonly HttpContent _inner;
    private readonly IStreamObserver _observer;

    public ObservedContent(HttpContent inner, IStreamObserver observer)
    {
        _inner = inner;
        _observer = observer;
        foreach (var (name, values) in inner.Headers.NonValidated)
        {
            Headers.TryAddWithoutValidation(name, values);
        }
    }

    protected override async Task<Stream> CreateContentReadStreamAsync() => new ObservedStream(await _inner.ReadAsStreamAsync(), _observer);

    protected override async Task<Stream> CreateContentReadStreamAsync(CancellationToken cancellationToken) =>
        new ObservedStream(await _inner.ReadAsStreamAsync(cancellationToken), _observer);

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => throw new NotSupportedException("Read it as a stream.");

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _inner.Dispose();
        }

        base.Dispose(disposing);
    }
}
