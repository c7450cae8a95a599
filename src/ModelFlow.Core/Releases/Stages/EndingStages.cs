namespace ModelFlow.Core.Releases.Stages;

/// <summary>Traffic goes back to the stable version; tried until it is done.</summary>
internal static class WithdrawingStage
{
    public static NextStep Step(Transition t) => t.Issue(new Command.RestoreTraffic(t.State.RouteGeneration));

    public static void Take(Transition t, CommandResult result)
    {
        if (result is CommandResult.TrafficRestored restored)
        {
            t.State = t.State with { RouteGeneration = restored.Generation };
            t.Record("trafficRestored", "All traffic is on the stable version.", data: new() { ["generation"] = restored.Generation });

            // Withdrawing is entered by a failure alone, so there is one.
            t.Close(t.State.Failure!.Outcome);
        }
    }
}

/// <summary>The turn is given back and what nobody needs is unloaded.</summary>
internal static class ClosingStage
{
    public static NextStep Step(Transition t, Stage.Closing stage) => t.Issue(new Command.CloseRelease(stage.Outcome));

    public static void Take(Transition t, Stage.Closing stage, CommandResult result)
    {
        if (result is CommandResult.Closed)
        {
            t.End(stage.Outcome);
        }
    }
}
