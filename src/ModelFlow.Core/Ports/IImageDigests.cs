namespace ModelFlow.Core.Ports;

/// <summary>Resolves tags of container images, so that a job runs, and its evidence names, the very bytes of an image.</summary>
public interface IImageDigests
{
    /// <summary>
    /// The image with its digest, <c>registry/name@sha256:…</c>, for one with a tag; one with a digest is given back as it is. Null if there is none.
    /// </summary>
    /// <exception cref="IOException">The registry, or what names the image, cannot be reached.</exception>
    Task<string?> ResolveAsync(string image, CancellationToken cancellationToken);
}
