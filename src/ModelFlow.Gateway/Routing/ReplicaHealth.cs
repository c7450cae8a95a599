using ModelFlow.Gateway.Measuring;

namespace ModelFlow.Gateway.Routing;

/// <summary>
/// Whether a replica is worth a request, by what became of earlier ones (an ejection, as in Envoy's outlier detection) and by the
/// readiness checks. After some failures in a row it is left out for a while that doubles each time; then one request at a time tries
/// it, and the first that succeeds brings it back. For any number of threads.
/// </summary>
public sealed class ReplicaHealth(HealthOptions options, TimeProvider time)
{
    // One failed check may be a lost packet.
    private const int FailedChecksInARow = 2;

    private readonly Lock _changing = new();
    private int _failures;
    private int _ejections;
    private long _ejectedUntil;
    private int _trying;
    private int _failedChecks;

    /// <summary>Whether it counts as healthy now: neither ejected nor found unready.</summary>
    public bool IsHealthy => Volatile.Read(ref _ejectedUntil) == 0 && Volatile.Read(ref _failedChecks) < FailedChecksInARow;

    /// <summary>Whether a request may be sent to it: it is healthy, or its time is over and nobody is trying it.</summary>
    public bool IsOpen(long now)
    {
        if (Volatile.Read(ref _failedChecks) >= FailedChecksInARow)
        {
            return false;
        }

        var until = Volatile.Read(ref _ejectedUntil);
        return until == 0 || (now >= until && Volatile.Read(ref _trying) == 0);
    }

    /// <summary>Notes that a request is sent to it. False if another one has just begun to try it.</summary>
    public bool TryBegin() => Volatile.Read(ref _ejectedUntil) == 0 || Interlocked.CompareExchange(ref _trying, 1, 0) == 0;

    /// <summary>Notes what became of a request.</summary>
    public HealthChange End(RequestOutcome outcome)
    {
        if (outcome is RequestOutcome.Answered or RequestOutcome.ClientError)
        {
            return Volatile.Read(ref _failures) == 0 && Volatile.Read(ref _ejectedUntil) == 0 ? HealthChange.None : Recover();
        }

        return outcome == RequestOutcome.ClientAbort ? GiveUpTrying() : Fail();
    }

    /// <summary>Notes the result of a readiness check.</summary>
    public HealthChange Checked(bool ready)
    {
        lock (_changing)
        {
            var was = _failedChecks;
            _failedChecks = ready ? 0 : Math.Min(was + 1, FailedChecksInARow);
            return (was, _failedChecks) switch
            {
                (< FailedChecksInARow, FailedChecksInARow) => HealthChange.Lost,
                (FailedChecksInARow, 0) => HealthChange.Back,
                _ => HealthChange.None,
            };
        }
    }

    private HealthChange Recover()
    {
        lock (_changing)
        {
            var was = _ejectedUntil;
            _failures = _ejections = _trying = 0;
            Volatile.Write(ref _ejectedUntil, 0);
            return was == 0 ? HealthChange.None : HealthChange.Back;
        }
    }

    private HealthChange Fail()
    {
        lock (_changing)
        {
            var now = time.GetTimestamp();
            _failures++;
            _trying = 0;
            var wasOut = _ejectedUntil != 0;

            // Requests that were under way when it was ejected tell nothing new.
            if (_failures < options.FailuresToEject || (wasOut && now < _ejectedUntil))
            {
                return HealthChange.None;
            }

            var pause = Math.Min(options.EjectAtMost.Ticks, options.EjectFor.Ticks << Math.Min(_ejections, 20));
            _ejections++;
            Volatile.Write(ref _ejectedUntil, now + (long)(pause / (double)TimeSpan.TicksPerSecond * time.TimestampFrequency));
            return wasOut ? HealthChange.None : HealthChange.Lost;
        }
    }

    private HealthChange GiveUpTrying()
    {
        Volatile.Write(ref _trying, 0);
        return HealthChange.None;
    }
}

/// <summary>What changed about a replica.</summary>
public enum HealthChange
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>It gets no more requests for now.</summary>
    Lost,

    /// <summary>It gets requests again.</summary>
    Back,
}
