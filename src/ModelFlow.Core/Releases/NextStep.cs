namespace ModelFlow.Core.Releases;

/// <summary>What a release needs next.</summary>
public abstract record NextStep
{
    private NextStep()
    {
    }

    /// <summary>Run this command, store its result and decide again.</summary>
    public sealed record Run(PendingCommand Pending) : NextStep;

    /// <summary>Decide again at <paramref name="Due"/>, or sooner if a signal arrives.</summary>
    public sealed record WaitUntil(DateTimeOffset Due) : NextStep;

    /// <summary>It is over.</summary>
    public sealed record End(Outcome Outcome) : NextStep;
}
