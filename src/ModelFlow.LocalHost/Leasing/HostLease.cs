using Microsoft.Extensions.Options;

namespace ModelFlow.LocalHost.Leasing;

/// <summary>
/// Lets one host of a storage work while the others stand by. No two clocks are compared: a standby takes over when the row has not
/// changed for longer than the lease <em>by its own monotonic clock</em>, and the active host stops when its last renewal was
/// <em>begun</em> longer ago than that, less a margin, by its own. A standby cannot have seen a renewal before it was begun,
/// so the active host stops first, whatever the clocks on the walls say.
/// </summary>
public sealed class HostLease(ILeaseStore store, IOptions<LeaseOptions> options, TimeProvider time, ILogger<HostLease> logger)
{
    private readonly LeaseOptions _options = options.Value;
    private volatile LeaseTerm? _term;

    /// <summary>This host's name: another one for every start.</summary>
    public string Host { get; } = $"{Environment.MachineName}-{Environment.ProcessId}-{Guid.NewGuid().ToString("N")[..8]}";

    /// <summary>The term in which this host is active; null while it stands by.</summary>
    public LeaseTerm? Term => _term is { IsHeld: true } term ? term : null;

    /// <summary>
    /// Stands by, and runs <paramref name="work"/> whenever this host is the active one; its token ends with the term. Goes on until cancelled;
    /// then the lease is given back, once the work has stopped.
    /// </summary>
    public async Task RunAsync(Func<LeaseTerm, Task> work, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                var (taken, began) = await StandByAsync(cancellationToken);
                if (await HoldAsync(taken, began, work, cancellationToken))
                {
                    // Work that ends by itself has failed: let another host try, and this one not spin.
                    await Task.Delay(_options.Duration, time, cancellationToken);
                }
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
        }
    }

    /// <summary>Waits until the lease can be taken, and takes it.</summary>
    private async Task<(StoredLease Taken, long Began)> StandByAsync(CancellationToken cancellationToken)
    {
        StoredLease? seen = null;
        long seenAt = 0;
        var standing = false;
        while (true)
        {
            try
            {
                var row = await store.ReadAsync(cancellationToken);
                var now = time.GetTimestamp();
                if (row is not null && !string.Equals(row.Token, seen?.Token, StringComparison.Ordinal))
                {
                    (seen, seenAt) = (row, now);
                }

                if (row is null || row.Record.Released || time.GetElapsedTime(seenAt, now) > _options.Duration)
                {
                    var began = time.GetTimestamp();
                    if (await store.TryWriteAsync(row, new LeaseRecord((row?.Record.Epoch ?? 0) + 1, Host, 0, Released: false), cancellationToken) is { } taken)
                    {
                        Log.TookLease(logger, taken.Record.Epoch, row?.Record.Host ?? "nobody");
                        return (taken, began);
                    }
                }
                else if (!standing)
                {
                    standing = true;
                    Log.StandingBy(logger, row.Record.Host, row.Record.Epoch);
                }
            }
            catch (LeaseStoreException e)
            {
                Log.LeaseUnreadable(logger, e.Message);
            }

            await Task.Delay(_options.Duration / 10, time, cancellationToken);
        }
    }

    /// <summary>Whether the term ended because the work did.</summary>
    private async Task<bool> HoldAsync(StoredLease lease, long began, Func<LeaseTerm, Task> work, CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var term = new LeaseTerm(lease.Record.Epoch, EndOfTerm(began), time, ending.Token);
        _term = term;
        var working = WorkAsync(work, term);
        StoredLease? last;
        bool failed;
        try
        {
            last = await RenewAsync(lease, term, working, cancellationToken);
            failed = working.IsCompleted && !cancellationToken.IsCancellationRequested;
        }
        finally
        {
            // Whatever became of the renewing, no work goes on without it.
            await ending.CancelAsync();
            await working;
            _term = null;
        }

        if (last is not null)
        {
            await ReleaseAsync(last);
        }

        return failed;
    }

    private async Task WorkAsync(Func<LeaseTerm, Task> work, LeaseTerm term)
    {
        try
        {
            await work(term);
        }
        catch (OperationCanceledException) when (term.Ended.IsCancellationRequested)
        {
            // The term is over.
        }
        catch (Exception e)
        {
            // The catch-all of the host's edge: the term is given back and taken again, here or elsewhere.
            Log.WorkFailed(logger, term.Epoch, e);
        }
    }

    /// <summary>Renews until the lease is lost (null), the work ended by itself or the host is to stop (the last row written).</summary>
    private async Task<StoredLease?> RenewAsync(StoredLease lease, LeaseTerm term, Task working, CancellationToken cancellationToken)
    {
        var pause = _options.RenewEvery;
        while (true)
        {
            await Task.WhenAny(working, Task.Delay(pause, time, cancellationToken));
            pause = _options.RenewEvery;
            if (cancellationToken.IsCancellationRequested || working.IsCompleted)
            {
                return lease;
            }

            var left = time.GetElapsedTime(time.GetTimestamp(), term.ValidUntil);
            if (left <= TimeSpan.Zero)
            {
                Log.LostLease(logger, term.Epoch, "it could not be renewed in time");
                return null;
            }

            try
            {
                using var limit = new CancellationTokenSource(left, time);
                using var linked = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
                var began = time.GetTimestamp();
                var renewed = await store.TryWriteAsync(lease, lease.Record with { Renewals = lease.Record.Renewals + 1 }, linked.Token);
                if (renewed is not null)
                {
                    lease = renewed;
                    term.Extend(EndOfTerm(began));
                }
                else if (await store.ReadAsync(linked.Token) is { } row && row.Record.Epoch == term.Epoch && string.Equals(row.Record.Host, Host, StringComparison.Ordinal))
                {
                    // A renewal whose answer was lost. It counts only once one is confirmed: at once, as much of the term may have gone by.
                    (lease, pause) = (row, TimeSpan.Zero);
                }
                else
                {
                    Log.LostLease(logger, term.Epoch, "another host has it");
                    return null;
                }
            }
            catch (OperationCanceledException)
            {
                // Out of time, or to stop: the next turn of the loop says which.
            }
            catch (LeaseStoreException e)
            {
                Log.LeaseUnreadable(logger, e.Message);
            }
        }
    }

    private async Task ReleaseAsync(StoredLease lease)
    {
        try
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(2), time);
            await store.TryWriteAsync(lease, lease.Record with { Renewals = lease.Record.Renewals + 1, Released = true }, limit.Token);
            Log.ReleasedLease(logger, lease.Record.Epoch);
        }
        catch (Exception e) when (e is LeaseStoreException or OperationCanceledException)
        {
            Log.LeaseUnreadable(logger, e.Message);
        }
    }

    private long EndOfTerm(long began) => began + (long)((_options.Duration - _options.Margin).TotalSeconds * time.TimestampFrequency);
}

/// <summary>The lease row could not be read or written.</summary>
public sealed class LeaseStoreException(string message, Exception inner) : Exception(message, inner);
