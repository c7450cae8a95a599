namespace ModelFlow.Core.Releases.Stages;

/// <summary>The candidate becomes the model's stable version. Once asked for, it is seen through: its result decides, not a late signal.</summary>
internal static class PromotingStage
{
    public static void Enter(Transition t, string message, Stage.Ramping? from) => t.Enter(new Stage.Promoting(InDoubt: false, from), message);

    public static NextStep Step(Transition t, Stage.Promoting stage)
    {
        if (t.IsPaused && !stage.InDoubt)
        {
            return Signals.WaitWhilePaused(t);
        }

        var next = t.Issue(new Command.PromoteVersion(t.State.RouteGeneration));
        if (next is NextStep.Run)
        {
            t.State = t.State with { AskedForTraffic = true, Stage = stage with { InDoubt = true } };
        }

        return next;
    }

    public static void Take(Transition t, Stage.Promoting stage, CommandResult result)
    {
        switch (result)
        {
            case CommandResult.Promoted promoted:
                t.State = t.State with { RouteGeneration = promoted.Generation, Asked = null };
                t.Record("promoted", $"{t.State.Id.Version} is the stable version of {t.State.Id.Model}.", data: new() { ["generation"] = promoted.Generation });
                t.Close(Outcome.Stable);
                break;
            case CommandResult.Fenced fenced:
                t.Fail(Outcome.RolledBack, "operator", $"The route was changed from outside (generation {fenced.Generation}, {fenced.By}).");
                break;
            case CommandResult.TurnBusy busy when stage.From is { } ramp:
                // Its step goes on being watched, so that its lease is renewed and its guards stay on.
                t.State = t.State with { Stage = ramp with { NextLookAt = t.Now } };
                t.Record("waiting", $"Not promoted: {busy.Reason}.");
                break;
            case CommandResult.TurnBusy busy:
                AwaitingTurnStage.WaitAgain(t, busy.Reason);
                break;
        }
    }
}
