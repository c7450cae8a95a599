using System.Text.Json;
using ModelFlow.Core.Analysis;
using ModelFlow.Core.Experiments;
using ModelFlow.Core.Policies;
using ModelFlow.Core.Serialization;

namespace ModelFlow.Core.Releases.Stages;

/// <summary>The experiment of a ramp step: it begins with its weight, is looked at with the guardrails, and says what the ramp may do once its bake time is over.</summary>
internal static class ExperimentStep
{
    public static void Begin(Transition t, int index, RampStep step)
    {
        if (step.Experiment is not { } experiment)
        {
            return;
        }

        var begun = ExperimentJudge.Begin(experiment, index, step.Weight, t.Now);
        t.State = t.State with { Experiments = [.. t.State.Experiments, begun] };
        var looks = begun.SampleSize is { } size ? $"one look at {size} outcomes of each version" : "a look that counts at any time";
        t.Record(
            "experimentBegun",
            $"An experiment on {Words(begun.Metric)} begins: {looks}, at most {PolicyValues.Show(experiment.Longest)}.",
            data: new() { ["step"] = index, ["metric"] = JsonSerializer.SerializeToNode(begun.Metric, CoreJson.Options), ["mode"] = JsonSerializer.SerializeToNode(begun.Mode, CoreJson.Options) });
    }

    /// <summary>The experiment of the step that is watched; null without one.</summary>
    public static ExperimentReport? Of(Transition t, Stage.Ramping ramp) => t.State.Experiments is [.., { } last] && last.Step == ramp.Step ? last : null;

    /// <summary>Looks at it while it runs. While its release is paused its time stands still; what is established is established.</summary>
    public static void Look(Transition t, Stage.Ramping ramp, CommandResult.Looked looked)
    {
        var step = t.Policy.Ramp.Steps[ramp.Step];
        if (step.Experiment is not { } experiment || Of(t, ramp) is not { Verdict: ExperimentVerdict.Running } running)
        {
            return;
        }

        var isOver = !t.IsPaused && t.Now >= ramp.BakeUntil - step.Bake + experiment.Longest;
        var isFair = !looked.Report.Metrics.Any(m => string.Equals(m.Metric, "sampleRatio", StringComparison.Ordinal) && m.Verdict != Verdict.Healthy);
        Replace(t, ExperimentJudge.Look(experiment, running, looked.Evidence?.Experiment, isOver, t.Now, isFair));
    }

    /// <summary>Something else ends the release's experiment, if one runs.</summary>
    public static void Cut(Transition t, string why)
    {
        if (t.State.Experiments is [.., { Verdict: ExperimentVerdict.Running } running])
        {
            Replace(t, ExperimentJudge.Cut(running, why, t.Now));
        }
    }

    /// <summary>What the step's experiment lets the ramp do.</summary>
    public static ExperimentNext Next(Transition t, Stage.Ramping ramp) => Of(t, ramp)?.Verdict switch
    {
        ExperimentVerdict.Running => ExperimentNext.Wait,
        ExperimentVerdict.NoDifference => t.Policy.Ramp.Steps[ramp.Step].Experiment?.WhenNoDifference switch
        {
            NoDifferenceRule.Rollback => ExperimentNext.Rollback,
            NoDifferenceRule.Hold => ExperimentNext.Hold,
            _ => ExperimentNext.GoOn,
        },
        ExperimentVerdict.Inconclusive => t.Policy.Ramp.WhenInconclusive switch
        {
            InconclusiveRule.Rollback => ExperimentNext.Rollback,
            InconclusiveRule.Hold => ExperimentNext.Hold,
            _ => ExperimentNext.GoOn,
        },
        _ => ExperimentNext.GoOn,
    };

    private static void Replace(Transition t, ExperimentReport report)
    {
        t.State = t.State with { Experiments = [.. t.State.Experiments.SkipLast(1), report] };
        if (report.Verdict != ExperimentVerdict.Running)
        {
            t.Record("experimentDecided", report.Message, data: JsonSerializer.SerializeToNode(report, CoreJson.Options)!.AsObject());
        }
    }

    private static string Words(ExperimentMetric metric) => metric == ExperimentMetric.Feedback ? "users' feedback" : "the success rate";
}

/// <summary>What an experiment lets a ramp do.</summary>
internal enum ExperimentNext
{
    /// <summary>As without it.</summary>
    GoOn,

    /// <summary>Stay until it is decided.</summary>
    Wait,

    /// <summary>Stay until an operator decides.</summary>
    Hold,

    /// <summary>Give the traffic back.</summary>
    Rollback,
}
