using ModelFlow.Core.Policies;

namespace ModelFlow.Core.Releases.Stages;

/// <summary>Format, content and signature are read.</summary>
internal static class InspectingStage
{
    public static NextStep Step(Transition t) => t.Issue(new Command.InspectVersion());

    public static void Take(Transition t, CommandResult result)
    {
        if (result is not CommandResult.Inspected inspected)
        {
            return;
        }

        t.State = t.State with { Baseline = inspected.Baseline, BreakingSignature = inspected.BreakingSignature };
        if (inspected.BreakingSignature && t.Policy.Signature.Breaking == BreakingSignatureRule.Refuse)
        {
            t.Fail(Outcome.Rejected, "signature", inspected.Summary);
            return;
        }

        t.Enter(new Stage.SmokeTesting(), inspected.Summary, new() { ["baseline"] = inspected.Baseline?.ToString(), ["breaking"] = inspected.BreakingSignature });
    }
}
