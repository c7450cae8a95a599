namespace ModelFlow.Core.Evaluation.Remote;

/// <summary>
/// Who evaluates a job: the content of its claim. Only one start of a job holds it, and each start can hold it once. The holder
/// rewrites it every <see cref="HeartbeatEvery"/>, on condition that it is still its own; a later start may take over one that is
/// older than <see cref="StaleAfter"/>, by the storage's clock. What replaces it otherwise is a stop.
/// </summary>
/// <param name="Start">The start that holds it; <see cref="StoppedStart"/> when the job was stopped.</param>
/// <param name="Holder">A random id of the agent that holds it.</param>
/// <param name="Beat">Counts the heartbeats.</param>
public sealed record RemoteClaim(int Start, string Holder, long Beat)
{
    /// <summary>The start that no start is above: nobody takes a stopped job over.</summary>
    public const int StoppedStart = int.MaxValue;

    /// <summary>How often a holder renews its claim.</summary>
    public static readonly TimeSpan HeartbeatEvery = TimeSpan.FromSeconds(30);

    /// <summary>How long a claim stands without renewal; a holder that could not renew it ends itself before.</summary>
    public static readonly TimeSpan StaleAfter = TimeSpan.FromMinutes(3);

    /// <summary>Whether somebody stopped the job.</summary>
    public bool IsStopped => Start == StoppedStart;

    /// <summary>A stopped job's claim.</summary>
    public static RemoteClaim Stopped { get; } = new(StoppedStart, "host", 0);
}
