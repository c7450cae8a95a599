using System.Text.Json.Serialization;
using ModelFlow.Core.Naming;

namespace ModelFlow.Core.Approvals;

/// <summary>What people are being asked by a release, from when it asks until what was asked about takes effect.</summary>
public sealed record ApprovalRequest
{
    /// <summary>What is decided on: see <see cref="ApprovalEvidence"/>. An approval of anything else does not count.</summary>
    public required Sha256Digest Evidence { get; init; }

    /// <summary>When it was asked.</summary>
    public required DateTimeOffset AskedAt { get; init; }

    /// <summary>What follows.</summary>
    public required AfterApproval Then { get; init; }

    /// <summary>What is needed; all of it. At least one.</summary>
    public required IReadOnlyList<ApprovalDemand> Demands { get; init; }

    /// <summary>Before what, for people: <c>ramp</c>, or <c>50 % and promotion</c>.</summary>
    [JsonIgnore]
    public string Before => string.Join(" and ", Demands.Select(d => d.Before.ToString()).Distinct(StringComparer.Ordinal));
}

/// <summary>What follows when everything that was asked for was given.</summary>
public enum AfterApproval
{
    /// <summary>The release asks for its turn to move traffic.</summary>
    Turn,

    /// <summary>The ramp takes its next step.</summary>
    NextStep,

    /// <summary>The version is promoted.</summary>
    Promotion,
}

/// <summary>A rule of the policy as it applies to one request.</summary>
public sealed record ApprovalDemand
{
    /// <summary>The rule; <see cref="ApprovalRule.Required"/> is what is required here.</summary>
    public required ApprovalRule Rule { get; init; }

    /// <summary>Until when approvals are waited for.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>When people are reminded next; null for never.</summary>
    public DateTimeOffset? RemindAt { get; init; }

    /// <summary>When it is escalated; null for never, and once it was.</summary>
    public DateTimeOffset? EscalateAt { get; init; }

    /// <summary>Whether those it is escalated to may approve.</summary>
    public bool IsEscalated { get; init; }

    /// <summary>Whether it was said that the time is over, and it is waited on.</summary>
    public bool IsOverdue { get; init; }

    /// <summary>Before what.</summary>
    [JsonIgnore]
    public ApprovalPoint Before => Rule.Before;

    /// <summary>Who may approve now; nobody in it means everybody with the role.</summary>
    [JsonIgnore]
    public IReadOnlyList<string> MayApprove => Rule.From.Count > 0 && IsEscalated ? [.. Rule.From, .. Rule.EscalateTo] : Rule.From;
}

/// <summary>One approver's yes.</summary>
/// <param name="By">The identity they signed in with.</param>
/// <param name="At">When.</param>
/// <param name="Comment">What they said.</param>
public sealed record Approval(string By, DateTimeOffset At, string? Comment)
{
    /// <summary>The groups their sign-in said they are in.</summary>
    public IReadOnlyList<string> Groups { get; init; } = [];

    /// <summary>What it was given on; null in releases of an older ModelFlow.</summary>
    public Sha256Digest? Evidence { get; init; }
}
