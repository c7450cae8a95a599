namespace ModelFlow.Core.Analysis.Replay;

/// <summary>Compares what is stored of a step with what its looks took in.</summary>
public static class RecordedCount
{
    /// <summary>Whether windows that a look took in are not stored any more; false where that was not logged.</summary>
    public static bool IsMissingSome(RecordedStep step)
    {
        ArgumentNullException.ThrowIfNull(step);
        return step.Looks is { } looks && looks.Read().Sum(l => l.Windows) > step.Windows.Count;
    }
}
