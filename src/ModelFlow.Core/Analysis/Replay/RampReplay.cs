using ModelFlow.Core.Naming;
using ModelFlow.Core.Policies;

namespace ModelFlow.Core.Analysis.Replay;

/// <summary>
/// Computes the looks of a ramp again from its stored windows, step by step, with the code that made them (<see cref="RampEvidence"/> and <see cref="GuardrailJudge"/>).
/// </summary>
/// <param name="policy">What it ran under.</param>
/// <param name="candidate">The version that was released.</param>
/// <param name="attempt">Which attempt it was, from 1.</param>
public sealed class RampReplay(Policy policy, VersionName candidate, int attempt)
{
    private RampEvidence _evidence = RampEvidence.None;

    /// <summary>Plays the next step; steps come oldest first.</summary>
    public ReplayedStep Play(RecordedStep step)
    {
        ArgumentNullException.ThrowIfNull(step);
        var (guardrails, steps) = (policy.GuardrailsOfRamp(), policy.Ramp.Steps.Count);
        var looks = new List<ReplayedLook>();
        var (exact, expected, found) = (step.Looks is { CutOff: false }, 0L, 0L);
        var batches = RecordedBatches.Of(step, policy.Ramp.LookEvery);
        if (step.Looks is not null || batches.Count > 0)
        {
            // A step that no look ever saw was not begun either.
            _evidence = _evidence.BeginStep(guardrails, step.Generation, steps, step.Weight == Weight.All);
        }

        foreach (var batch in batches)
        {
            _evidence = _evidence.Take(guardrails, batch.Windows, step.Stable, candidate, steps, batch.At);
            looks.Add(new ReplayedLook(batch.At, GuardrailJudge.Judge(guardrails, _evidence, steps, step.Weight, attempt)));
            exact &= batch.Expected == batch.Windows.Count;
            expected += batch.Expected ?? 0;
            found += batch.Expected is null ? 0 : batch.Windows.Count;
        }

        return new ReplayedStep(step, looks, exact, step.Looks is null ? null : expected, found);
    }
}
