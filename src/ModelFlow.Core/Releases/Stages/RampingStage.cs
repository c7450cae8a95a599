using System.Text.Json;
using System.Text.Json.Nodes;
using ModelFlow.Core.Analysis;
using ModelFlow.Core.Approvals;
using ModelFlow.Core.Experiments;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Policies;
using ModelFlow.Core.Serialization;

namespace ModelFlow.Core.Releases.Stages;

/// <summary>Traffic moves in steps; each is watched for its bake time, and longer if too little was seen.</summary>
internal static class RampingStage
{
    public static void EnterFirst(Transition t, string message) =>
        t.Enter(new Stage.Ramping(0, RampPhase.Shifting, t.Now, t.Now, t.Now), message);

    public static NextStep Step(Transition t, Stage.Ramping ramp)
    {
        if (ramp.Phase == RampPhase.Shifting)
        {
            if (t.IsPaused)
            {
                return WaitBeforeShift(t, ramp);
            }

            var next = t.Issue(new Command.ShiftTraffic(ramp.Step, t.Policy.Ramp.Steps[ramp.Step].Weight, t.State.RouteGeneration));
            t.State = t.State with { AskedForTraffic = t.State.AskedForTraffic || next is NextStep.Run };
            return next;
        }

        if (t.Now < ramp.NextLookAt)
        {
            return new NextStep.WaitUntil(ramp.NextLookAt);
        }

        var reference = t.Policy.Ramp.Steps[ramp.Step].Weight == Weight.All ? t.State.PreviousStep : null;
        return t.Issue(new Command.LookAtTraffic(ramp.Step, t.State.RouteGeneration, ramp.StepStartedAt, reference));
    }

    public static void Take(Transition t, Stage.Ramping ramp, CommandResult result)
    {
        switch (result)
        {
            case CommandResult.TrafficShifted shifted:
                BeginBake(t, ramp, shifted.Generation);
                break;
            case CommandResult.TurnBusy busy:
                HoldForFreeze(t, ramp, busy.Reason);
                break;
            case CommandResult.Fenced fenced:
                t.Fail(Outcome.RolledBack, "operator", $"The route was changed from outside (generation {fenced.Generation}, {fenced.By}).");
                break;
            case CommandResult.Looked looked when looked.RouteGeneration != t.State.RouteGeneration:
                t.Fail(Outcome.RolledBack, "operator", $"The route was changed from outside (generation {looked.RouteGeneration}).");
                break;
            case CommandResult.Looked looked:
                Judge(t, ramp, looked);
                break;
        }
    }

    // Paused between two steps: the step before goes on being watched, so that its guards stay on and its lease is renewed.
    private static NextStep WaitBeforeShift(Transition t, Stage.Ramping ramp)
    {
        if (ramp.Step == 0 && t.Policy.Ramp.Shadow is null)
        {
            return Signals.WaitWhilePaused(t);
        }

        if (ramp.Step == 0)
        {
            ShadowingStage.GoBack(t, ramp, RampPhase.Baking);
            return ReleaseDecider.Again;
        }

        t.State = t.State with
        {
            Stage = ramp with { Step = ramp.Step - 1, Phase = RampPhase.Baking, NextLookAt = t.Now + t.Policy.Ramp.LookEvery },
            NotBefore = null,
        };
        return ReleaseDecider.Again;
    }

    private static void BeginBake(Transition t, Stage.Ramping ramp, long generation)
    {
        var step = t.Policy.Ramp.Steps[ramp.Step];
        var previous = ramp.Step == 0 ? null : new StepWindow(t.State.RouteGeneration, ramp.StepStartedAt);
        t.State = t.State with
        {
            RouteGeneration = generation,
            PreviousStep = previous,
            LastLook = null,
            LeaseHeld = true,
            Asked = null,
            Stage = new Stage.Ramping(ramp.Step, RampPhase.Baking, t.Now, t.Now + step.Bake, t.Now + t.Policy.Ramp.LookEvery),
        };
        t.Record(
            "trafficShifted",
            $"{step.Weight} of traffic is on {t.State.Id.Version}; watched for at least {step.Bake.TotalSeconds:0.#} s.",
            data: new() { ["weight"] = step.Weight.BasisPoints, ["step"] = ramp.Step, ["generation"] = generation });
        ExperimentStep.Begin(t, ramp.Step, step);
    }

