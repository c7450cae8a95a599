using ModelFlow.Core.Approvals;

namespace ModelFlow.Core.Releases.Stages;

/// <summary>People decide, after seeing the evidence, before there is any traffic.</summary>
internal static class AwaitingApprovalStage
{
    public static void Enter(Transition t)
    {
        var asks = ApprovalDesk.Ask(t, ApprovalDesk.RulesBeforeTraffic(t), AfterApproval.Turn);
        t.State = t.State with { Approvals = [] };
        if (!asks)
        {
            AwaitingTurnStage.Enter(t, "Every gate passed; the policy asks for no approval.");
            return;
        }

        var (required, expiresAt) = Of(t.State.Asked!); // Asked just now.
        t.Enter(
            new Stage.AwaitingApproval(required, expiresAt),
            $"Every gate passed. {required} approval{(required == 1 ? " is" : "s are")} needed until {expiresAt:u}{(t.State.Uploader is null ? "; nobody is known to have uploaded the version" : "")}.",
            new() { ["required"] = required, ["evidence"] = t.State.EvaluationDigest?.ToString() });
        ApprovalDesk.Announce(t);
    }

    /// <summary>An approval was taken back before it had an effect.</summary>
    public static void ReturnTo(Transition t, ApprovalRequest request)
    {
        var (required, expiresAt) = Of(request);
        t.Enter(new Stage.AwaitingApproval(required, expiresAt), "Approvals are needed again.");
    }

    public static NextStep Step(Transition t, Stage.AwaitingApproval stage)
    {
        if (t.State.Asked is null)
        {
            // Written by an older ModelFlow, which kept no request: the time that was given stays.
            ApprovalDesk.Ask(t, [.. ApprovalDesk.RulesBeforeTraffic(t).Select(r => r with { Required = Math.Max(1, r.Required), ExpiresAfter = stage.ExpiresAt - t.Now })], AfterApproval.Turn);
        }

        var standing = ApprovalDesk.Look(t);
        if (standing.IsMet)
        {
            AwaitingTurnStage.Enter(t, $"Approved by {ApprovalDesk.Approvers(t)}.");
            return ReleaseDecider.Again;
        }

        if (standing.Expired is { } expired)
        {
            t.Fail(Outcome.Rejected, "expiry", expired);
            return ReleaseDecider.Again;
        }

        return new NextStep.WaitUntil(standing.Due);
    }

    private static (int Required, DateTimeOffset ExpiresAt) Of(ApprovalRequest request) =>
        (request.Demands.Max(d => d.Rule.Required), request.Demands.Min(d => d.ExpiresAt));
}
