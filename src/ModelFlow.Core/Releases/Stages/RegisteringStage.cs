namespace ModelFlow.Core.Releases.Stages;

/// <summary>The upload is copied, verified and entered into the catalogue.</summary>
internal static class RegisteringStage
{
    // A release without an upload starts at Inspecting, so Upload is set here.
    public static NextStep Step(Transition t) => t.Issue(new Command.RegisterVersion(t.State.Upload!));

    public static void Take(Transition t, CommandResult result)
    {
        if (result is CommandResult.Registered registered)
        {
            t.State = t.State with { ArtifactDigest = registered.Digest, Uploader = registered.Uploader };
            t.Enter(
                new Stage.Inspecting(),
                $"Registered with digest {registered.Digest}, uploaded by {registered.Uploader ?? "an unknown person"}.",
                new() { ["digest"] = registered.Digest.ToString(), ["uploader"] = registered.Uploader });
        }
    }
}
