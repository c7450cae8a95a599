namespace ModelFlow.Serving.Repository;

/// <summary>Lets a bounded number of requests of one version compute at a time, and a bounded number wait.</summary>
internal sealed class Turns(int concurrency, int queueLength) : IDisposable
{
    private readonly SemaphoreSlim _semaphore = new(concurrency, concurrency);
    private int _admitted;

    /// <summary>Requests that compute or wait.</summary>
    public int Admitted => Volatile.Read(ref _admitted);

    /// <summary>Takes a place, computing or waiting; false when all are taken. Each true needs one <see cref="Leave"/>.</summary>
    public bool TryAdmit()
    {
        if (Interlocked.Increment(ref _admitted) <= concurrency + queueLength)
        {
            return true;
        }

        Interlocked.Decrement(ref _admitted);
        return false;
    }

    public void Leave() => Interlocked.Decrement(ref _admitted);

    /// <summary>Waits for a turn to compute; each needs one <see cref="End"/>.</summary>
    public Task BeginAsync(CancellationToken cancellationToken) => _semaphore.WaitAsync(cancellationToken);

    public void End() => _semaphore.Release();

    public void Dispose() => _semaphore.Dispose();
}
