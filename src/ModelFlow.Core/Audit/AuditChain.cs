using System.Text.Json;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Serialization;

namespace ModelFlow.Core.Audit;

/// <summary>How entries of <see cref="IAuditLog"/> hang together.</summary>
public static class AuditChain
{
    /// <summary>The place of <paramref name="entry"/> after <paramref name="last"/> (null: it is the first). The hash covers the number, too.</summary>
    public static ChainedAuditEntry Next(ChainedAuditEntry? last, AuditEntry entry) => Link((last?.Seq ?? 0) + 1, last?.Hash ?? "", entry);

    /// <summary>Whether <paramref name="entry"/> follows on <paramref name="last"/> and nobody changed it.</summary>
    public static bool Follows(ChainedAuditEntry? last, ChainedAuditEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        return Next(last, entry.Entry) == entry;
    }

    private static ChainedAuditEntry Link(int seq, string previousHash, AuditEntry entry)
    {
        var content = JsonSerializer.SerializeToNode(new { seq, entry }, CoreJson.Options)!; // An object never becomes null.
        return new ChainedAuditEntry(seq, entry, previousHash, HashChain.Next(previousHash, content));
    }
}
