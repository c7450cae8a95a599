using ModelFlow.Core.Ports;

namespace ModelFlow.Testing.InMemory;

/// <summary>A record that no name is found in: the real one knows tables, and is tested on them.</summary>
public sealed class InMemoryRecordedNames : IRecordedNames
{
    /// <inheritdoc/>
    public IAsyncEnumerable<NamedRow> FindAsync(string name, string placeholder, ISet<string> running, CancellationToken cancellationToken) => AsyncEnumerable.Empty<NamedRow>();

    /// <inheritdoc/>
    public Task RewriteAsync(NamedRow row, string name, string placeholder, CancellationToken cancellationToken) => Task.CompletedTask;
}
