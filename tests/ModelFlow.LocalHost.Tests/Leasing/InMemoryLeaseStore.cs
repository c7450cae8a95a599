using ModelFlow.LocalHost.Leasing;

namespace ModelFlow.LocalHost.Tests.Leasing;

/// <summary>The row in memory, shared by the hosts of a test; can be cut off from one of them.</summary>
internal sealed class InMemoryLeaseStore
{
    private readonly Lock _lock = new();
    private StoredLease? _row;
    private int _version;

    public StoredLease? Row
    {
        get
        {
            lock (_lock)
            {
                return _row;
            }
        }
    }

    public View For() => new(this);

    /// <summary>One host's way to the row.</summary>
    public sealed class View(InMemoryLeaseStore shared) : ILeaseStore
    {
        /// <summary>Nothing gets through, neither there nor back.</summary>
        public volatile bool Cut;

        /// <summary>The next write takes effect and its answer is lost.</summary>
        public volatile bool LoseNextAnswer;

        /// <summary>How long it takes until a lost answer counts as lost.</summary>
        public Func<CancellationToken, Task> UntilLost { get; set; } = _ => Task.CompletedTask;

        public Task<StoredLease?> ReadAsync(CancellationToken cancellationToken) =>
            Cut ? throw new LeaseStoreException("cut", new IOException()) : Task.FromResult(shared.Row);

        public async Task<StoredLease?> TryWriteAsync(StoredLease? read, LeaseRecord next, CancellationToken cancellationToken)
        {
            if (Cut)
            {
                throw new LeaseStoreException("cut", new IOException());
            }

            StoredLease written;
            lock (shared._lock)
            {
                if (!string.Equals(shared._row?.Token, read?.Token, StringComparison.Ordinal))
                {
                    return null;
                }

                shared._row = written = new StoredLease(next, (++shared._version).ToString());
            }

            if (LoseNextAnswer)
            {
                LoseNextAnswer = false;
                await UntilLost(cancellationToken);
                throw new LeaseStoreException("lost answer", new IOException());
            }

            return written;
        }
    }
}
