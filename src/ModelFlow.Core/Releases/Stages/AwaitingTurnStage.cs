using ModelFlow.Core.Policies;

namespace ModelFlow.Core.Releases.Stages;

/// <summary>One release of a model moves traffic at a time, and none while the model is frozen.</summary>
internal static class AwaitingTurnStage
{
    private static readonly TimeSpan LongestBetweenTries = TimeSpan.FromSeconds(15);

    public static void Enter(Transition t, string message) => t.Enter(new Stage.AwaitingTurn("its turn", t.Now), message);

    public static NextStep Step(Transition t, Stage.AwaitingTurn stage)
    {
        if (t.IsPaused)
        {
            return Signals.WaitWhilePaused(t);
        }

        if (t.Now < stage.NextTryAt)
        {
            return new NextStep.WaitUntil(stage.NextTryAt);
        }

        var next = t.Issue(new Command.TakeTurn(t.Policy.Concurrency == ConcurrencyRule.Supersede));
        t.State = t.State with { AskedForTurn = t.State.AskedForTurn || next is NextStep.Run };
        return next;
    }

    public static void Take(Transition t, CommandResult result)
    {
        switch (result)
        {
            case CommandResult.TurnTaken taken when taken.Stable != t.State.Baseline:
                t.Enter(
                    new Stage.Inspecting(),
                    $"The stable version changed from {Name(t.State.Baseline)} to {Name(taken.Stable)} since the evaluation: it is made again, and approvals lapse.");
                break;
            case CommandResult.TurnTaken taken:
                t.State = t.State with { RouteGeneration = taken.Generation, Asked = null };
                t.Enter(new Stage.Loading(), "It is this release's turn.");
                break;
            case CommandResult.TurnBusy busy:
                WaitAgain(t, busy.Reason);
                break;
        }
    }

    /// <summary>Waits, here or back here, and says so once per reason.</summary>
    public static void WaitAgain(Transition t, string reason)
    {
        var wait = t.Policy.Ramp.LookEvery < LongestBetweenTries ? t.Policy.Ramp.LookEvery : LongestBetweenTries;
        var isNews = t.State.Stage is not Stage.AwaitingTurn before || !string.Equals(before.Reason, reason, StringComparison.Ordinal);
        t.State = t.State with { Stage = new Stage.AwaitingTurn(reason, t.Now + wait) };
        if (isNews)
        {
            t.Record("waiting", $"Waiting: {reason}.");
        }
    }

    private static string Name(Naming.VersionName? version) => version?.ToString() ?? "none";
}
