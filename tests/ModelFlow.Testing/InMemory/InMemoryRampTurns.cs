using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;

namespace ModelFlow.Testing.InMemory;

/// <summary>Turns in memory.</summary>
public sealed class InMemoryRampTurns : IRampTurns
{
    private readonly Lock _gate = new();
    private readonly Dictionary<ModelName, ReleaseId> _turns = [];

    /// <inheritdoc/>
    public Task<ReleaseId> TakeAsync(ReleaseId release, DateTimeOffset now, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            _turns.TryAdd(release.Model, release);
            return Task.FromResult(_turns[release.Model]);
        }
    }

    /// <inheritdoc/>
    public Task<ReleaseId?> GetAsync(ModelName model, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            return Task.FromResult<ReleaseId?>(_turns.TryGetValue(model, out var release) ? release : null);
        }
    }

    /// <inheritdoc/>
    public Task ReturnAsync(ReleaseId release, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (_turns.TryGetValue(release.Model, out var holder) && holder == release)
            {
                _turns.Remove(release.Model);
            }
        }

        return Task.CompletedTask;
    }
}
