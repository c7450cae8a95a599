using ModelFlow.Core.Freezes;
using ModelFlow.Core.Ports;

namespace ModelFlow.Testing.InMemory;

/// <summary>Freezes in memory.</summary>
public sealed class InMemoryFreezeStore : IFreezeStore
{
    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, Freeze> _freezes = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public Task PutAsync(Freeze freeze, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            _freezes[freeze.Scope] = freeze;
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<bool> RemoveAsync(string scope, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            return Task.FromResult(_freezes.Remove(scope));
        }
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<Freeze>> ListAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            return Task.FromResult<IReadOnlyList<Freeze>>([.. _freezes.Values]);
        }
    }
}
