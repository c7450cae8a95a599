using ModelFlow.Core.Approvals;
using ModelFlow.Core.Naming;
using ModelFlow.Core.People;
using ModelFlow.Core.Releases;

namespace ModelFlow.Api.Approvals;

/// <summary>What people are asked by a release, and how it stands.</summary>
public sealed record ApprovalView
{
    /// <summary>Before what, for people.</summary>
    public required string Point { get; init; }

    /// <summary>What is decided on; send it along with an approval.</summary>
    public required Sha256Digest Evidence { get; init; }

    /// <summary>When it was asked.</summary>
    public required DateTimeOffset AskedAt { get; init; }

    /// <summary>When the first rule's time is over.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>What is needed; all of it.</summary>
    public required IReadOnlyList<ApprovalRuleView> Rules { get; init; }

    /// <summary>What was given for this request.</summary>
    public required IReadOnlyList<GivenApproval> Approvals { get; init; }

    internal static ApprovalView? Of(ReleaseState state, PeopleDirectory people)
    {
        if (state.OpenRequest is not { } request)
        {
            return null;
        }

        var count = new ApprovalCount(state, request, people);
        return new ApprovalView
        {
            Point = request.Before,
            Evidence = request.Evidence,
            AskedAt = request.AskedAt,
            ExpiresAt = request.Demands.Min(d => d.ExpiresAt),
            Rules = [.. request.Demands.Select(d => new ApprovalRuleView(
                d.Before.ToString(), d.Rule.Required, d.MayApprove, d.Rule.Barred, d.ExpiresAt, d.Rule.WhenExpired, [.. count.For(d).Select(a => people.NameOf(a.By))], count.IsMetBy(d)))],
            Approvals = [.. state.Approvals.Where(a => a.Evidence is null || a.Evidence == request.Evidence)
                .Select(a => new GivenApproval(people.NameOf(a.By), a.At, a.Comment, request.Demands.Any(d => count.Counts(d, a))))],
        };
    }
}

/// <summary>One rule of the policy and how far it is met.</summary>
/// <param name="Before">Before what: <c>ramp</c>, <c>breakingSignature</c>, <c>promotion</c>, or a share.</param>
/// <param name="Required">How many different people must approve.</param>
/// <param name="From">Who may, and <c>group:</c> and a group; none means everybody with the role.</param>
/// <param name="Barred">Who may not.</param>
/// <param name="ExpiresAt">When its time is over.</param>
/// <param name="WhenExpired">What happens then.</param>
/// <param name="Given">Whose approvals count.</param>
/// <param name="Satisfied">Whether that is enough.</param>
public sealed record ApprovalRuleView(
    string Before, int Required, IReadOnlyList<string> From, IReadOnlyList<BarredRole> Barred, DateTimeOffset ExpiresAt, ExpiryRule WhenExpired, IReadOnlyList<string> Given, bool Satisfied);

/// <summary>One approval.</summary>
/// <param name="By">The person.</param>
/// <param name="At">When.</param>
/// <param name="Comment">What they said.</param>
/// <param name="Counts">Whether it counts for a rule.</param>
public sealed record GivenApproval(string By, DateTimeOffset At, string? Comment, bool Counts);

/// <summary>A release that asks people.</summary>
/// <param name="Release">The release.</param>
/// <param name="Model">Its model.</param>
/// <param name="Version">Its version.</param>
/// <param name="Point">Before what it asks.</param>
/// <param name="Evidence">What is decided on.</param>
/// <param name="AskedAt">When it was asked.</param>
/// <param name="ExpiresAt">When the first rule's time is over.</param>
/// <param name="MayDecide">Whether the caller's approval would count.</param>
/// <param name="WhyNot">Why not.</param>
public sealed record WaitingApproval(
    ReleaseId Release, ModelName Model, VersionName Version, string Point, Sha256Digest Evidence, DateTimeOffset AskedAt, DateTimeOffset ExpiresAt, bool MayDecide, string? WhyNot);
