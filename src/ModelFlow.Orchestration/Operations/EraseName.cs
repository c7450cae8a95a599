using ModelFlow.Core.Audit;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;
using ModelFlow.Orchestration.Auditing;

namespace ModelFlow.Orchestration.Operations;

/// <summary>
/// Takes a person's name out of everything the tables hold, on a lawful request. Entries of chains keep their hashes; what they say without the name is put on a list beforehand, which the
/// audit log vouches for. Can be cut off and repeated.
/// </summary>
public sealed class EraseName(IRecordedNames names, RedactionArchive redactions, IReleaseIndex releases, IVersionCatalog catalog, ITokenStore tokens, IPeopleStore people, IAuditLog audit, TimeProvider time)
{
    private static readonly string[] Words = ["modelflow", "reader", "uploader", "approver", "operator", "admin", "gateway", "stable", "default", .. EventKinds.All];

    /// <summary>Finds the name, and erases it unless this is a rehearsal.</summary>
    /// <param name="name">The identity as it stands in the record.</param>
    /// <param name="reason">Why, without the name; null in a rehearsal.</param>
    /// <param name="rehearse">Only count.</param>
    /// <param name="requester">Who asks.</param>
    /// <param name="cancellationToken">Stops between two rows; repeat to finish.</param>
    public async Task<ErasedName> EraseAsync(string name, string? reason, bool rehearse, Requester requester, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(requester);
        if (await RefusalAsync(name, rehearse, cancellationToken) is { } refused)
        {
            return refused;
        }

        if (reason is not null && NameRedaction.Replace(reason, name, "").Count > 0)
        {
            return new ErasedName.Refused("The reason has the name in it, and would keep it.");
        }

        var placeholder = $"erased-{Sha256Digest.Of($"erased\n{requester.RequestId}").Hex[..12]}";
        var running = new HashSet<string>(StringComparer.Ordinal);
        var found = await names.FindAsync(name, placeholder, running, cancellationToken).ToListAsync(cancellationToken);
        await foreach (var id in releases.ListRunningAsync(cancellationToken))
        {
            // One that began after its rows were looked at.
            if (!running.Contains(id.ToString()) && found.RemoveAll(r => string.Equals(r.Partition, id.ToString(), StringComparison.Ordinal)) > 0)
            {
                running.Add(id.ToString());
            }
        }

        if (running.Count > 0)
        {
            // Whether an approval of a running release counts is looked up there.
            found.RemoveAll(r => r.IsSignIn);
        }

        var known = await redactions.FindKnownAsync(cancellationToken);
        if (found.Find(r => r.Now is { } now && !string.Equals(now.Hash, now.Redacted, StringComparison.Ordinal) && !known.Contains(now)) is { } broken)
        {
            return new ErasedName.Broken(broken.Now!.Chain, broken.Now.Seq); // It was matched as not null.
        }

        var entries = found.Where(r => r.Redacted is not null).Select(r => r.Redacted!).OrderBy(r => r.Chain, StringComparer.Ordinal).ThenBy(r => r.Seq).ToList();
        var counts = new ErasureCounts(entries.Count, found.Count - entries.Count, found.Sum(r => r.Count), [.. running.Order(StringComparer.Ordinal)]);
        if (rehearse || found.Count == 0)
        {
            return new ErasedName.Done(null, counts);
        }

        var now = time.GetUtcNow();
        var (path, digest) = await redactions.AddAsync(new Redactions(placeholder, now, entries), cancellationToken);
        await audit.AppendAsync(
            AuditScope.System,
            new AuditEntry(
                requester.IdFor(Redactions.Action, $"{path}\n{digest}"), now, requester.By, Redactions.Action, placeholder,
                $"erased a name: '{placeholder}' stands for it in {entries.Count} entries of chains and {counts.OtherRows} other rows; {path} with {digest} lists the entries: {reason}"),
            cancellationToken);
        foreach (var row in found)
        {
            await names.RewriteAsync(row, name, placeholder, cancellationToken);
        }

        return new ErasedName.Done(placeholder, counts);
    }

    private async Task<ErasedName.Refused?> RefusalAsync(string name, bool rehearse, CancellationToken cancellationToken)
    {
        if (Words.Contains(name, StringComparer.OrdinalIgnoreCase) || VersionName.TryParse(name, out _, out _))
        {
            return new ErasedName.Refused($"'{name}' is a word that means something else in the record, too.");
        }

        if (ModelName.TryParse(name, out var model, out _) && await catalog.ListAsync(model, cancellationToken).AnyAsync(cancellationToken))
        {
            return new ErasedName.Refused($"'{name}' is a model's name, too.");
        }

        if (!rehearse && (await people.ListAsync(cancellationToken)).Any(p => p.RemovedAt is null && string.Equals(p.Name, name, StringComparison.Ordinal)))
        {
            return new ErasedName.Refused($"'{name}' is one of the people whose approvals count: remove them first.");
        }

        // Who still works here would only stand in new entries again.
        var now = time.GetUtcNow();
        return !rehearse && await tokens.ListAsync(cancellationToken).AnyAsync(t => string.Equals(t.Name, name, StringComparison.Ordinal) && t.RevokedAt is null && !(t.ExpiresAt <= now), cancellationToken)
            ? new ErasedName.Refused($"The token '{name}' still works: revoke it first.")
            : null;
    }
}

/// <summary>Where a name stood.</summary>
/// <param name="Entries">Entries of chains: of the audit log and of releases.</param>
/// <param name="OtherRows">Rows of other kinds.</param>
/// <param name="Occurrences">How often it stood there, all together.</param>
/// <param name="Running">Releases that run and have it: they are left out; repeat the erasure when they have ended.</param>
public sealed record ErasureCounts(int Entries, int OtherRows, int Occurrences, IReadOnlyList<string> Running);

/// <summary>The outcome of an erasure.</summary>
public abstract record ErasedName
{
    private ErasedName()
    {
    }

    /// <summary>Done, or counted.</summary>
    /// <param name="Placeholder">What stands in the name's place now; null if nothing was changed.</param>
    /// <param name="Counts">Where it stood.</param>
    public sealed record Done(string? Placeholder, ErasureCounts Counts) : ErasedName;

    /// <summary>It cannot be erased, or not yet.</summary>
    public sealed record Refused(string Reason) : ErasedName;

    /// <summary>An entry with the name was changed outside ModelFlow: to redact it would vouch for it.</summary>
    public sealed record Broken(string Chain, int Seq) : ErasedName;
}
