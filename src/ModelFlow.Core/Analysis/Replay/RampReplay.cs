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
        return StepReplay.Play(
            step,
            policy.Ramp.LookEvery,
            () => _evidence = _evidence.BeginStep(guardrails, step.Generation, steps, step.Weight == Weight.All),
            batch =>
            {
                _evidence = _evidence.Take(guardrails, batch.Windows, step.Stable, candidate, steps, batch.At);
                return GuardrailJudge.Judge(guardrails, _evidence, steps, step.ComparedShare ?? step.Weight, attempt);
            });
    }
}
