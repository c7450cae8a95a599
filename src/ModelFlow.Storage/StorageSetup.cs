namespace ModelFlow.Storage;

/// <summary>Makes the containers and tables that are missing: once, when a host starts.</summary>
public sealed class StorageSetup(StorageClients clients)
{
    /// <summary>Makes what is missing; what is there stays as it is.</summary>
    /// <exception cref="Core.Ports.StorageException">The storage does not answer, or the credential lacks the right.</exception>
    public async Task EnsureCreatedAsync(CancellationToken cancellationToken)
    {
        var containers = StorageNames.Containers.Select(name => StorageErrors.TranslateAsync(
            $"making the container '{name}'", () => clients.Container(name).CreateIfNotExistsAsync(cancellationToken: cancellationToken), cancellationToken));
        var tables = StorageNames.Tables.Select(name => clients.Table(name).CreateIfMissingAsync(cancellationToken));
        await Task.WhenAll([.. containers, .. tables]);
    }
}
