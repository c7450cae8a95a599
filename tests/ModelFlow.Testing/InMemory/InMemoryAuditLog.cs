using System.Runtime.CompilerServices;
using ModelFlow.Core.Audit;
using ModelFlow.Core.Ports;

namespace ModelFlow.Testing.InMemory;

/// <summary>The audit log in memory, chained as in the tables.</summary>
public sealed class InMemoryAuditLog : IAuditLog
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, List<ChainedAuditEntry>> _scopes = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public Task AppendAsync(string scope, AuditEntry entry, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (!_scopes.TryGetValue(scope, out var chain))
            {
                _scopes[scope] = chain = [];
            }

            if (!chain.Exists(e => string.Equals(e.Entry.Id, entry.Id, StringComparison.Ordinal)))
            {
                chain.Add(AuditChain.Next(chain.Count == 0 ? null : chain[^1], entry));
            }
        }

        return Task.CompletedTask;
    }

    /// <inheritdoc/>
    public Task<bool> ContainsAsync(string scope, string id, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            return Task.FromResult(_scopes.TryGetValue(scope, out var chain) && chain.Exists(e => string.Equals(e.Entry.Id, id, StringComparison.Ordinal)));
        }
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<string> ListScopesAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            return _scopes.Keys.ToList().ToAsyncEnumerable();
        }
    }

    /// <inheritdoc/>
    public Task<ChainedAuditEntry?> FindHeadAsync(string scope, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            return Task.FromResult(_scopes.TryGetValue(scope, out var chain) && chain.Count > 0 ? chain[^1] : null);
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<ChainedAuditEntry> ReadAsync(string scope, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.CompletedTask;
        List<ChainedAuditEntry> chain;
        lock (_gate)
        {
            chain = _scopes.TryGetValue(scope, out var found) ? [.. found] : [];
        }

        foreach (var entry in chain)
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return entry;
        }
    }
}
