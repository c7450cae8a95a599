namespace ModelFlow.Core.Releases.Stages;

/// <summary>People decide, after seeing the evidence.</summary>
internal static class AwaitingApprovalStage
{
    private const int UnknownUploaderNeeds = 2;

    public static void Enter(Transition t)
    {
        var required = t.State.Uploader is null ? Math.Max(UnknownUploaderNeeds, t.Policy.Approval.Required) : t.Policy.Approval.Required;
        t.State = t.State with { Approvals = [] };
        if (required == 0)
        {
            AwaitingTurnStage.Enter(t, "Every gate passed; the policy asks for no approval.");
            return;
        }

        var expiresAt = t.Now + t.Policy.Approval.ExpiresAfter;
        t.Enter(
            new Stage.AwaitingApproval(required, expiresAt),
            $"Every gate passed. {required} approval{(required == 1 ? " is" : "s are")} needed until {expiresAt:u}{(t.State.Uploader is null ? "; nobody is known to have uploaded the version" : "")}.",
            new() { ["required"] = required, ["evidence"] = t.State.EvaluationDigest?.ToString() });
    }

    public static NextStep Step(Transition t, Stage.AwaitingApproval stage)
    {
        if (t.State.Approvals.Count >= stage.Required && !OnlyTheUploader(t.State))
        {
            AwaitingTurnStage.Enter(t, $"Approved by {string.Join(", ", t.State.Approvals.Select(a => a.By))}.");
            return ReleaseDecider.Again;
        }

        if (t.Now >= stage.ExpiresAt)
        {
            t.Fail(Outcome.Rejected, "expiry", $"{t.State.Approvals.Count} of {stage.Required} approvals were given before {stage.ExpiresAt:u}.");
            return ReleaseDecider.Again;
        }

        return new NextStep.WaitUntil(stage.ExpiresAt);
    }

    public static void Approve(Transition t, Stage.AwaitingApproval stage, Signal signal)
    {
        if (signal.At >= stage.ExpiresAt)
        {
            Signals.Ignore(t, signal, "the time for approval is over");
        }
        else if (signal.Evidence is { } seen ? seen != t.State.EvaluationDigest : signal.At < t.State.StageSince)
        {
            Signals.Ignore(t, signal, "it was given before this evaluation was there to be seen");
        }
        else if (t.State.Approvals.Any(a => string.Equals(a.By, signal.By, StringComparison.Ordinal)))
        {
            Signals.Ignore(t, signal, $"{signal.By} has approved already");
        }
        else
        {
            t.State = t.State with { Approvals = [.. t.State.Approvals, new Approval(signal.By, signal.At, signal.Comment)] };
            var alone = OnlyTheUploader(t.State) ? "; who uploaded a version cannot be its only approver" : "";
            t.Record("approved", $"{signal.By} approved ({t.State.Approvals.Count} of {stage.Required}){alone}.", signal.By, Signals.Data(t, signal));
        }
    }

    private static bool OnlyTheUploader(ReleaseState state) =>
        state.Uploader is { } uploader && state.Approvals.All(a => string.Equals(a.By, uploader, StringComparison.Ordinal));
}
