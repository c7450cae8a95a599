using ModelFlow.Core.Naming;

namespace ModelFlow.Core.Releases;

/// <summary>What a person or another part of the system asks of a running release. Stored before it acts.</summary>
public sealed record Signal
{
    /// <summary>Makes it idempotent: a second signal with the same id is the same signal. 1 to 64 letters, digits, '-', '_' or '.'.</summary>
    public required string Id { get; init; }

    /// <summary>What is asked.</summary>
    public required SignalKind Kind { get; init; }

    /// <summary>Who asks.</summary>
    public required string By { get; init; }

    /// <summary>When it was received.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>The groups that the sign-in says they are in.</summary>
    public IReadOnlyList<string> Groups { get; init; } = [];

    /// <summary>
    /// The evidence that an approval was given on, as the approver saw it: <see cref="Approvals.ApprovalEvidence"/>. An approval on other evidence does not count;
    /// one that names none counts only if it was received after the release began to ask.
    /// </summary>
    public Sha256Digest? Evidence { get; init; }

    /// <summary>A comment or reason, at most 2,000 characters.</summary>
    public string? Comment { get; init; }
}

/// <summary>What a signal asks.</summary>
public enum SignalKind
{
    /// <summary>One approver's yes.</summary>
    Approve,

    /// <summary>One approver's no: ends the release.</summary>
    Reject,

    /// <summary>An approver takes their yes back, as long as it has had no effect.</summary>
    Withdraw,

    /// <summary>No step forward until resumed.</summary>
    Pause,

    /// <summary>Go on.</summary>
    Resume,

    /// <summary>Skip the rest of the ramp's waiting: to stable now, or in the shadow step to the first weight. Guards that already convicted stand.</summary>
    Promote,

    /// <summary>End the release, give traffic back if it has any.</summary>
    Abort,

    /// <summary>The route was rolled back from outside: end.</summary>
    RolledBack,

    /// <summary>A newer version's release takes the turn.</summary>
    Supersede,

    /// <summary>The version was revoked: end, give traffic back if it has any.</summary>
    Revoked,
}
