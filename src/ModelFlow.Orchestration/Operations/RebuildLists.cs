using ModelFlow.Core.Audit;
using ModelFlow.Core.Ports;

namespace ModelFlow.Orchestration.Operations;

/// <summary>Makes the lists again from what they list: after a restore of a backup that was not of one moment, or when a list is in doubt.</summary>
public sealed class RebuildLists(IEnumerable<IProjectedList> lists, IAuditLog audit, TimeProvider time)
{
    /// <summary>Rebuilds every list, one after the other, while everything goes on. What was cut off is done by running it again.</summary>
    public async Task<IReadOnlyList<RebuiltList>> RebuildAsync(string? reason, Requester requester, CancellationToken cancellationToken)
    {
        // Recorded before it is done, as everything is.
        var why = string.IsNullOrEmpty(reason) ? "" : $": {reason}";
        await audit.AppendAsync(
            AuditScope.System,
            new AuditEntry(requester.IdFor("rebuildLists", "lists"), time.GetUtcNow(), requester.By, "rebuildLists", "lists", $"rebuilds the lists{why}"),
            cancellationToken);
        var rebuilt = new List<RebuiltList>();
        foreach (var list in lists)
        {
            rebuilt.Add(await list.RebuildAsync(cancellationToken));
        }

        return rebuilt;
    }
}
