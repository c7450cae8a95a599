using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;

namespace ModelFlow.Orchestration.Evaluation;

/// <summary>Knows no registry: an image must be named by its digest.</summary>
public sealed class PinnedImageDigests : IImageDigests
{
    /// <inheritdoc/>
    public Task<string?> ResolveAsync(string image, CancellationToken cancellationToken) => Task.FromResult(IsPinned(image) ? image : null);

    /// <summary>Whether an image is named by its digest: <c>registry/name@sha256:…</c>.</summary>
    public static bool IsPinned(string image)
    {
        ArgumentNullException.ThrowIfNull(image);
        var at = image.IndexOf('@', StringComparison.Ordinal);
        return at > 0 && Sha256Digest.TryParse(image[(at + 1)..], out _, out _) && image.AsSpan(at + 1).StartsWith("sha256:", StringComparison.Ordinal);
    }
}
