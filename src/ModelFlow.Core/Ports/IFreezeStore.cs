using ModelFlow.Core.Freezes;

namespace ModelFlow.Core.Ports;

/// <summary>Standing freezes.</summary>
public interface IFreezeStore
{
    /// <summary>Adds a freeze or replaces the one of the same scope.</summary>
    Task PutAsync(Freeze freeze, CancellationToken cancellationToken);

    /// <summary>Lifts the freeze of a scope; false if there was none.</summary>
    Task<bool> RemoveAsync(string scope, CancellationToken cancellationToken);

    /// <summary>All standing freezes.</summary>
    Task<IReadOnlyList<Freeze>> ListAsync(CancellationToken cancellationToken);
}
