namespace ModelFlow.LocalHost.Leasing;

/// <summary>The one row by which the hosts of a storage agree who works.</summary>
public interface ILeaseStore
{
    /// <summary>The row; null before the first host.</summary>
    Task<StoredLease?> ReadAsync(CancellationToken cancellationToken);

    /// <summary>Writes the row on condition that it is still <paramref name="read"/> (null: that there is none). Null if it is not; nothing was written then.</summary>
    Task<StoredLease?> TryWriteAsync(StoredLease? read, LeaseRecord next, CancellationToken cancellationToken);
}

/// <summary>Who works.</summary>
/// <param name="Epoch">1 for the first active host; grows by one with every take-over.</param>
/// <param name="Host">The active host: a name of its own for every start of a host process.</param>
/// <param name="Renewals">Grows with every renewal, so that each write changes the row.</param>
/// <param name="Released">Given back: the next host need not wait.</param>
public sealed record LeaseRecord(long Epoch, string Host, long Renewals, bool Released);

/// <summary>The row as it was read or written.</summary>
/// <param name="Record">The row.</param>
/// <param name="Token">Its version; another one means that somebody wrote.</param>
public sealed record StoredLease(LeaseRecord Record, string Token);
