using Azure;
using Azure.Containers.ContainerRegistry;
using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Identity;
using ModelFlow.Core.Ports;
using ModelFlow.Orchestration.Evaluation;

namespace ModelFlow.Functions.Registry;

/// <summary>
/// Asks Azure Container Registry which digest a tag stands for now, as the app's identity (role AcrPull). Other registries are never asked: what
/// answered there would be sent a token.
/// </summary>
internal sealed class RegistryImageDigests(TokenCredential credential, HttpPipelineTransport? transport = null) : IImageDigests
{
    private static readonly (string Suffix, ContainerRegistryAudience Audience)[] Clouds =
    [
        (".azurecr.io", ContainerRegistryAudience.AzureResourceManagerPublicCloud),
        (".azurecr.us", ContainerRegistryAudience.AzureResourceManagerGovernment),
        (".azurecr.cn", ContainerRegistryAudience.AzureResourceManagerChina),
    ];

    /// <summary>Whether an image's tag can be resolved here, as far as its name says.</summary>
    public static bool Knows(string image) => RegistryImage.TryParse(image, out var named) && CloudOf(named.Server) is not null;

    /// <inheritdoc/>
    public async Task<string?> ResolveAsync(string image, CancellationToken cancellationToken)
    {
        if (PinnedImageDigests.IsPinned(image))
        {
            return image;
        }

        if (!RegistryImage.TryParse(image, out var named) || CloudOf(named.Server) is not { } audience)
        {
            return null;
        }

        var options = new ContainerRegistryClientOptions { Audience = audience };
        if (transport is not null)
        {
            options.Transport = transport;
        }

        var client = new ContainerRegistryClient(new Uri($"https://{named.Server}"), credential, options);
        try
        {
            var properties = await client.GetArtifact(named.Repository, named.Tag).GetManifestPropertiesAsync(cancellationToken);
            var pinned = $"{named.Server}/{named.Repository}@{properties.Value.Digest}";
            return PinnedImageDigests.IsPinned(pinned) ? pinned : null;
        }
        catch (RequestFailedException e) when (e.Status == 404)
        {
            return null;
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested
            && e is RequestFailedException or AuthenticationFailedException or AggregateException or HttpRequestException or OperationCanceledException)
        {
            throw new IOException($"{named.Server} did not say which digest {named.Repository}:{named.Tag} has: {e.Message.Split('\n')[0].Trim()}", e);
        }
    }

    private static ContainerRegistryAudience? CloudOf(string server)
    {
        foreach (var (suffix, audience) in Clouds)
        {
            if (server.EndsWith(suffix, StringComparison.Ordinal))
            {
                return audience;
            }
        }

        return null;
    }
}
