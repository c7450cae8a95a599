namespace ModelFlow.Core.Releases.Stages;

/// <summary>A few inputs go through the model.</summary>
internal static class SmokeTestingStage
{
    public static NextStep Step(Transition t) => t.Issue(new Command.SmokeTestVersion());

    public static void Take(Transition t, CommandResult result)
    {
        if (result is CommandResult.SmokeTested tested)
        {
            t.Enter(new Stage.Evaluating(), tested.Summary);
        }
    }
}
