using System.Text.Json.Nodes;

namespace ModelFlow.Cli.Contracts;

/// <summary>A release in a list.</summary>
internal record ReleaseItem
{
    public required string Id { get; init; }

    public required string Model { get; init; }

    public required string Version { get; init; }

    public int Attempt { get; init; }

    public string? StartedBy { get; init; }

    public DateTimeOffset? StartedAt { get; init; }

    public required string Stage { get; init; }

    public string? Outcome { get; init; }

    public string? Reason { get; init; }

    public DateTimeOffset? EndedAt { get; init; }
}

/// <summary>A release in full.</summary>
internal sealed record ReleaseDetail : ReleaseItem
{
    public DateTimeOffset? StageSince { get; init; }

    public bool Paused { get; init; }

    public int? Weight { get; init; }

    public string? WaitingFor { get; init; }

    public string? Uploader { get; init; }

    public string? Baseline { get; init; }

    public string? Policy { get; init; }

    public ApprovalRequestItem? Approval { get; init; }

    public IReadOnlyList<ApprovalItem>? Approvals { get; init; }

    public IReadOnlyList<GateItem>? Gates { get; init; }

    public LookItem? LastLook { get; init; }

    public IReadOnlyList<ExperimentItem>? Experiments { get; init; }

    public IReadOnlyList<string>? Reports { get; init; }

    public JsonNode? State { get; init; }
}

/// <summary>One approver's yes.</summary>
internal sealed record ApprovalItem(string By, DateTimeOffset At, string? Comment);

/// <summary>One gate's answer.</summary>
internal sealed record GateItem(string Gate, bool Passed, double Observed, double Limit, string Message);

/// <summary>One look at live traffic.</summary>
internal sealed record LookItem(string Verdict, IReadOnlyList<LookMetric>? Metrics, long StableRequests, long CandidateRequests);

/// <summary>One guarded metric.</summary>
internal sealed record LookMetric(string Metric, string Verdict, double? Stable, double? Candidate, double? Tolerance, string Message)
{
    public LookInterval? Interval { get; init; }

    public LookEvidence? Harm { get; init; }

    public LookEvidence? Health { get; init; }
}

/// <summary>Bounds of an effect; without an upper one where nothing bounds it yet.</summary>
internal sealed record LookInterval(double Low, double? High);

/// <summary>How far evidence has come.</summary>
internal sealed record LookEvidence(double Value, double Needed);

/// <summary>The looks at a release over time.</summary>
internal sealed record AnalysisItem(string Release, string? Baseline, string Stage, string? Outcome, AnalysisSeriesItem Series);

/// <summary>The looks by step.</summary>
internal sealed record AnalysisSeriesItem(AnalysisBudget Budget, int Looks, int Shown, bool Complete, IReadOnlyList<string>? Notes, IReadOnlyList<AnalysisStep> Steps)
{
    /// <summary>The shadow step before them.</summary>
    public AnalysisShadow? Shadow { get; init; }
}

/// <summary>The shadow step.</summary>
internal sealed record AnalysisShadow(int Share, DateTimeOffset From, DateTimeOffset? To, string Source, int Looks, long Pairs, string? Verdict, IReadOnlyList<AnalysisMetric> Metrics);

/// <summary>The false-alarm budget.</summary>
internal sealed record AnalysisBudget(double Whole, double EarlierAttempts, double ThisAttempt, double LaterAttempts, double PerMetric);

/// <summary>One step.</summary>
internal sealed record AnalysisStep(int Step, int Weight, DateTimeOffset From, DateTimeOffset? To, string Source, int Looks, string? Verdict, IReadOnlyList<AnalysisMetric> Metrics)
{
    /// <summary>The fresh instance of stable that it is compared with.</summary>
    public string? FreshBaseline { get; init; }
}

/// <summary>One metric in a step.</summary>
internal sealed record AnalysisMetric(string Metric, double Tolerance, double? HarmNeeded, double? HealthNeeded, double BudgetSpent, string? Message, IReadOnlyList<AnalysisPoint> Points)
{
    /// <summary>The newest look at it.</summary>
    public LookMetric? Last => Points is [.., var p]
        ? new LookMetric(Metric, p.Verdict, p.Stable, p.Candidate, Tolerance, Message ?? "")
        {
            Interval = p.Interval,
            Harm = p.Harm is { } harm && HarmNeeded is { } most ? new(harm, most) : null,
            Health = p.Health is { } health && HealthNeeded is { } least ? new(health, least) : null,
        }
        : null;
}

/// <summary>One look at one metric.</summary>
internal sealed record AnalysisPoint(
    DateTimeOffset At, string Verdict, long StableRequests, long CandidateRequests, double Stable, double Candidate, LookInterval? Interval, double? Harm, double? Health);

/// <summary>An experiment of a ramp step.</summary>
internal sealed record ExperimentItem(int Step, string Metric, string Mode, string Verdict, string Message)
{
    public IReadOnlyList<ExperimentSlice>? Slices { get; init; }
}

/// <summary>What happened to one slice.</summary>
internal sealed record ExperimentSlice(string Slice, bool Guarded, ExperimentSliceArm Stable, ExperimentSliceArm Candidate, double? Effect, EffectInterval? Interval);

/// <summary>One version in a slice.</summary>
internal sealed record ExperimentSliceArm(long Requests, long Errors, long Outcomes, double Mean);

/// <summary>Bounds of a difference.</summary>
internal sealed record EffectInterval(double Low, double? High);

/// <summary>Something that happened to a release.</summary>
internal sealed record EventItem(int Seq, string Kind, DateTimeOffset At, string By, string Stage, string Message, JsonObject? Data);

/// <summary>Events after a number, and how to ask for the next.</summary>
internal sealed record EventPage(IReadOnlyList<EventItem> Items, int Next, bool Ended);

/// <summary>The answer to a signal.</summary>
internal sealed record SignalAnswer(string Release, string Signal, string Kind, bool Repeated, int EventsAfter);

/// <summary>The answer to a rollback.</summary>
internal sealed record RollbackAnswer(string Model, string? From, string To, long Generation, TimeSpan Took, GatewayCount? Gateways);

/// <summary>How many gateways said that they serve a route, of those that are known.</summary>
internal sealed record GatewayCount(int Confirmed, int Known);

/// <summary>The answer to a revocation.</summary>
internal sealed record RevokeAnswer(string Model, string Version, RevocationItem Revoked, IReadOnlyList<string>? Releases, RouteItem? Route, bool StillServing, string? Warning);
