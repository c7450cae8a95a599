using ModelFlow.Core.People;
using ModelFlow.Core.Releases;

namespace ModelFlow.Core.Approvals;

/// <summary>
/// Which approvals count. People are counted, not sign-ins, and by what they are when the question is put: one who was removed, or left the group that was asked,
/// counts no more until what was approved has taken effect.
/// </summary>
/// <param name="state">The release that asks.</param>
/// <param name="request">What it asks.</param>
/// <param name="people">Who is who now.</param>
public sealed class ApprovalCount(ReleaseState state, ApprovalRequest request, PeopleDirectory people)
{
    /// <summary>Whether every demand is met.</summary>
    public bool IsMet => request.Demands.All(IsMetBy);

    /// <summary>Whether one demand is met: by enough people, and not by the uploader alone.</summary>
    public bool IsMetBy(ApprovalDemand demand)
    {
        ArgumentNullException.ThrowIfNull(demand);
        var given = For(demand);
        return given.Count >= demand.Rule.Required && !OnlyUploader(given);
    }

    /// <summary>Whether there are approvals and all are the uploader's.</summary>
    public bool OnlyUploader(IReadOnlyList<Approval> given) => state.Uploader is { } uploader && given.Count > 0 && given.All(a => people.AreSame(a.By, uploader));

    /// <summary>The approvals that count for a demand: the first of each person.</summary>
    public IReadOnlyList<Approval> For(ApprovalDemand demand) =>
        [.. state.Approvals.Where(a => Counts(demand, a)).DistinctBy(a => people.NameOf(a.By), StringComparer.Ordinal)];

    /// <summary>Whether an approval counts for a demand.</summary>
    public bool Counts(ApprovalDemand demand, Approval approval)
    {
        ArgumentNullException.ThrowIfNull(approval);
        return (approval.Evidence is null || approval.Evidence == request.Evidence) && WhyNot(demand, approval.By, approval.Groups, approval.At) is null;
    }

    /// <summary>Why somebody's approval would count for none of the demands; null if it would count for one.</summary>
    /// <param name="by">The identity they signed in with.</param>
    /// <param name="groups">The groups their sign-in says they are in.</param>
    /// <param name="at">When they approve.</param>
    public string? WhyNot(string by, IReadOnlyList<string> groups, DateTimeOffset at)
    {
        var person = people.NameOf(by);
        if (state.Approvals.Any(a => (a.Evidence is null || a.Evidence == request.Evidence) && string.Equals(people.NameOf(a.By), person, StringComparison.Ordinal)))
        {
            return $"{person} has approved already";
        }

        var reasons = request.Demands.Select(d => WhyNot(d, by, groups, at)).ToList();
        return reasons.Contains(null) ? null : reasons[0];
    }

    private string? WhyNot(ApprovalDemand demand, string by, IReadOnlyList<string> groups, DateTimeOffset at)
    {
        if (people.IsRemoved(by))
        {
            return $"{people.NameOf(by)} was removed";
        }

        if (demand.Rule.WhenExpired == ExpiryRule.Reject && at >= demand.ExpiresAt)
        {
            return "the time for approval is over";
        }

        if (demand.Rule.Barred.Contains(BarredRole.Uploader) && state.Uploader is { } uploader && people.AreSame(by, uploader))
        {
            return "the policy bars who uploaded the version";
        }

        if (demand.Rule.Barred.Contains(BarredRole.Starter) && people.AreSame(by, state.StartedBy))
        {
            return "the policy bars who started the release";
        }

        return demand.MayApprove is { Count: > 0 } asked && !asked.Any(a => people.Is(by, groups, a))
            ? $"the policy asks {string.Join(", ", asked)}"
            : null;
    }
}
