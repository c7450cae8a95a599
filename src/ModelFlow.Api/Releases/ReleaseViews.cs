using System.Diagnostics.CodeAnalysis;
using ModelFlow.Api.Access;
using ModelFlow.Api.Approvals;
using ModelFlow.Core.Analysis;
using ModelFlow.Core.Approvals;
using ModelFlow.Core.Evaluation;
using ModelFlow.Core.Experiments;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;

namespace ModelFlow.Api.Releases;

/// <summary>A release in a list.</summary>
public record ReleaseItem
{
    /// <summary>The release.</summary>
    public required ReleaseId Id { get; init; }

    /// <summary>The model.</summary>
    public required ModelName Model { get; init; }

    /// <summary>The version.</summary>
    public required VersionName Version { get; init; }

    /// <summary>Which attempt it is, from 1.</summary>
    public required int Attempt { get; init; }

    /// <summary>Who or what started it.</summary>
    public required string StartedBy { get; init; }

    /// <summary>When.</summary>
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>The stage's name.</summary>
    public required string Stage { get; init; }

    /// <summary>How it ended; absent while it runs.</summary>
    public Outcome? Outcome { get; init; }

    /// <summary>Why it ended so.</summary>
    public string? Reason { get; init; }

    /// <summary>When it ended.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    internal static ReleaseItem Of(ReleaseSummary summary) => new()
    {
        Id = summary.Id,
        Model = summary.Id.Model,
        Version = summary.Id.Version,
        Attempt = summary.Id.Attempt,
        StartedBy = summary.StartedBy,
        StartedAt = summary.StartedAt,
        Stage = summary.Stage,
        Outcome = summary.Outcome,
        Reason = summary.Reason,
        EndedAt = summary.EndedAt,
    };
}

/// <summary>A release.</summary>
public sealed record ReleaseDetail : ReleaseItem
{
    /// <summary>An empty one, for readers of JSON.</summary>
    public ReleaseDetail()
    {
    }

    [SetsRequiredMembers]
    internal ReleaseDetail(ReleaseItem item, ReleaseState state)
        : base(item)
    {
        (State, StageSince, Paused, Policy, Events) = (state, state.StageSince, state.PausedAt is not null, state.PolicyDigest, state.EventCount);
        (Uploader, Baseline, Approvals, Gates, LastLook, Failure) = (state.Uploader, state.Baseline, state.Approvals, state.Gates, state.LastLook, state.Failure);
        Experiments = state.Experiments;
        Signals = [];
        Reports = [];
    }

    /// <summary>When the stage was entered.</summary>
    public required DateTimeOffset StageSince { get; init; }

    /// <summary>Whether an operator paused it.</summary>
    public required bool Paused { get; init; }

    /// <summary>The version's share of traffic that this release gave it; absent without one.</summary>
    public Weight? Weight { get; init; }

    /// <summary>What it waits for; absent when it waits for nothing.</summary>
    public string? WaitingFor { get; init; }

    /// <summary>Who uploaded the version; absent when unknown.</summary>
    public string? Uploader { get; init; }

    /// <summary>The stable version it was compared with.</summary>
    public VersionName? Baseline { get; init; }

    /// <summary>The policy it runs under.</summary>
    public required Sha256Digest Policy { get; init; }

    /// <summary>What people are asked; absent while nothing is.</summary>
    public ApprovalView? Approval { get; init; }

    /// <summary>The approvals given since the newest evaluation.</summary>
    public required IReadOnlyList<Approval> Approvals { get; init; }

    /// <summary>The gates' answers.</summary>
    public required IReadOnlyList<GateResult> Gates { get; init; }

    /// <summary>The newest look at live traffic.</summary>
    public GuardrailReport? LastLook { get; init; }

    /// <summary>The experiments of its ramp, oldest first.</summary>
    public required IReadOnlyList<ExperimentReport> Experiments { get; init; }

    /// <summary>What went wrong first.</summary>
    public Failure? Failure { get; init; }

    /// <summary>Signals that were sent and not yet taken in.</summary>
    public required IReadOnlyList<Signal> Signals { get; init; }

    /// <summary>The names of its report files.</summary>
    public required IReadOnlyList<string> Reports { get; init; }

    /// <summary>How many events it has.</summary>
    public required int Events { get; init; }

    /// <summary>Everything, as stored; for diagnosis: its shape may change.</summary>
    public required ReleaseState State { get; init; }
}

/// <summary>A part of a release's events.</summary>
/// <param name="Items">Oldest first.</param>
/// <param name="Next">Ask with <c>after</c> = this for what comes after.</param>
/// <param name="Ended">Whether the release is over and <paramref name="Items"/> reaches its last event.</param>
public sealed record EventPage(IReadOnlyList<ReleaseEvent> Items, int Next, bool Ended);

/// <summary>A signal that is stored.</summary>
/// <param name="Release">The release.</param>
/// <param name="Signal">The signal's id.</param>
/// <param name="Kind">What was asked.</param>
/// <param name="Repeated">Whether the same request was stored before.</param>
/// <param name="EventsAfter">What came of it is in the events after this number.</param>
public sealed record SignalAnswer(ReleaseId Release, string Signal, SignalKind Kind, bool Repeated, int EventsAfter);

/// <summary>An approver's decision.</summary>
public sealed record DecisionRequest
{
    /// <summary><c>approve</c>, <c>reject</c>, or <c>withdraw</c> for taking an approval back.</summary>
    public string? Decision { get; init; }

    /// <summary>What was seen: the release's <c>approval.evidence</c>. Refused if something else is asked meanwhile.</summary>
    public string? Evidence { get; init; }

    /// <summary>Why, at most 2,000 characters; needed for a rejection.</summary>
    public string? Comment { get; init; }

    /// <summary>Makes the request idempotent.</summary>
    public string? RequestId { get; init; }
}

/// <summary>An operator's wish.</summary>
public sealed record SignalRequest
{
    /// <summary>Why, at most 2,000 characters.</summary>
    public string? Comment { get; init; }

    /// <summary>Makes the request idempotent.</summary>
    public string? RequestId { get; init; }
}

/// <summary>Asks for a new attempt.</summary>
public sealed record StartRequest : IConcernsModels
{
    /// <summary>The model.</summary>
    public string? Model { get; init; }

    /// <summary>The registered version.</summary>
    public string? Version { get; init; }

    /// <summary>Makes the request idempotent.</summary>
    public string? RequestId { get; init; }

    string? IConcernsModels.Models => Model;
}

/// <summary>A release that was started.</summary>
/// <param name="Release">Its id.</param>
public sealed record Started(ReleaseId Release);
