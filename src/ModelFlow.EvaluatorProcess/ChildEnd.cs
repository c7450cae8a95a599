namespace ModelFlow.EvaluatorProcess;

/// <summary>How an evaluator's process ended.</summary>
public abstract record ChildEnd
{
    private ChildEnd()
    {
    }

    /// <summary>By itself. Codes above 128 are a signal's number and 128.</summary>
    public sealed record Exited(int Code) : ChildEnd;

    /// <summary>Killed at its time limit.</summary>
    public sealed record OutOfTime : ChildEnd;

    /// <summary>Killed because it held more memory than allowed.</summary>
    public sealed record OutOfMemory(long Bytes) : ChildEnd;

    /// <summary>Killed because it wrote more than allowed.</summary>
    public sealed record TooMuchOutput(long Bytes) : ChildEnd;

    /// <summary>It could not be started.</summary>
    public sealed record NotStarted(string Reason) : ChildEnd;
}
