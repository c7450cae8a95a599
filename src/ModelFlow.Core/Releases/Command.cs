using System.Text.Json.Serialization;
using ModelFlow.Core.Naming;

namespace ModelFlow.Core.Releases;

/// <summary>One thing a release asks to be done to the world. Every one can be run again without a second effect.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "name")]
[JsonDerivedType(typeof(RegisterVersion), "registerVersion")]
[JsonDerivedType(typeof(InspectVersion), "inspectVersion")]
[JsonDerivedType(typeof(SmokeTestVersion), "smokeTestVersion")]
[JsonDerivedType(typeof(EvaluateVersion), "evaluateVersion")]
[JsonDerivedType(typeof(TakeTurn), "takeTurn")]
[JsonDerivedType(typeof(LoadVersion), "loadVersion")]
[JsonDerivedType(typeof(ShadowTraffic), "shadowTraffic")]
[JsonDerivedType(typeof(LookAtShadow), "lookAtShadow")]
[JsonDerivedType(typeof(ShiftTraffic), "shiftTraffic")]
[JsonDerivedType(typeof(LookAtTraffic), "lookAtTraffic")]
[JsonDerivedType(typeof(PromoteVersion), "promoteVersion")]
[JsonDerivedType(typeof(RestoreTraffic), "restoreTraffic")]
[JsonDerivedType(typeof(CloseRelease), "closeRelease")]
public abstract record Command
{
    private Command()
    {
    }

    /// <summary>Copies the upload to its one path, verifies the copy, and enters it into the catalogue; a refused one goes to quarantine.</summary>
    public sealed record RegisterVersion(UploadReference Upload) : Command;

    /// <summary>Reads format, content and signature, and finds the stable version to compare with.</summary>
    public sealed record InspectVersion : Command;

    /// <summary>Runs the golden inputs.</summary>
    public sealed record SmokeTestVersion : Command;

    /// <summary>Runs the version and the baseline over the data set, and judges the gates.</summary>
    public sealed record EvaluateVersion(VersionName? Baseline) : Command;

    /// <summary>Asks to be the one release of the model that moves traffic.</summary>
    /// <param name="Supersede">Whether an older version's release that has the turn is asked to end.</param>
    public sealed record TakeTurn(bool Supersede) : Command;

    /// <summary>Loads the version on the model servers.</summary>
    public sealed record LoadVersion : Command;

    /// <summary>Mirrors a share of stable's requests to the candidate, if the route is still the one this release knows.</summary>
    /// <param name="AfterGeneration">The generation this release knows: the change is made only if it is still the current one.</param>
    public sealed record ShadowTraffic(long AfterGeneration) : Command;

    /// <summary>Compares the pairs of answers, and renews the shadow's lease on fresh evidence.</summary>
    /// <param name="Generation">The route generation that the shadow step made.</param>
    /// <param name="Since">When it began.</param>
    public sealed record LookAtShadow(long Generation, DateTimeOffset Since) : Command;

    /// <summary>Gives the candidate a share of traffic, if the route is still the one this release knows.</summary>
    /// <param name="Step">The ramp step, counted from 0.</param>
    /// <param name="Weight">The share.</param>
    /// <param name="AfterGeneration">The generation this release knows: the change is made only if it is still the current one.</param>
    public sealed record ShiftTraffic(int Step, Weight Weight, long AfterGeneration) : Command;

    /// <summary>Compares the candidate with stable in the step's windows, and renews the weight's lease on fresh evidence.</summary>
    /// <param name="Step">The ramp step.</param>
    /// <param name="Generation">The route generation the step made.</param>
    /// <param name="Since">When the step began.</param>
    /// <param name="Reference">Set when the candidate has all traffic: the step whose stable numbers it is compared with, if no look has taken them in.</param>
    public sealed record LookAtTraffic(int Step, long Generation, DateTimeOffset Since, StepWindow? Reference) : Command;

    /// <summary>Makes the candidate the model's stable version.</summary>
    /// <param name="AfterGeneration">The generation this release knows; 0 for a model's first version.</param>
    public sealed record PromoteVersion(long AfterGeneration) : Command;

    /// <summary>Takes the candidate out of the route. Makes a new generation unless somebody else has since, so that a late shift is fenced out.</summary>
    /// <param name="AfterGeneration">The generation this release knows.</param>
    public sealed record RestoreTraffic(long AfterGeneration) : Command;

    /// <summary>Gives the turn back and unloads the version unless it is stable.</summary>
    public sealed record CloseRelease(Outcome Outcome) : Command;
}
