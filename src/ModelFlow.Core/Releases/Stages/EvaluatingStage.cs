using System.Text.Json;
using ModelFlow.Core.Serialization;

namespace ModelFlow.Core.Releases.Stages;

/// <summary>The version and the baseline run over the data set, and the gates compare them.</summary>
internal static class EvaluatingStage
{
    public static NextStep Step(Transition t) => t.Issue(new Command.EvaluateVersion(t.State.Baseline));

    public static void Take(Transition t, CommandResult result)
    {
        if (result is not CommandResult.Evaluated evaluated)
        {
            return;
        }

        t.State = t.State with { EvaluationDigest = evaluated.Report, Gates = evaluated.Gates };
        t.Record("evaluated", evaluated.Summary, data: new()
        {
            ["report"] = evaluated.Report.ToString(),
            ["gates"] = JsonSerializer.SerializeToNode(evaluated.Gates, CoreJson.Options),
        });
        var failed = evaluated.Gates.Where(g => !g.Passed).ToList();
        if (failed.Count > 0)
        {
            t.Fail(Outcome.Rejected, "gate", string.Join("; ", failed.Select(g => $"{g.Gate}: {g.Message}")));
            return;
        }

        AwaitingApprovalStage.Enter(t);
    }
}
