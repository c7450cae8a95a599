using System.Text.Json.Serialization;

namespace ModelFlow.Core.Releases;

/// <summary>Where a release stands. The order of the cases is the order of the story.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "name")]
[JsonDerivedType(typeof(Registering), "registering")]
[JsonDerivedType(typeof(Inspecting), "inspecting")]
[JsonDerivedType(typeof(SmokeTesting), "smokeTesting")]
[JsonDerivedType(typeof(Evaluating), "evaluating")]
[JsonDerivedType(typeof(AwaitingApproval), "awaitingApproval")]
[JsonDerivedType(typeof(AwaitingTurn), "awaitingTurn")]
[JsonDerivedType(typeof(Loading), "loading")]
[JsonDerivedType(typeof(Shadowing), "shadowing")]
[JsonDerivedType(typeof(Ramping), "ramping")]
[JsonDerivedType(typeof(Promoting), "promoting")]
[JsonDerivedType(typeof(Withdrawing), "withdrawing")]
[JsonDerivedType(typeof(Closing), "closing")]
[JsonDerivedType(typeof(Ended), "ended")]
public abstract record Stage
{
    private Stage()
    {
    }

    /// <summary>The stage's name for people and APIs, for example <c>ramping</c>.</summary>
    [JsonIgnore]
    public string Name => char.ToLowerInvariant(GetType().Name[0]) + GetType().Name[1..];

    /// <summary>The upload is copied, verified and entered into the catalogue.</summary>
    public sealed record Registering : Stage;

    /// <summary>Format, content and signature are read in the evaluator's process.</summary>
    public sealed record Inspecting : Stage;

    /// <summary>A few inputs go through the model.</summary>
    public sealed record SmokeTesting : Stage;

    /// <summary>The version and the stable one run over the data set and the gates compare them.</summary>
    public sealed record Evaluating : Stage;

    /// <summary>People decide.</summary>
    /// <param name="Required">How many different approvers are needed, by the rule that needs most.</param>
    /// <param name="ExpiresAt">When the first rule's time is over.</param>
    public sealed record AwaitingApproval(int Required, DateTimeOffset ExpiresAt) : Stage;

    /// <summary>Another release of the model is ramping, or the model is frozen.</summary>
    /// <param name="Reason">What it waits for.</param>
    /// <param name="NextTryAt">When it asks again.</param>
    public sealed record AwaitingTurn(string Reason, DateTimeOffset NextTryAt) : Stage;

    /// <summary>The version is loaded on the model servers, without traffic.</summary>
    public sealed record Loading : Stage;

    /// <summary>Requests are mirrored to the version; no user gets its answers.</summary>
    /// <param name="Phase">What is being done.</param>
    /// <param name="StartedAt">When mirroring took effect.</param>
    /// <param name="BakeUntil">When the step may end; moved back by pauses.</param>
    /// <param name="NextLookAt">When the pairs are looked at next.</param>
    public sealed record Shadowing(RampPhase Phase, DateTimeOffset StartedAt, DateTimeOffset BakeUntil, DateTimeOffset NextLookAt) : Stage;

    /// <summary>Traffic moves.</summary>
    /// <param name="Step">The step, counted from 0.</param>
    /// <param name="Phase">What is being done in the step.</param>
    /// <param name="StepStartedAt">When the step's weight took effect.</param>
    /// <param name="BakeUntil">When the step may end; moved back by pauses.</param>
    /// <param name="NextLookAt">When live traffic is looked at next.</param>
    public sealed record Ramping(int Step, RampPhase Phase, DateTimeOffset StepStartedAt, DateTimeOffset BakeUntil, DateTimeOffset NextLookAt) : Stage;

    /// <summary>The candidate becomes the model's stable version.</summary>
    /// <param name="InDoubt">Whether the promotion was asked for and may have taken effect: then only its result decides how the release ends.</param>
    /// <param name="From">The ramp step it was promoted from; null without a ramp.</param>
    public sealed record Promoting(bool InDoubt, Ramping? From) : Stage;

    /// <summary>Traffic goes back to the stable version; tried until it is done.</summary>
    public sealed record Withdrawing : Stage;

    /// <summary>The turn is given back and what nobody needs is unloaded.</summary>
    /// <param name="Outcome">How the release will end.</param>
    public sealed record Closing(Outcome Outcome) : Stage;

    /// <summary>Over. Nothing changes any more.</summary>
    /// <param name="Outcome">How it ended.</param>
    /// <param name="Reason">Why, with the numbers.</param>
    public sealed record Ended(Outcome Outcome, string Reason) : Stage;
}

/// <summary>What is being done in a ramp step.</summary>
public enum RampPhase
{
    /// <summary>The step's weight is being set.</summary>
    Shifting,

    /// <summary>The step is watched.</summary>
    Baking,

    /// <summary>The bake time is over without enough samples: watched on, up to the policy's limit.</summary>
    Extending,

    /// <summary>Still not enough samples and the policy says hold: an operator decides.</summary>
    Holding,

    /// <summary>The model is frozen: the weight stays where it is.</summary>
    Frozen,

    /// <summary>People are asked before the next step or the promotion: the weight stays where it is.</summary>
    AwaitingApproval,
}
