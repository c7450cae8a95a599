namespace ModelFlow.Gateway.Routing;

/// <summary>
/// The time leases are held against: the wall clock at start, moved on by the monotonic clock, so that setting the wall clock back
/// lengthens no lease. A wall clock that is ahead (it was set, or the machine slept, when the monotonic clock stands still) is followed:
/// at worst a lease ends early, which is safe.
/// </summary>
public sealed class GatewayClock(TimeProvider time)
{
    private readonly long _startedAt = time.GetTimestamp();
    private long _startTicks = time.GetUtcNow().UtcTicks;

    /// <summary>The time.</summary>
    public DateTimeOffset Now => new(Volatile.Read(ref _startTicks) + time.GetElapsedTime(_startedAt).Ticks, TimeSpan.Zero);

    /// <summary>Follows a wall clock that is ahead by more than a second. Called every second or so, from one place.</summary>
    public void CatchUp()
    {
        var ahead = time.GetUtcNow() - Now;
        if (ahead > TimeSpan.FromSeconds(1))
        {
            Interlocked.Add(ref _startTicks, ahead.Ticks);
        }
    }
}
