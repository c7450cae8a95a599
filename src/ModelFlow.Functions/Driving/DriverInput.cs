namespace ModelFlow.Functions.Driving;

/// <summary>What an orchestration takes with it from one of its lives to the next. The release's id is the instance's own id.</summary>
public sealed record DriverInput
{
    /// <summary>The pace it was started with: a changed setting never changes the history that is being replayed.</summary>
    public DriverPace Pace { get; init; } = new();

    /// <summary>How often in a row a step failed: the backoff goes on where it was.</summary>
    public int Failures { get; init; }
}

/// <summary>How an orchestration waits and tries.</summary>
public sealed record DriverPace
{
    /// <summary>
    /// The longest wait in one piece. A release that waits for people is looked at this often even if nobody rings: what a ring that was lost
    /// costs if the watchdog is not there either. 15 minutes: with 1,000 waiting releases about one look a second.
    /// </summary>
    public TimeSpan Slice { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>How often an activity is tried before its fault counts as more than passing.</summary>
    public int Attempts { get; init; } = 5;

    /// <summary>The pause before the second try, doubled for each further one up to <see cref="LongestRetry"/>.</summary>
    public TimeSpan FirstRetry { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>The longest pause between two tries.</summary>
    public TimeSpan LongestRetry { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>The wait after all tries failed, doubled each time up to <see cref="LongestBackoff"/>. Then the release goes on: it outlives any outage.</summary>
    public TimeSpan FirstBackoff { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The longest wait after tries failed.</summary>
    public TimeSpan LongestBackoff { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>After so many steps the orchestration continues as new: its history, which is replayed at every step, stays short.</summary>
    public int StepsPerLife { get; init; } = 10;

    /// <summary>The wait after <paramref name="failures"/> steps in a row failed.</summary>
    public TimeSpan BackoffAfter(int failures)
    {
        var backoff = FirstBackoff * Math.Pow(2, Math.Clamp(failures - 1, 0, 20));
        return backoff < LongestBackoff ? backoff : LongestBackoff;
    }
}
