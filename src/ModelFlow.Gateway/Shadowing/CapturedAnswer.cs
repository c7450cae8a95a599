using System.Globalization;
using ModelFlow.Gateway.Forwarding;

namespace ModelFlow.Gateway.Shadowing;

/// <summary>An answer that is kept while it passes, to be compared later.</summary>
internal sealed class CapturedAnswer(CaptureBuffer kept) : IStreamObserver
{
    private const string BinaryHeader = "Inference-Header-Content-Length";

    /// <summary>Its media type.</summary>
    public string? MediaType { get; private set; }

    /// <summary>Whether it can be read as it is.</summary>
    public bool IsPlain { get; private set; }

    /// <summary>How many bytes of JSON come before the binary tensors of an Open Inference answer; null where there are none.</summary>
    public int? JsonBytes { get; private set; }

    /// <summary>When the last of it came; 0 if nothing did.</summary>
    public long LastAt => kept.LastAt;

    /// <summary>Whether there was more than is kept.</summary>
    public bool IsTooLarge => kept.IsTooLarge;

    /// <summary>What came.</summary>
    public ReadOnlyMemory<byte> Bytes => kept.Bytes;

    /// <summary>Takes what its headers say.</summary>
    public void Begin(HttpResponseMessage answer)
    {
        MediaType = answer.Content.Headers.ContentType?.MediaType;
        IsPlain = answer.Content.Headers.ContentEncoding.Count == 0;
        var binary = answer.Headers.TryGetValues(BinaryHeader, out var values) || answer.Content.Headers.TryGetValues(BinaryHeader, out values) ? values.First() : null;
        JsonBytes = int.TryParse(binary, NumberStyles.None, CultureInfo.InvariantCulture, out var length) ? length : null;
    }

    /// <inheritdoc/>
    public void Read(ReadOnlySpan<byte> bytes) => kept.Read(bytes);
}
