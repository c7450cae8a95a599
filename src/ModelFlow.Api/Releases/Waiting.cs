using ModelFlow.Core.Releases;

namespace ModelFlow.Api.Releases;

/// <summary>What a release waits for, in words.</summary>
internal static class Waiting
{
    public static string? For(ReleaseState state)
    {
        var paused = state.PausedAt is { } since ? $"an operator to resume it, paused since {since:u}" : null;
        return state.Stage switch
        {
            Stage.AwaitingApproval when state.Asked is { Demands.Count: > 1 } asked => $"approvals before {asked.Before}, until {asked.Demands.Min(d => d.ExpiresAt):u}",
            Stage.AwaitingApproval a => $"{state.Approvals.Count} of {a.Required} approvals, until {a.ExpiresAt:u}",
            Stage.Ended or Stage.Withdrawing or Stage.Closing => null,
            _ when paused is not null => paused,
            Stage.AwaitingTurn turn => $"{turn.Reason}; asks again at {turn.NextTryAt:u}",
            Stage.Shadowing { Phase: RampPhase.Holding } => "an operator to promote it to the first weight or abort it: the shadow step had too little traffic to judge",
            Stage.Shadowing { Phase: RampPhase.Extending } shadow => $"more pairs to judge the shadow step; next look at {shadow.NextLookAt:u}",
            Stage.Shadowing { Phase: RampPhase.Baking } shadow => $"the shadow step to bake until {shadow.BakeUntil:u}",
            Stage.Shadowing { Phase: RampPhase.Frozen } => "the freeze to be lifted",
            Stage.Ramping { Phase: RampPhase.AwaitingApproval } when state.Asked is { } asked => $"approval before {asked.Before}, until {asked.Demands.Min(d => d.ExpiresAt):u}",
            Stage.Ramping { Phase: RampPhase.Holding } ramp => $"an operator to promote or abort it: step {ramp.Step + 1} had too little traffic to judge",
            Stage.Ramping { Phase: RampPhase.Extending } ramp => $"more traffic to judge step {ramp.Step + 1}; next look at {ramp.NextLookAt:u}",
            Stage.Ramping { Phase: RampPhase.Baking } ramp => $"step {ramp.Step + 1} to bake until {ramp.BakeUntil:u}",
            Stage.Ramping { Phase: RampPhase.Frozen } => "the freeze to be lifted",
            _ when state.NotBefore is { } retry => $"the next try at {retry:u}",
            _ => null,
        };
    }
}
