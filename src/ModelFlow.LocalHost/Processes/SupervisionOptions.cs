namespace ModelFlow.LocalHost.Processes;

/// <summary>How patient the supervisor is.</summary>
public sealed record SupervisionOptions
{
    /// <summary>How often it is seen whether a child lives. 250 ms by default.</summary>
    public TimeSpan Poll { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>How often a child is asked whether it answers. 5 s by default.</summary>
    public TimeSpan CheckEvery { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>A child that lives and does not answer for this long is ended and started again. 30 s by default: a busy machine is not a hang.</summary>
    public TimeSpan HungAfter { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a child that an earlier host left behind may take to answer before it is replaced. 5 s by default.</summary>
    public TimeSpan AdoptionPatience { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>The pause before the first restart; doubles with every further one. 250 ms by default.</summary>
    public TimeSpan FirstBackoff { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>The longest pause before a restart. 10 s by default.</summary>
    public TimeSpan LongestBackoff { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>A child that ran this long starts again with the first pause. 60 s by default.</summary>
    public TimeSpan CalmAfter { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How often the very first start is tried before the host gives up. 2 by default.</summary>
    public int FirstStartAttempts { get; init; } = 2;

    /// <summary>A log file above this size is moved aside. 16 MiB by default.</summary>
    public long LogBytes { get; init; } = 16L << 20;

    /// <summary>How many log files are kept moved aside. 3 by default.</summary>
    public int LogFiles { get; init; } = 3;
}

/// <summary>A child could not be brought up; the message says why and what helps.</summary>
public sealed class ChildStartException(string message) : Exception(message);
