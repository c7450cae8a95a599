using ModelFlow.Core.Audit;
using ModelFlow.Core.Freezes;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;

namespace ModelFlow.Orchestration.Operations;

/// <summary>Stops and allows new traffic to candidates, for one model, a prefix of names, or all.</summary>
public sealed class FreezeModels(IFreezeStore freezes, IAuditLog audit, TimeProvider time)
{
    /// <summary>Freezes a scope; a standing freeze of the same scope is replaced.</summary>
    public async Task<Freeze> FreezeAsync(ModelScope scope, string reason, Requester requester, CancellationToken cancellationToken)
    {
        var freeze = new Freeze(scope.Value, requester.By, time.GetUtcNow(), reason);
        await RecordAsync("freeze", scope, $"froze '{scope}': {reason}", freeze.At, requester, cancellationToken);
        await freezes.PutAsync(freeze, cancellationToken);
        return freeze;
    }

    /// <summary>Lifts the freeze of exactly this scope; false if there is none.</summary>
    public async Task<bool> UnfreezeAsync(ModelScope scope, string? reason, Requester requester, CancellationToken cancellationToken)
    {
        var standing = await freezes.ListAsync(cancellationToken);
        if (!standing.Any(f => string.Equals(f.Scope, scope.Value, StringComparison.Ordinal)))
        {
            return false;
        }

        var why = string.IsNullOrEmpty(reason) ? "" : $": {reason}";
        await RecordAsync("unfreeze", scope, $"lifted the freeze of '{scope}'{why}", time.GetUtcNow(), requester, cancellationToken);
        return await freezes.RemoveAsync(scope.Value, cancellationToken);
    }

    // Recorded before it is done: an entry without its change can be seen and repeated, a change without its entry could not.
    private Task RecordAsync(string action, ModelScope scope, string message, DateTimeOffset at, Requester requester, CancellationToken cancellationToken) =>
        audit.AppendAsync(
            AuditScope.Of(scope.Model),
            new AuditEntry(requester.IdFor(action, scope.Value), at, requester.By, action, scope.Value, message),
            cancellationToken);
}
