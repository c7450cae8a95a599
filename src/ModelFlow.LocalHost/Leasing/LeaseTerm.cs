namespace ModelFlow.LocalHost.Leasing;

/// <summary>One stretch of being the active host. Work done as the active host is done under its term and stops with it.</summary>
public sealed class LeaseTerm
{
    private readonly TimeProvider _time;
    private readonly CancellationToken _ended;
    private long _validUntil;

    internal LeaseTerm(long epoch, long validUntil, TimeProvider time, CancellationToken ended)
    {
        Epoch = epoch;
        _validUntil = validUntil;
        _time = time;
        _ended = ended;
    }

    /// <summary>The lease's epoch.</summary>
    public long Epoch { get; }

    /// <summary>
    /// Whether this host may still act: by its own monotonic clock nobody can have taken over yet. True in one moment says nothing
    /// of the next for a process that can be frozen: what must not happen twice is fenced in storage besides.
    /// </summary>
    public bool IsHeld => !_ended.IsCancellationRequested && _time.GetTimestamp() < Volatile.Read(ref _validUntil);

    /// <summary>Cancelled when the term ends.</summary>
    public CancellationToken Ended => _ended;

    internal long ValidUntil => Volatile.Read(ref _validUntil);

    internal void Extend(long validUntil) => Volatile.Write(ref _validUntil, validUntil);
}
