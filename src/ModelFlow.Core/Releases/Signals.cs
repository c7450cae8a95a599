using System.Text.Json.Nodes;
using ModelFlow.Core.Approvals;
using ModelFlow.Core.Releases.Stages;

namespace ModelFlow.Core.Releases;

/// <summary>What each signal does in each stage. One that comes at the wrong time is recorded and changes nothing.</summary>
internal static class Signals
{
    private static readonly TimeSpan LongestPausedWait = TimeSpan.FromHours(1);

    /// <summary>
    /// Whether the signal can be taken in now. While a promotion is under way nobody knows whether it has taken effect, so whatever
    /// would end the release waits for the promotion's result; so does taking an approval back while the turn that follows it is asked for.
    /// </summary>
    public static bool CanTakeIn(ReleaseState state, Signal signal) => state.Stage switch
    {
        Stage.Promoting { InDoubt: true } => signal.Kind is SignalKind.Approve or SignalKind.Reject or SignalKind.Withdraw,
        Stage.AwaitingTurn when state.Pending is not null => signal.Kind is not SignalKind.Withdraw,
        _ => true,
    };

    public static void TakeIn(Transition t, Signal signal)
    {
        switch (signal.Kind)
        {
            case SignalKind.Approve when t.State.OpenRequest is { } request:
                ApprovalDesk.Approve(t, request, signal);
                break;
            case SignalKind.Reject when t.State.OpenRequest is not null && t.People.IsRemoved(signal.By):
                Ignore(t, signal, $"{signal.By} was removed");
                break;
            case SignalKind.Reject when t.State.OpenRequest is not null:
                t.Record("rejected", $"{signal.By} rejected it.", signal.By, Data(t, signal));
                t.Fail(ReleaseDecider.HasHadTraffic(t.State) ? Outcome.RolledBack : Outcome.Rejected, "approver", $"Rejected by {signal.By}{Said(signal)}.", signal.By);
                break;
            case SignalKind.Withdraw when t.State.OpenRequest is { } request:
                ApprovalDesk.Withdraw(t, request, signal);
                break;
            case SignalKind.Withdraw when t.State is { Stage: Stage.AwaitingTurn, Asked: { } given }:
                ApprovalDesk.Withdraw(t, given, signal);
                if (!new ApprovalCount(t.State, given, t.People).IsMet)
                {
                    AwaitingApprovalStage.ReturnTo(t, given);
                }

                break;
            case SignalKind.Withdraw:
                Ignore(t, signal, "nothing is asked, or what was approved has taken effect");
                break;
            case SignalKind.Approve or SignalKind.Reject:
                Ignore(t, signal, "it is not waiting for approval");
                break;
            case var _ when t.State.Stage is Stage.Withdrawing or Stage.Closing:
                Ignore(t, signal, "it is ending already");
                break;
            case SignalKind.Pause:
                Pause(t, signal);
                break;
            case SignalKind.Resume:
                Resume(t, signal);
                break;
            case SignalKind.Promote:
                Promote(t, signal);
                break;
            case SignalKind.Abort:
                t.Record("abortAsked", $"{signal.By} aborted it.", signal.By, Data(t, signal));
                t.Fail(Outcome.Aborted, "operator", $"Aborted by {signal.By}{Said(signal)}.", signal.By);
                break;
            case SignalKind.Supersede:
                t.Fail(Outcome.Superseded, "supersede", signal.Comment ?? "A newer version's release took its turn.", signal.By);
                break;
            case SignalKind.RolledBack when t.State.AskedForTurn:
                t.Fail(Outcome.RolledBack, "operator", $"Rolled back by {signal.By}{Said(signal)}.", signal.By);
                break;
            case SignalKind.RolledBack:
                Ignore(t, signal, "it has no traffic yet");
                break;
            case SignalKind.Revoked:
                t.Fail(ReleaseDecider.HasHadTraffic(t.State) ? Outcome.RolledBack : Outcome.Rejected, "revoked", $"{t.State.Id.Version} was revoked by {signal.By}{Said(signal)}.", signal.By);
                break;
        }
    }

    public static void Ignore(Transition t, Signal signal, string why) =>
        t.Record("signalIgnored", $"{signal.Kind} by {signal.By} changes nothing: {why}.", signal.By, Data(t, signal));

    public static JsonObject Data(Transition t, Signal signal) => new()
    {
        ["signal"] = signal.Id,
        ["comment"] = signal.Comment,
        ["artifact"] = t.State.ArtifactDigest?.ToString(),
        ["evidence"] = t.State.Asked?.Evidence.ToString(),
        ["evaluation"] = t.State.EvaluationDigest?.ToString(),
    };

    public static NextStep WaitWhilePaused(Transition t) => new NextStep.WaitUntil(t.Now + LongestPausedWait);

    private static void Pause(Transition t, Signal signal)
    {
        if (t.IsPaused)
        {
            Ignore(t, signal, "it is paused already");
            return;
        }

        if (t.State.Stage is Stage.Promoting { From: not null })
        {
            Ignore(t, signal, "its ramp is over and it is being promoted");
            return;
        }

        t.State = t.State with { PausedAt = t.Now };
        t.Record("paused", $"{signal.By} paused it{Said(signal)}: no step forward, guards stay on.", signal.By, Data(t, signal));
    }

    private static void Resume(Transition t, Signal signal)
    {
        if (t.State.PausedAt is not { } pausedAt)
        {
            Ignore(t, signal, "it is not paused");
            return;
        }

        Stage stage = t.State.Stage switch
        {
            Stage.Ramping { Phase: not RampPhase.Shifting } ramp => ramp with { BakeUntil = ramp.BakeUntil + (t.Now - pausedAt) },
            Stage.Shadowing { Phase: not RampPhase.Shifting } shadow => shadow with { BakeUntil = shadow.BakeUntil + (t.Now - pausedAt) },
            var other => other,
        };
        t.State = t.State with { PausedAt = null, Stage = stage };
        t.Record("resumed", $"{signal.By} resumed it{Said(signal)}.", signal.By, Data(t, signal));
    }

    private static void Promote(Transition t, Signal signal)
    {
        if (t.State.Stage is Stage.Shadowing { Phase: not RampPhase.Shifting } shadow)
        {
            // No user has seen the version yet: the ramp is not skipped along with the shadow.
            t.State = t.State with { PausedAt = null };
            t.Record("promoteAsked", $"{signal.By} ends the shadow step{Said(signal)}: the ramp begins.", signal.By, Data(t, signal));
            ShadowingStage.Pass(t, shadow, "ended by an operator");
            return;
        }

        if (t.State.Stage is not Stage.Ramping { Phase: not RampPhase.Shifting } ramp)
        {
            Ignore(t, signal, "no step of its ramp is being watched");
            return;
        }

        if (t.State.Asked is { Then: AfterApproval.Promotion })
        {
            Ignore(t, signal, "whether the rest of the ramp may be skipped is being asked already");
            return;
        }

        t.State = t.State with { PausedAt = null };
        t.Record("promoteAsked", $"{signal.By} skips the rest of the ramp{Said(signal)}.", signal.By, Data(t, signal));
        if (RampingStage.AskForRest(t, ramp))
        {
            return;
        }

        ExperimentStep.Cut(t, $"{signal.By} skips the rest of the ramp.");
        PromotingStage.Enter(t, "Promoted by an operator.", ramp);
    }

    private static string Said(Signal signal) => string.IsNullOrWhiteSpace(signal.Comment) ? "" : $": {signal.Comment}";
}