    private static void HoldForFreeze(Transition t, Stage.Ramping ramp, string reason)
    {
        if (ramp.Step == 0 && t.Policy.Ramp.Shadow is not null)
        {
            ShadowingStage.GoBack(t, ramp, RampPhase.Frozen);
            t.Record("waiting", $"Waiting: {reason}.");
            return;
        }

        if (ramp.Step == 0)
        {
            AwaitingTurnStage.WaitAgain(t, reason);
            return;
        }

        // The step before goes on being watched; a new try follows its next healthy look without a freeze.
        t.State = t.State with { Stage = ramp with { Step = ramp.Step - 1, Phase = RampPhase.Frozen, NextLookAt = t.Now + t.Policy.Ramp.LookEvery } };
        t.Record("waiting", $"Waiting: {reason}.");
    }

    private static void Judge(Transition t, Stage.Ramping ramp, CommandResult.Looked looked)
    {
        var lookBefore = t.State.LastLook;
        var heldBefore = t.State.LeaseHeld;
        t.State = t.State with
        {
            LastLook = looked.Report,
            LeaseHeld = looked.LeaseRenewed,
            Evidence = looked.Evidence ?? t.State.Evidence,
            Stage = ramp with { NextLookAt = t.Now + t.Policy.Ramp.LookEvery },
        };
        if (looked.Report.Verdict == Verdict.Harmful)
        {
            t.Record("harmFound", Reasons(looked.Report), data: Numbers(looked.Report));
            t.Fail(Outcome.RolledBack, "guardrail", Reasons(looked.Report));
            return;
        }

        if (heldBefore != looked.LeaseRenewed)
        {
            t.Record(
                looked.LeaseRenewed ? "leaseRenewed" : "leaseLapsing",
                looked.LeaseRenewed
                    ? "Gateways report again: the candidate's weight holds."
                    : "No fresh evidence from every gateway: the weight's lease is not renewed, and traffic falls back to stable when it ends.");
        }

        if (lookBefore?.Verdict != looked.Report.Verdict)
        {
            t.Record("looked", $"{looked.Report.Verdict} after {looked.Report.CandidateRequests} requests.", data: Numbers(looked.Report));
        }

        ExperimentStep.Look(t, ramp, looked);
        if (ExperimentStep.Of(t, ramp) is { Verdict: ExperimentVerdict.Loser } lost)
        {
            t.Fail(Outcome.RolledBack, "experiment", lost.Message);
            return;
        }

        MoveOn(t, (Stage.Ramping)t.State.Stage, looked);
    }

    private static void MoveOn(Transition t, Stage.Ramping ramp, CommandResult.Looked looked)
    {
        if (t.IsPaused || t.Now < ramp.BakeUntil)
        {
            return;
        }

        if (looked.Freeze is { } freeze)
        {
            ChangePhase(t, ramp, RampPhase.Frozen, $"Waiting: {freeze}.");
            return;
        }

        // What is asked was asked because the step had passed: only harm undoes that.
        if (t.State.Asked is { } asked)
        {
            Settle(t, ramp, asked);
            return;
        }

        if (ExperimentHolds(t, ramp))
        {
            return;
        }

        if (looked.Report.Verdict == Verdict.Healthy)
        {
            NextStepOfRamp(t, ramp, "healthy for its whole bake time");
            return;
        }

        if (t.Now < ramp.BakeUntil + t.Policy.Ramp.ExtendUpTo)
        {
            ChangePhase(t, ramp, RampPhase.Extending, "Neither harm nor its absence is established yet: the step is watched longer.");
            return;
        }

        switch (t.Policy.Ramp.WhenInconclusive)
        {
            case InconclusiveRule.Continue:
                NextStepOfRamp(t, ramp, "still inconclusive at the limit, and the policy says go on");
                break;
            case InconclusiveRule.Rollback:
                t.Fail(Outcome.RolledBack, "guardrail", $"Step {ramp.Step + 1} was still inconclusive at its limit, and the policy says roll back.");
                break;
            default:
                ChangePhase(t, ramp, RampPhase.Holding, "Still nothing is established at the limit: an operator decides (promote or abort).");
                break;
        }
    }

