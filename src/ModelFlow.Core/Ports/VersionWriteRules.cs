using System.Text.Json;
using ModelFlow.Core.Catalog;
using ModelFlow.Core.Serialization;

namespace ModelFlow.Core.Ports;

/// <summary>What every <see cref="IVersionCatalog"/> checks before it changes a version; breaking one is a bug of the caller.</summary>
public static class VersionWriteRules
{
    /// <summary>Manifest, digest, uploader and time of registration are fixed at registration.</summary>
    /// <exception cref="InvalidOperationException">The change touches one of them.</exception>
    public static void CheckChange(VersionRecord stored, VersionRecord changed)
    {
        ArgumentNullException.ThrowIfNull(stored);
        ArgumentNullException.ThrowIfNull(changed);
        if (stored.Digest != changed.Digest
            || stored.RegisteredAt != changed.RegisteredAt
            || !string.Equals(stored.Uploader, changed.Uploader, StringComparison.Ordinal)
            || !string.Equals(JsonSerializer.Serialize(stored.Manifest, CoreJson.Options), JsonSerializer.Serialize(changed.Manifest, CoreJson.Options), StringComparison.Ordinal))
        {
            throw new InvalidOperationException($"The manifest, digest, uploader and registration of {stored.Model} {stored.Version} never change.");
        }
    }
}
