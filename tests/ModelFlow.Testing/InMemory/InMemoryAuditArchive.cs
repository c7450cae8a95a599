using System.Text;
using ModelFlow.Core.Ports;

namespace ModelFlow.Testing.InMemory;

/// <summary>The container <c>audit</c> in memory.</summary>
public sealed class InMemoryAuditArchive(InMemoryBlobs blobs) : IAuditArchive
{
    private const string Container = "audit/";

    /// <inheritdoc/>
    public Task<bool> AddAsync(string path, string text, CancellationToken cancellationToken) => Task.FromResult(
        blobs.TryCreate(Container + path, Encoding.UTF8.GetBytes(text))
        || string.Equals(Encoding.UTF8.GetString(blobs.Find(Container + path)!.Content), text, StringComparison.Ordinal)); // Blobs here are never deleted.

    /// <inheritdoc/>
    public Task<string?> FindAsync(string path, CancellationToken cancellationToken) =>
        Task.FromResult(blobs.Find(Container + path) is { } blob ? Encoding.UTF8.GetString(blob.Content) : null);

    /// <inheritdoc/>
    public IAsyncEnumerable<string> ListAsync(string prefix, CancellationToken cancellationToken) =>
        blobs.List(Container + prefix).Select(p => p[Container.Length..]).ToAsyncEnumerable();
}
