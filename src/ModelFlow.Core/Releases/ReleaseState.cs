using System.Text.Json.Serialization;
using ModelFlow.Core.Analysis;
using ModelFlow.Core.Approvals;
using ModelFlow.Core.Evaluation;
using ModelFlow.Core.Experiments;
using ModelFlow.Core.Naming;

namespace ModelFlow.Core.Releases;

/// <summary>
/// Everything a release has to remember between two decisions. Only the release decider makes new ones;
/// it is stored whole, together with the events that led to it, in one write.
/// </summary>
public sealed record ReleaseState
{
    /// <summary>The version of this record's shape; older ones are upgraded when read.</summary>
    public const int CurrentSchema = 1;

    /// <summary>The shape it was written in.</summary>
    public int Schema { get; init; } = CurrentSchema;

    /// <summary>The release.</summary>
    public required ReleaseId Id { get; init; }

    /// <summary>Where the story stands.</summary>
    public required Stage Stage { get; init; }

    /// <summary>The digest of the policy it runs under.</summary>
    public required Sha256Digest PolicyDigest { get; init; }

    /// <summary>Who or what started it.</summary>
    public required string StartedBy { get; init; }

    /// <summary>When it was started.</summary>
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>The upload it registers; null when the version was registered by an earlier attempt.</summary>
    public UploadReference? Upload { get; init; }

    /// <summary>Who uploaded the version; null when unknown.</summary>
    public string? Uploader { get; init; }

    /// <summary>The digest of the version's manifest, once registered: what approvals are given on.</summary>
    public Sha256Digest? ArtifactDigest { get; init; }

    /// <summary>The stable version it was compared with; null for a model's first version.</summary>
    public VersionName? Baseline { get; init; }

    /// <summary>Whether its inputs or outputs break with the stable version's.</summary>
    public bool BreakingSignature { get; init; }

    /// <summary>The digest of the evaluation report.</summary>
    public Sha256Digest? EvaluationDigest { get; init; }

    /// <summary>The gates' answers.</summary>
    public IReadOnlyList<GateResult> Gates { get; init; } = [];

    /// <summary>What people are being asked, until what they were asked about takes effect; null while nothing is asked.</summary>
    public ApprovalRequest? Asked { get; init; }

    /// <summary>What people can answer now; null while nothing is asked, and once what was asked is given.</summary>
    [JsonIgnore]
    public ApprovalRequest? OpenRequest => Stage is Stage.AwaitingApproval or Stage.Ramping { Phase: not RampPhase.Shifting } ? Asked : null;

    /// <summary>The approvals given since the newest evaluation; each counts for the evidence it was given on.</summary>
    public IReadOnlyList<Approval> Approvals { get; init; } = [];

    /// <summary>The newest look at live traffic.</summary>
    public GuardrailReport? LastLook { get; init; }

    /// <summary>The generation of the route it made last, or found when it took its turn; 0 before, and for a model without a route.</summary>
    public long RouteGeneration { get; init; }

    /// <summary>All that the ramp has learned from live traffic; null before its first look.</summary>
    public RampEvidence? Evidence { get; init; }

    /// <summary>All that the shadow step has learned; null before its first look and where there is none.</summary>
    public ShadowEvidence? Shadow { get; init; }

    /// <summary>The experiments of its ramp, oldest first; only the last may still run.</summary>
    public IReadOnlyList<ExperimentReport> Experiments { get; init; } = [];

    /// <summary>The step before the current one: the reference of the last step, where stable has no traffic of its own.</summary>
    public StepWindow? PreviousStep { get; init; }

    /// <summary>Whether the newest look renewed the weight's lease.</summary>
    public bool LeaseHeld { get; init; }

    /// <summary>When an operator paused it: no step forward, all guards on; null while it is not paused.</summary>
    public DateTimeOffset? PausedAt { get; init; }

    /// <summary>Whether it ever asked for the turn: then the turn is given back at the end.</summary>
    public bool AskedForTurn { get; init; }

    /// <summary>Whether it ever asked for traffic: then traffic is restored before it ends without success.</summary>
    public bool AskedForTraffic { get; init; }

    /// <summary>The latch: set once by the first thing that failed, never cleared; no traffic goes up after it.</summary>
    public Failure? Failure { get; init; }

    /// <summary>The command being run, if any.</summary>
    public PendingCommand? Pending { get; init; }

    /// <summary>The sequence number of the newest command; 0 before the first.</summary>
    public int CommandSeq { get; init; }

    /// <summary>How often in a row a command failed for want of infrastructure.</summary>
    public int Retries { get; init; }

    /// <summary>No command is issued before this: the pause between two tries.</summary>
    public DateTimeOffset? NotBefore { get; init; }

    /// <summary>The number of events so far: the next one has this number + 1.</summary>
    public int EventCount { get; init; }

    /// <summary>The hash of the newest event.</summary>
    public string EventHash { get; init; } = "";

    /// <summary>When the stage was entered.</summary>
    public required DateTimeOffset StageSince { get; init; }

    /// <summary>How it ended; null while it runs.</summary>
    public Outcome? Outcome => (Stage as Stage.Ended)?.Outcome;
}

/// <summary>An upload in the <c>incoming</c> container.</summary>
/// <param name="ManifestPath">The blob whose arrival completed the upload.</param>
/// <param name="ETag">Its ETag when it was seen.</param>
public sealed record UploadReference(string ManifestPath, string ETag);

/// <summary>The traffic of one ramp step.</summary>
/// <param name="Generation">The route generation the step made.</param>
/// <param name="Since">When its weight took effect.</param>
public sealed record StepWindow(long Generation, DateTimeOffset Since);

/// <summary>What went wrong first.</summary>
/// <param name="Outcome">How the release will end.</param>
/// <param name="By">What refused or convicted it: <c>digest</c>, <c>gate</c>, <c>guardrail</c>, <c>operator</c>, an approver, …</param>
/// <param name="Reason">With the numbers.</param>
public sealed record Failure(Outcome Outcome, string By, string Reason);

/// <summary>A command that was decided and has no taken-in result yet.</summary>
/// <param name="Seq">Its sequence number.</param>
/// <param name="Command">The command.</param>
public sealed record PendingCommand(int Seq, Command Command);

/// <summary>How a release ends.</summary>
public enum Outcome
{
    /// <summary>The version became the model's stable one.</summary>
    Stable,

    /// <summary>Refused before any traffic: a shadow step is before it.</summary>
    Rejected,

    /// <summary>Traffic was taken back by a guardrail or an operator.</summary>
    RolledBack,

    /// <summary>An operator ended it.</summary>
    Aborted,

    /// <summary>A newer version's release took its turn.</summary>
    Superseded,

    /// <summary>Infrastructure failed beyond its retries.</summary>
    Failed,
}
