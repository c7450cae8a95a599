using System.Text.Json;
using System.Text.Json.Nodes;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;
using ModelFlow.Core.Serialization;

namespace ModelFlow.Core.Audit;

/// <summary>
/// Entries that were changed on purpose, when a name was erased. Each keeps its hash, so that those after it still follow; what it says now is vouched for by this list, and the list by an
/// entry of the audit log that names its digest (<see cref="Action"/>).
/// </summary>
/// <param name="Placeholder">What stands in the name's place.</param>
/// <param name="At">When.</param>
/// <param name="Entries">The entries.</param>
public sealed record Redactions(string Placeholder, DateTimeOffset At, IReadOnlyList<RedactedEntry> Entries)
{
    /// <summary>The action of the audit entry that names a list.</summary>
    public const string Action = "namesErased";

    /// <summary>The version of this record's shape.</summary>
    public const int CurrentSchema = 1;

    /// <summary>The shape it was written in.</summary>
    public int Schema { get; init; } = CurrentSchema;

    /// <summary>An audit entry after a name was taken out, without what only made its hash hard to guess.</summary>
    public static AuditEntry Redact(AuditEntry entry, string name, string placeholder, out int count)
    {
        ArgumentNullException.ThrowIfNull(entry);
        var redacted = Redact(entry, name, placeholder, [], out count);
        return count == 0 ? entry : redacted with { Salt = null };
    }

    /// <summary>
    /// A release's event after a name was taken out. The id of the signal goes with it: it is random where the caller left that to ModelFlow, and then nobody can find the name by trying
    /// which one makes the event's hash.
    /// </summary>
    public static ReleaseEvent Redact(ReleaseEvent happened, string name, string placeholder, out int count)
    {
        ArgumentNullException.ThrowIfNull(happened);
        var redacted = Redact(happened, name, placeholder, ["signal"], out count);
        return count == 0 ? happened : redacted;
    }

    /// <summary>The hash that an audit entry would have if it had been written as it stands.</summary>
    public static string HashOf(ChainedAuditEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        return HashChain.Next(entry.PreviousHash, JsonSerializer.SerializeToNode(new { seq = entry.Seq, entry = entry.Entry }, CoreJson.Options)!); // An object never becomes null.
    }

    private static T Redact<T>(T value, string name, string placeholder, string[] alsoRemove, out int count)
    {
        var (node, found) = NameRedaction.Replace(JsonSerializer.SerializeToNode(value, CoreJson.Options), name, placeholder);
        count = found;
        if (node?["data"] is JsonObject data)
        {
            foreach (var member in alsoRemove)
            {
                data.Remove(member);
            }
        }

        return node.Deserialize<T>(CoreJson.Options)!; // It was made of one.
    }
}

/// <summary>One entry that was changed.</summary>
/// <param name="Chain">Its chain, as in <see cref="AnchoredHead"/>.</param>
/// <param name="Seq">Its number.</param>
/// <param name="Hash">Its hash, of what it said before.</param>
/// <param name="Redacted">The hash of what it says now.</param>
public sealed record RedactedEntry(string Chain, int Seq, string Hash, string Redacted);

/// <summary>The lists of redacted entries that the audit log knows of.</summary>
public sealed class KnownRedactions
{
    private readonly HashSet<RedactedEntry> _entries = [];

    /// <summary>Takes in a list, if an entry of the audit log names its digest.</summary>
    /// <param name="text">The list as it is kept.</param>
    /// <param name="recorded">The messages of the entries with <see cref="Redactions.Action"/>.</param>
    public void Add(string text, IEnumerable<string> recorded)
    {
        var digest = Sha256Digest.Of(text).ToString();
        if (recorded.Any(m => m.Contains(digest, StringComparison.Ordinal)) && JsonSerializer.Deserialize<Redactions>(text, CoreJson.Options) is { } list)
        {
            _entries.UnionWith(list.Entries);
        }
    }

    /// <summary>Whether an entry that has another hash than its own says what was left of it.</summary>
    public bool Contains(RedactedEntry entry) => _entries.Contains(entry);

    /// <summary>Whether an entry says what was left of it.</summary>
    public bool Covers(ChainedAuditEntry entry, string scope) => _entries.Contains(new RedactedEntry(scope, entry.Seq, entry.Hash, Redactions.HashOf(entry)));

    /// <summary>Whether an event says what was left of it.</summary>
    public bool Covers(ReleaseEvent happened, ReleaseId release) =>
        _entries.Contains(new RedactedEntry(AuditScope.Of(release), happened.Seq, happened.Hash, ReleaseEvents.HashOf(happened)));
}
