using ModelFlow.Core.Ports;

namespace ModelFlow.Azure.ContainerApps;

/// <summary>The configured image, else the one that the job was deployed with; by its digest.</summary>
internal sealed class ContainerAppsImages(ContainerAppsPlatform platform, IImageDigests digests) : IImageDigests
{
    /// <summary>Stands for the job's own image.</summary>
    public const string OfTheJob = "the job's own";

    public async Task<string?> ResolveAsync(string image, CancellationToken cancellationToken)
    {
        var named = string.Equals(image, OfTheJob, StringComparison.Ordinal) ? await platform.ImageAsync(cancellationToken) : image;
        return string.IsNullOrEmpty(named) ? null : await digests.ResolveAsync(named, cancellationToken);
    }
}
