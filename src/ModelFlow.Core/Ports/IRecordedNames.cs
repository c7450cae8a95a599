using ModelFlow.Core.Audit;

namespace ModelFlow.Core.Ports;

/// <summary>Finds a name in everything that the tables hold, and puts another word in its place.</summary>
public interface IRecordedNames
{
    /// <summary>
    /// Every row in which <paramref name="name"/> stands, wherever; reads all tables but the traffic windows. Rows of releases that run are left out and named in
    /// <paramref name="running"/>: they are being written.
    /// </summary>
    IAsyncEnumerable<NamedRow> FindAsync(string name, string placeholder, ISet<string> running, CancellationToken cancellationToken);

    /// <summary>Writes <paramref name="placeholder"/> in the name's place in a row, or deletes it where it is there for the name alone. On condition of what was found: a row that changed is read again.</summary>
    Task RewriteAsync(NamedRow row, string name, string placeholder, CancellationToken cancellationToken);
}

/// <summary>A row in which a name stands.</summary>
/// <param name="Table">The table.</param>
/// <param name="Partition">The partition.</param>
/// <param name="Row">The row.</param>
/// <param name="Count">How often.</param>
public sealed record NamedRow(string Table, string Partition, string Row, int Count)
{
    /// <summary>What becomes of it, if it is an entry of a chain.</summary>
    public RedactedEntry? Redacted { get; init; }

    /// <summary>The same of what it says now: an entry that nobody changed has its own hash there.</summary>
    public RedactedEntry? Now { get; init; }

    /// <summary>It is a token, a person or a signal of the name's and will be deleted.</summary>
    public bool IsDeleted { get; init; }

    /// <summary>It says how somebody signs in and what their approvals count for: it must stay while a release that runs has the name.</summary>
    public bool IsSignIn { get; init; }
}
