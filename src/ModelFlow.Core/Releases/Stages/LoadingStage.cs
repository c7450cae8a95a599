namespace ModelFlow.Core.Releases.Stages;

/// <summary>The version is loaded on the model servers, without traffic.</summary>
internal static class LoadingStage
{
    public static NextStep Step(Transition t) => t.Issue(new Command.LoadVersion());

    public static void Take(Transition t, CommandResult result)
    {
        if (result is not CommandResult.Loaded loaded)
        {
            return;
        }

        var took = $"Loaded in {loaded.Took.TotalSeconds:0.00} s{(loaded.WarmUp is { } warm ? ", " + warm : "")}";
        if (t.State.Baseline is null)
        {
            PromotingStage.Enter(t, $"{took}. It is the model's first version: there is nothing to ramp against.", from: null);
        }
        else if (t.State.BreakingSignature)
        {
            PromotingStage.Enter(t, $"{took}. Its signature breaks with {t.State.Baseline}: traffic is cut over in one step.", from: null);
        }
        else if (t.Policy.Ramp.Shadow is not null)
        {
            ShadowingStage.Enter(t, $"{took}. Requests begin to be mirrored to it.");
        }
        else
        {
            RampingStage.EnterFirst(t, $"{took}. Traffic begins to move.");
        }
    }
}
