namespace ModelFlow.Functions.Driving;

/// <summary>What a release needs next, as an orchestrator is told.</summary>
public sealed record DriverStep
{
    /// <summary>What kind of step.</summary>
    public required StepKind Kind { get; init; }

    /// <summary>The pending command's sequence number, for <see cref="StepKind.Run"/>.</summary>
    public int Seq { get; init; }

    /// <summary>
    /// How long to wait, for <see cref="StepKind.Wait"/>. A length, not a time: the clocks of the machine that decided and of the one that
    /// waits need not agree.
    /// </summary>
    public TimeSpan Wait { get; init; }

    /// <summary>What the orchestration shows of itself.</summary>
    public DriverStatus? Status { get; init; }
}

/// <summary>Kinds of steps.</summary>
public enum StepKind
{
    /// <summary>The release is over, or there is none.</summary>
    End,

    /// <summary>Run the pending command.</summary>
    Run,

    /// <summary>Wait, or until somebody rings.</summary>
    Wait,
}

/// <summary>The custom status of an orchestration: a few words, far below Durable's limit of 16 KB.</summary>
/// <param name="Stage">The release's stage.</param>
/// <param name="Weight">The share of traffic of the ramp step that it is in, for example <c>25 %</c>; null outside a ramp.</param>
/// <param name="NextDue">When it goes on by itself; null while a command runs.</param>
/// <param name="Command">The command that runs; null while it waits.</param>
public sealed record DriverStatus(string Stage, string? Weight, DateTimeOffset? NextDue, string? Command);

/// <summary>A command that is to be run.</summary>
/// <param name="Release">The release's id.</param>
/// <param name="Seq">The command's sequence number.</param>
public sealed record CommandToRun(string Release, int Seq);

/// <summary>What came of running a command.</summary>
/// <param name="LookAgainAfter">What it started goes on without this process: run it again after this long. Null: it is done, or no longer asked for.</param>
public sealed record CommandLook(TimeSpan? LookAgainAfter);
