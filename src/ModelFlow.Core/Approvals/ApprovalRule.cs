namespace ModelFlow.Core.Approvals;

/// <summary>Who must agree before what, and for how long they are waited for: one rule of a policy.</summary>
public sealed record ApprovalRule
{
    /// <summary>What stands before the name of a group in <see cref="From"/> and <see cref="EscalateTo"/>.</summary>
    public const string GroupPrefix = "group:";

    /// <summary>The most rules of a policy.</summary>
    public const int MaxRules = 10;

    /// <summary>Before what.</summary>
    public ApprovalPoint Before { get; init; } = ApprovalPoint.Ramp;

    /// <summary>How many different people must approve, 0 to 10; 1 by default. Before the ramp an unknown uploader makes it at least 2.</summary>
    public int Required { get; init; } = 1;

    /// <summary>Who may: people, and groups as <c>group:name</c>; none, the default, for everybody with the role approver. At most 50.</summary>
    public IReadOnlyList<string> From { get; init; } = [];

    /// <summary>Who may not, whatever else they are; by default nobody. The uploader is never enough alone in any case.</summary>
    public IReadOnlyList<BarredRole> Barred { get; init; } = [];

    /// <summary>How long approvals are waited for. 1 second to 30 days; 3 days by default.</summary>
    public TimeSpan ExpiresAfter { get; init; } = TimeSpan.FromDays(3);

    /// <summary>What happens then; rejected by default.</summary>
    public ExpiryRule WhenExpired { get; init; } = ExpiryRule.Reject;

    /// <summary>How often people are reminded, 1 second to 30 days; null, the default, for never.</summary>
    public TimeSpan? RemindEvery { get; init; }

    /// <summary>After how long <see cref="EscalateTo"/> may approve as well and are told, 1 second to 30 days; null, the default, for never.</summary>
    public TimeSpan? EscalateAfter { get; init; }

    /// <summary>Who else may approve then, written as in <see cref="From"/>.</summary>
    public IReadOnlyList<string> EscalateTo { get; init; } = [];
}

/// <summary>A part somebody has in a release that may bar them from approving it.</summary>
public enum BarredRole
{
    /// <summary>Who uploaded the version.</summary>
    Uploader,

    /// <summary>Who started the release.</summary>
    Starter,
}

/// <summary>What happens when approvals were waited for long enough.</summary>
public enum ExpiryRule
{
    /// <summary>The release ends: rejected, or with its traffic taken back.</summary>
    Reject,

    /// <summary>It is said that the time is over, and approvals are waited for on.</summary>
    Wait,
}
