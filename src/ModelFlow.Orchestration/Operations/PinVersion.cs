using ModelFlow.Core.Audit;
using ModelFlow.Core.Catalog;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;

namespace ModelFlow.Orchestration.Operations;

/// <summary>Keeps a version's files where they are, whatever the retention policy says, or no longer does.</summary>
public sealed class PinVersion(IVersionCatalog catalog, IAuditLog audit, TimeProvider time)
{
    /// <summary>Pins or unpins; null if the version is not registered.</summary>
    public async Task<VersionRecord?> SetAsync(ModelName model, VersionName version, bool pinned, string? reason, Requester requester, CancellationToken cancellationToken)
    {
        if (await catalog.GetAsync(model, version, cancellationToken) is not { } record)
        {
            return null;
        }

        if (record.Pinned == pinned)
        {
            return record;
        }

        var action = pinned ? "pin" : "unpin";
        var why = string.IsNullOrEmpty(reason) ? "" : $": {reason}";
        await audit.AppendAsync(
            AuditScope.Of(model),
            new AuditEntry(requester.IdFor(action, $"{model}/{version}"), time.GetUtcNow(), requester.By, action, version.Value, $"{action}ned {version}{why}"),
            cancellationToken);
        return await catalog.UpdateAsync(model, version, v => v with { Pinned = pinned }, cancellationToken);
    }
}