    // An experiment keeps its step until it is decided, and may then keep or end it; the guardrails have their say all the same.
    private static bool ExperimentHolds(Transition t, Stage.Ramping ramp)
    {
        switch (ExperimentStep.Next(t, ramp))
        {
            case ExperimentNext.Wait:
                ChangePhase(t, ramp, RampPhase.Extending, "The experiment is not decided yet: the step goes on.");
                return true;
            case ExperimentNext.Hold:
                ChangePhase(t, ramp, RampPhase.Holding, $"{ExperimentStep.Of(t, ramp)!.Message} An operator decides (promote or abort)."); // There is one to hold for.
                return true;
            case ExperimentNext.Rollback:
                t.Fail(Outcome.RolledBack, "experiment", $"{ExperimentStep.Of(t, ramp)!.Message} The policy says roll back."); // There is one to roll back for.
                return true;
            default:
                return false;
        }
    }

    private static void ChangePhase(Transition t, Stage.Ramping ramp, RampPhase phase, string message)
    {
        if (ramp.Phase != phase)
        {
            t.State = t.State with { Stage = ramp with { Phase = phase } };
            t.Record("rampPhase", message, data: new() { ["phase"] = phase.ToString(), ["step"] = ramp.Step });
        }
    }

    private static void NextStepOfRamp(Transition t, Stage.Ramping ramp, string why)
    {
        t.Record("stepPassed", $"Step {ramp.Step + 1} ({t.Policy.Ramp.Steps[ramp.Step].Weight}) was {why}.", data: t.State.LastLook is { } look ? Numbers(look) : null);
        if (ApprovalDesk.Ask(t, ApprovalDesk.RulesBeforeNext(t, ramp), AfterApproval.NextStep))
        {
            AwaitApproval(t, ramp);
        }
        else
        {
            GoOn(t, ramp, "Every step passed.");
        }
    }

    private static void GoOn(Transition t, Stage.Ramping ramp, string whyPromoted)
    {
        if (ramp.Step + 1 == t.Policy.Ramp.Steps.Count)
        {
            PromotingStage.Enter(t, whyPromoted, ramp);
        }
        else
        {
            t.State = t.State with { Stage = ramp with { Step = ramp.Step + 1, Phase = RampPhase.Shifting } };
        }
    }

    /// <summary>Asks what would have been asked in the rest of the ramp, before it is skipped; false if that is nothing.</summary>
    public static bool AskForRest(Transition t, Stage.Ramping ramp)
    {
        if (!ApprovalDesk.Ask(t, ApprovalDesk.RulesOfTheRest(t, ramp), AfterApproval.Promotion))
        {
            return false;
        }

        AwaitApproval(t, ramp);
        return true;
    }

    private static void AwaitApproval(Transition t, Stage.Ramping ramp)
    {
        t.State = t.State with { Stage = ramp with { Phase = RampPhase.AwaitingApproval } };
        ApprovalDesk.Announce(t);
    }

    private static void Settle(Transition t, Stage.Ramping ramp, ApprovalRequest asked)
    {
        var standing = ApprovalDesk.Look(t);
        if (standing.Expired is { } expired)
        {
            t.Fail(Outcome.RolledBack, "expiry", expired);
        }
        else if (!standing.IsMet)
        {
            t.State = t.State with { Stage = ramp with { Phase = RampPhase.AwaitingApproval } };
        }
        else if (asked.Then == AfterApproval.Promotion)
        {
            ExperimentStep.Cut(t, "The rest of the ramp is skipped.");
            PromotingStage.Enter(t, $"Promoted by an operator, approved by {ApprovalDesk.Approvers(t)}.", ramp);
        }
        else
        {
            GoOn(t, ramp, $"Every step passed; approved by {ApprovalDesk.Approvers(t)}.");
        }
    }

    internal static string Reasons(GuardrailReport report) =>
        string.Join("; ", report.Metrics.Where(m => m.Verdict == Verdict.Harmful).Select(m => m.Message));

    internal static JsonObject Numbers(GuardrailReport report) => JsonSerializer.SerializeToNode(report, CoreJson.Options)!.AsObject();
}
