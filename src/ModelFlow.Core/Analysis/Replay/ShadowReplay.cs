using ModelFlow.Core.Naming;
using ModelFlow.Core.Policies;

namespace ModelFlow.Core.Analysis.Replay;

/// <summary>Computes the looks of a shadow step again from its stored windows, with the code that made them (<see cref="ShadowEvidence"/> and <see cref="ShadowJudge"/>).</summary>
/// <param name="policy">What it ran under; it has a shadow step.</param>
/// <param name="candidate">The version in the shadow.</param>
/// <param name="attempt">Which attempt it was, from 1.</param>
public sealed class ShadowReplay(Policy policy, VersionName candidate, int attempt)
{
    private readonly ShadowPolicy _shadow = policy.Ramp.Shadow ?? throw new ArgumentException("The policy has no shadow step.", nameof(policy));
    private ShadowEvidence _evidence = ShadowEvidence.None;

    /// <summary>Plays one generation of the step; they come oldest first.</summary>
    public ReplayedStep Play(RecordedStep step)
    {
        ArgumentNullException.ThrowIfNull(step);
        return StepReplay.Play(
            step,
            policy.Ramp.LookEvery,
            () => _evidence = _evidence.Begin(step.Generation, step.Stable),
            batch =>
            {
                _evidence = _evidence.Take(batch.Windows, candidate, batch.At);
                return ShadowJudge.Judge(_shadow, policy.Guardrails, _evidence, policy.Ramp.Steps.Count, attempt);
            });
    }
}
