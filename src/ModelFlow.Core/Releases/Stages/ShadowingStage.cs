using ModelFlow.Core.Analysis;
using ModelFlow.Core.Policies;

namespace ModelFlow.Core.Releases.Stages;

/// <summary>
/// Before the first weight a share of stable's requests is mirrored to the version, and the pairs of answers are compared. No user gets its answers, so a version that is
/// found harmful here was never in traffic: it is rejected.
/// </summary>
internal static class ShadowingStage
{
    public static void Enter(Transition t, string message) => t.Enter(new Stage.Shadowing(RampPhase.Shifting, t.Now, t.Now, t.Now), message);

    /// <summary>The first weight could not be given: pairs go on being watched, and the lease being renewed.</summary>
    public static void GoBack(Transition t, Stage.Ramping first, RampPhase phase) => t.State = t.State with
    {
        Stage = new Stage.Shadowing(phase, first.StepStartedAt, first.BakeUntil, t.Now + t.Policy.Ramp.LookEvery),
        StageSince = t.Now,
        NotBefore = null,
    };

    public static NextStep Step(Transition t, Stage.Shadowing shadow)
    {
        if (shadow.Phase == RampPhase.Shifting)
        {
            if (t.IsPaused)
            {
                return Signals.WaitWhilePaused(t);
            }

            var next = t.Issue(new Command.ShadowTraffic(t.State.RouteGeneration));
            t.State = t.State with { AskedForTraffic = t.State.AskedForTraffic || next is NextStep.Run };
            return next;
        }

        return t.Now < shadow.NextLookAt
            ? new NextStep.WaitUntil(shadow.NextLookAt)
            : t.Issue(new Command.LookAtShadow(t.State.RouteGeneration, shadow.StartedAt));
    }

    public static void Take(Transition t, Stage.Shadowing shadow, CommandResult result)
    {
        switch (result)
        {
            case CommandResult.TrafficShifted shifted:
                BeginBake(t, shifted.Generation);
                break;
            case CommandResult.TurnBusy busy:
                AwaitingTurnStage.WaitAgain(t, busy.Reason);
                break;
            case CommandResult.Fenced fenced:
                t.Fail(Outcome.RolledBack, "operator", $"The route was changed from outside (generation {fenced.Generation}, {fenced.By}).");
                break;
            case CommandResult.Looked looked when looked.RouteGeneration != t.State.RouteGeneration:
                t.Fail(Outcome.RolledBack, "operator", $"The route was changed from outside (generation {looked.RouteGeneration}).");
                break;
            case CommandResult.Looked looked:
                Judge(t, shadow, looked);
                break;
        }
    }

    /// <summary>Traffic begins to move.</summary>
    public static void Pass(Transition t, Stage.Shadowing shadow, string why)
    {
        var data = t.State.LastLook is { } look ? RampingStage.Numbers(look) : null;
        t.Record("shadowPassed", $"The shadow step was {why}.", data: data);
        t.Enter(new Stage.Ramping(0, RampPhase.Shifting, shadow.StartedAt, shadow.BakeUntil, t.Now), "Traffic begins to move.");
    }

    // The policy has a shadow step, or the release would not be here.
    private static ShadowPolicy PolicyOf(Transition t) => t.Policy.Ramp.Shadow!;

    private static void BeginBake(Transition t, long generation)
    {
        var policy = PolicyOf(t);
        t.State = t.State with
        {
            RouteGeneration = generation,
            LastLook = null,
            LeaseHeld = true,
            Stage = new Stage.Shadowing(RampPhase.Baking, t.Now, t.Now + policy.Bake, t.Now + t.Policy.Ramp.LookEvery),
        };
        t.Record(
            "shadowStarted",
            $"{policy.Share} of the requests to {t.State.Baseline} are mirrored to {t.State.Id.Version}, whose answers reach nobody; watched for at least {policy.Bake.TotalSeconds:0.#} s.",
            data: new() { ["share"] = policy.Share.BasisPoints, ["generation"] = generation });
    }

    private static void Judge(Transition t, Stage.Shadowing shadow, CommandResult.Looked looked)
    {
        var lookBefore = t.State.LastLook;
        var heldBefore = t.State.LeaseHeld;
        t.State = t.State with
        {
            LastLook = looked.Report,
            LeaseHeld = looked.LeaseRenewed,
            Shadow = looked.Shadow ?? t.State.Shadow,
            Stage = shadow with { NextLookAt = t.Now + t.Policy.Ramp.LookEvery },
        };
        if (looked.Report.Verdict == Verdict.Harmful)
        {
            t.Record("harmFound", RampingStage.Reasons(looked.Report), data: RampingStage.Numbers(looked.Report));
            t.Fail(Outcome.Rejected, "shadow", $"In the shadow, before any user got its answers: {RampingStage.Reasons(looked.Report)}");
            return;
        }

        if (heldBefore != looked.LeaseRenewed)
        {
            t.Record(
                looked.LeaseRenewed ? "leaseRenewed" : "leaseLapsing",
                looked.LeaseRenewed
                    ? "Gateways report again: requests are mirrored."
                    : "No fresh evidence from every gateway: the shadow's lease is not renewed, and mirroring stops when it ends.");
        }

        if (lookBefore?.Verdict != looked.Report.Verdict)
        {
            t.Record("looked", $"{looked.Report.Verdict} after {looked.Report.CandidateRequests} mirrored requests.", data: RampingStage.Numbers(looked.Report));
        }

        MoveOn(t, (Stage.Shadowing)t.State.Stage, looked);
    }

    private static void MoveOn(Transition t, Stage.Shadowing shadow, CommandResult.Looked looked)
    {
        if (t.IsPaused || t.Now < shadow.BakeUntil)
        {
            return;
        }

        if (looked.Freeze is { } freeze)
        {
            ChangePhase(t, shadow, RampPhase.Frozen, $"Waiting: {freeze}.");
            return;
        }

        if (looked.Report.Verdict == Verdict.Healthy)
        {
            Pass(t, shadow, "healthy for its whole bake time");
            return;
        }

        if (t.Now < shadow.BakeUntil + t.Policy.Ramp.ExtendUpTo)
        {
            ChangePhase(t, shadow, RampPhase.Extending, "Neither harm nor its absence is established yet: the shadow is watched longer.");
            return;
        }

        switch (t.Policy.Ramp.WhenInconclusive)
        {
            case InconclusiveRule.Continue:
                Pass(t, shadow, "still inconclusive at the limit, and the policy says go on");
                break;
            case InconclusiveRule.Rollback:
                t.Fail(Outcome.Rejected, "shadow", "The shadow step was still inconclusive at its limit, and the policy says roll back.");
                break;
            default:
                ChangePhase(t, shadow, RampPhase.Holding, "Still nothing is established at the limit: an operator decides (promote, to begin with the first weight, or abort).");
                break;
        }
    }

    private static void ChangePhase(Transition t, Stage.Shadowing shadow, RampPhase phase, string message)
    {
        if (shadow.Phase != phase)
        {
            t.State = t.State with { Stage = shadow with { Phase = phase } };
            t.Record("rampPhase", message, data: new() { ["phase"] = phase.ToString(), ["step"] = "shadow" });
        }
    }
}
