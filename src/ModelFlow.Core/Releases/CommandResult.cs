using System.Text.Json.Serialization;
using ModelFlow.Core.Analysis;
using ModelFlow.Core.Evaluation;
using ModelFlow.Core.Naming;

namespace ModelFlow.Core.Releases;

/// <summary>What a command found or did. The first stored result of a command is the one that counts.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "name")]
[JsonDerivedType(typeof(Refused), "refused")]
[JsonDerivedType(typeof(Faulted), "faulted")]
[JsonDerivedType(typeof(Registered), "registered")]
[JsonDerivedType(typeof(Inspected), "inspected")]
[JsonDerivedType(typeof(SmokeTested), "smokeTested")]
[JsonDerivedType(typeof(Evaluated), "evaluated")]
[JsonDerivedType(typeof(TurnTaken), "turnTaken")]
[JsonDerivedType(typeof(TurnBusy), "turnBusy")]
[JsonDerivedType(typeof(Loaded), "loaded")]
[JsonDerivedType(typeof(TrafficShifted), "trafficShifted")]
[JsonDerivedType(typeof(Fenced), "fenced")]
[JsonDerivedType(typeof(Looked), "looked")]
[JsonDerivedType(typeof(Promoted), "promoted")]
[JsonDerivedType(typeof(TrafficRestored), "trafficRestored")]
[JsonDerivedType(typeof(Closed), "closed")]
public abstract record CommandResult
{
    private CommandResult()
    {
    }

    /// <summary>The version is at fault: it is not let through.</summary>
    /// <param name="By">What refused it: <c>name</c>, <c>digest</c>, <c>format</c>, <c>inspection</c>, <c>signature</c>, <c>smoke</c>, <c>evaluation</c>, <c>gate</c>, <c>load</c>, <c>shadow</c>, <c>revoked</c>.</param>
    /// <param name="Reason">With the numbers and the remedy.</param>
    public sealed record Refused(string By, string Reason) : CommandResult;

    /// <summary>The infrastructure is at fault: the command may be tried again.</summary>
    /// <param name="Reason">What failed.</param>
    public sealed record Faulted(string Reason) : CommandResult;

    /// <summary>The version is in the catalogue.</summary>
    public sealed record Registered(Sha256Digest Digest, string? Uploader) : CommandResult;

    /// <summary>The version was read.</summary>
    public sealed record Inspected(VersionName? Baseline, bool BreakingSignature, string Summary) : CommandResult;

    /// <summary>The golden inputs ran.</summary>
    public sealed record SmokeTested(string Summary) : CommandResult;

    /// <summary>The evaluation ran; the gates may have failed.</summary>
    public sealed record Evaluated(Sha256Digest Report, IReadOnlyList<GateResult> Gates, string Summary) : CommandResult;

    /// <summary>This release may move traffic.</summary>
    /// <param name="Stable">The model's stable version now; null if it has none.</param>
    /// <param name="Generation">The route's generation now; 0 if the model has none. Every later change of this release names the generation it follows.</param>
    public sealed record TurnTaken(VersionName? Stable, long Generation) : CommandResult;

    /// <summary>It may not yet: another release has the turn, or the model is frozen. Nothing was changed.</summary>
    public sealed record TurnBusy(string Reason) : CommandResult;

    /// <summary>The version is loaded.</summary>
    public sealed record Loaded(TimeSpan Took) : CommandResult
    {
        /// <summary>How warming up went; null if it was not warmed up.</summary>
        [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
        public string? WarmUp { get; init; }
    }

    /// <summary>The route has the weight.</summary>
    public sealed record TrafficShifted(long Generation) : CommandResult;

    /// <summary>Somebody else changed the route since: this release has no say any more.</summary>
    public sealed record Fenced(long Generation, string By) : CommandResult;

    /// <summary>Live traffic was looked at.</summary>
    /// <param name="Report">What it says.</param>
    /// <param name="RouteGeneration">The route's generation now.</param>
    /// <param name="LeaseRenewed">Whether the evidence was fresh enough to renew the weight's lease.</param>
    /// <param name="Freeze">The freeze that covers the model, for people; null if there is none.</param>
    /// <param name="Evidence">All that the ramp has learned so far; null when the route is not the release's any more.</param>
    public sealed record Looked(GuardrailReport Report, long RouteGeneration, bool LeaseRenewed, string? Freeze, RampEvidence? Evidence = null) : CommandResult
    {
        /// <summary>All that the shadow step has learned so far; null for a look at weights.</summary>
        public ShadowEvidence? Shadow { get; init; }
    }

    /// <summary>The version is stable.</summary>
    public sealed record Promoted(long Generation) : CommandResult;

    /// <summary>The candidate gets no traffic.</summary>
    public sealed record TrafficRestored(long Generation) : CommandResult;

    /// <summary>Done with.</summary>
    public sealed record Closed : CommandResult;
}
