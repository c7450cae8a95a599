namespace ModelFlow.Core.Ports;

/// <summary>State changes outside any release: rollbacks after the end, freezes, revocations, tokens, policies. Chained by hash like a release's events.</summary>
public interface IAuditLog
{
    /// <summary>Appends an entry to the chain of <paramref name="scope"/>; an entry with an id that is in the chain already changes nothing.</summary>
    Task AppendAsync(string scope, AuditEntry entry, CancellationToken cancellationToken);

    /// <summary>Whether an entry with the id is in the chain of <paramref name="scope"/>; one read, however long the chain is.</summary>
    Task<bool> ContainsAsync(string scope, string id, CancellationToken cancellationToken);

    /// <summary>A scope's entries, oldest first, with their place in the chain.</summary>
    IAsyncEnumerable<ChainedAuditEntry> ReadAsync(string scope, CancellationToken cancellationToken);

    /// <summary>Every scope that has an entry, in no order.</summary>
    IAsyncEnumerable<string> ListScopesAsync(CancellationToken cancellationToken);

    /// <summary>A scope's newest entry; null if it has none. One read.</summary>
    Task<ChainedAuditEntry?> FindHeadAsync(string scope, CancellationToken cancellationToken);
}

/// <summary>One state change.</summary>
/// <param name="Id">Makes it idempotent.</param>
/// <param name="At">When.</param>
/// <param name="By">Who.</param>
/// <param name="Action">For example <c>rollback</c>, <c>freeze</c>, <c>revoke</c>, <c>tokenCreated</c>, <c>policySet</c>.</param>
/// <param name="Subject">What it was done to.</param>
/// <param name="Message">In a sentence.</param>
public sealed record AuditEntry(string Id, DateTimeOffset At, string By, string Action, string Subject, string Message)
{
    /// <summary>
    /// Random digits that the log adds: without them, nobody can find out by trial what a name was that was erased from the entry, although its hash stays.
    /// Null in entries of older ModelFlows, and where a name was erased.
    /// </summary>
    public string? Salt { get; init; }
}

/// <summary>An entry in its chain.</summary>
public sealed record ChainedAuditEntry(int Seq, AuditEntry Entry, string PreviousHash, string Hash);
