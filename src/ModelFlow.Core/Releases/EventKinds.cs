namespace ModelFlow.Core.Releases;

/// <summary>Every kind that a <see cref="ReleaseEvent"/> may have, in the order of a release's life.</summary>
public static class EventKinds
{
    /// <summary>The kinds.</summary>
    public static IReadOnlyList<string> All { get; } =
    [
        "started",
        "stageEntered",
        "evaluated",
        "approvalAsked",
        "approvalReminded",
        "approvalEscalated",
        "approvalOverdue",
        "approved",
        "approvalWithdrawn",
        "approvalsLapsed",
        "rejected",
        "waiting",
        "shadowStarted",
        "shadowPassed",
        "trafficShifted",
        "looked",
        "rampPhase",
        "leaseRenewed",
        "leaseLapsing",
        "experimentBegun",
        "experimentDecided",
        "stepPassed",
        "harmFound",
        "paused",
        "resumed",
        "promoteAsked",
        "abortAsked",
        "signalIgnored",
        "retrying",
        "failed",
        "trafficRestored",
        "promoted",
        "ended",
    ];

    /// <summary>The kinds in a sentence.</summary>
    public static string Listed { get; } = string.Join(", ", All);
}
