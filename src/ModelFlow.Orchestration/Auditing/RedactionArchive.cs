using System.Runtime.CompilerServices;
using System.Text.Json;
using ModelFlow.Core.Audit;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Serialization;

namespace ModelFlow.Orchestration.Auditing;

/// <summary>The lists of entries from which names were erased.</summary>
public sealed class RedactionArchive(IAuditArchive archive, IAuditLog audit)
{
    /// <summary>Keeps a list. Returns its path and digest.</summary>
    public async Task<(string Path, Sha256Digest Digest)> AddAsync(Redactions redactions, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(redactions);
        var text = JsonSerializer.Serialize(redactions, CoreJson.Options);
        for (var n = 1; ; n++)
        {
            // An erasure that was cut off and repeated finds less than before.
            var path = $"{IAuditArchive.Redactions}{redactions.Placeholder}-{n}.json";
            if (await archive.AddAsync(path, text, cancellationToken))
            {
                return (path, Sha256Digest.Of(text));
            }
        }
    }

    /// <summary>Every list as it is kept.</summary>
    public async IAsyncEnumerable<(string Path, string Text)> ReadAllAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var path in archive.ListAsync(IAuditArchive.Redactions, cancellationToken))
        {
            yield return (path, await archive.FindAsync(path, cancellationToken) ?? "");
        }
    }

    /// <summary>The lists that the audit log knows of. Reads nothing but a list of blobs where no name was ever erased.</summary>
    public async Task<KnownRedactions> FindKnownAsync(CancellationToken cancellationToken)
    {
        var known = new KnownRedactions();
        var texts = await ReadAllAsync(cancellationToken).Select(l => l.Text).ToListAsync(cancellationToken);
        if (texts.Count == 0)
        {
            return known;
        }

        var recorded = await audit.ReadAsync(AuditScope.System, cancellationToken)
            .Where(e => string.Equals(e.Entry.Action, Redactions.Action, StringComparison.Ordinal)).Select(e => e.Entry.Message).ToListAsync(cancellationToken);
        texts.ForEach(t => known.Add(t, recorded));
        return known;
    }
}
