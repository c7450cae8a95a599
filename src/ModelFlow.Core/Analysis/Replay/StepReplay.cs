namespace ModelFlow.Core.Analysis.Replay;

/// <summary>Plays the looks of one step again.</summary>
internal static class StepReplay
{
    /// <summary>Plays them.</summary>
    /// <param name="step">The step.</param>
    /// <param name="lookEvery">How far looks are apart where they were not logged.</param>
    /// <param name="begin">What a step begins with; not called for a step that no look ever saw.</param>
    /// <param name="look">What one look finds.</param>
    public static ReplayedStep Play(RecordedStep step, TimeSpan lookEvery, Action begin, Func<LookBatch, GuardrailReport> look)
    {
        var looks = new List<ReplayedLook>();
        var (exact, expected, found) = (step.Looks is { CutOff: false }, 0L, 0L);
        var batches = RecordedBatches.Of(step, lookEvery);
        if (step.Looks is not null || batches.Count > 0)
        {
            begin();
        }

        foreach (var batch in batches)
        {
            looks.Add(new ReplayedLook(batch.At, look(batch)));
            exact &= batch.Expected == batch.Windows.Count;
            expected += batch.Expected ?? 0;
            found += batch.Expected is null ? 0 : batch.Windows.Count;
        }

        return new ReplayedStep(step, looks, exact, step.Looks is null ? null : expected, found);
    }
}
