using System.Text.Json;
using System.Text.Json.Nodes;
using ModelFlow.Core.Approvals;
using ModelFlow.Core.Serialization;

namespace ModelFlow.Core.Releases.Stages;

/// <summary>Where a release asks people, takes their answers, reminds them, and gives up waiting.</summary>
internal static class ApprovalDesk
{
    private const int UnknownUploaderNeeds = 2;
    private static readonly TimeSpan LongestWait = TimeSpan.FromHours(1);

    /// <summary>
    /// What must be approved before any traffic. Where there will be no ramp (a model's first version, or one that is cut over to), what is asked during a ramp is asked here,
    /// too: otherwise it would never be.
    /// </summary>
    public static IReadOnlyList<ApprovalRule> RulesBeforeTraffic(Transition t)
    {
        var hasRamp = t.State is { Baseline: not null, BreakingSignature: false };
        var ramp = t.Policy.Approval;
        if (t.State.Uploader is null)
        {
            ramp = ramp with { Required = Math.Max(UnknownUploaderNeeds, ramp.Required) };
        }

        return
        [
            ramp,
            .. t.Policy.FurtherApprovals.Where(r =>
                r.Before == ApprovalPoint.Ramp || (r.Before == ApprovalPoint.BreakingSignature ? t.State.BreakingSignature : !hasRamp)),
        ];
    }

    /// <summary>What must be approved before the step after <paramref name="ramp"/>'s, or before the promotion after the last.</summary>
    public static IReadOnlyList<ApprovalRule> RulesBeforeNext(Transition t, Stage.Ramping ramp)
    {
        var steps = t.Policy.Ramp.Steps;
        var point = ramp.Step + 1 < steps.Count ? ApprovalPoint.Of(steps[ramp.Step + 1].Weight) : ApprovalPoint.Promotion;
        return [.. t.Policy.FurtherApprovals.Where(r => r.Before == point)];
    }

    /// <summary>What must be approved before the rest of the ramp is skipped.</summary>
    public static IReadOnlyList<ApprovalRule> RulesOfTheRest(Transition t, Stage.Ramping ramp) =>
        [.. t.Policy.FurtherApprovals.Where(r => r.Before == ApprovalPoint.Promotion || r.Before.Weight > t.Policy.Ramp.Steps[ramp.Step].Weight)];

    /// <summary>Asks what the rules say; false if they ask nothing of anybody. The caller enters the stage and then calls <see cref="Announce"/>.</summary>
    public static bool Ask(Transition t, IReadOnlyList<ApprovalRule> rules, AfterApproval then)
    {
        var demands = rules.Where(r => r.Required > 0).Select(r => new ApprovalDemand
        {
            Rule = r,
            ExpiresAt = t.Now + r.ExpiresAfter,
            RemindAt = t.Now + r.RemindEvery,
            EscalateAt = t.Now + r.EscalateAfter,
        }).ToList();
        if (demands.Count == 0)
        {
            t.State = t.State with { Asked = null };
            return false;
        }

        var request = new ApprovalRequest { Evidence = default, AskedAt = t.Now, Then = then, Demands = demands };
        request = request with { Evidence = ApprovalEvidence.Of(t.State, request.Before) };
        var lapsed = t.State.Asked is { } before && before.Evidence != request.Evidence
            ? t.State.Approvals.Where(a => a.Evidence == before.Evidence).ToList()
            : [];
        t.State = t.State with { Asked = request };
        if (lapsed.Count > 0)
        {
            t.Record("approvalsLapsed", $"What {string.Join(", ", lapsed.Select(a => a.By))} approved is not what is asked now: their approvals lapse.");
        }

        return true;
    }

    /// <summary>Says what is asked, of whom, and until when.</summary>
    public static void Announce(Transition t)
    {
        var request = t.State.Asked!; // Asked just now.
        t.Record("approvalAsked", $"Before {request.Before}: {string.Join("; ", request.Demands.Select(Describe))}.", data: Data(t, request));
    }

    /// <summary>How the open request stands now. Reminds and escalates by the way.</summary>
    public static ApprovalStanding Look(Transition t)
    {
        var request = t.State.Asked!; // Only called while something is asked.
        var count = new ApprovalCount(t.State, request, t.People);
        if (count.IsMet)
        {
            return new ApprovalStanding(IsMet: true, null, t.Now);
        }

        var open = request.Demands.Where(d => !count.IsMetBy(d)).ToList();
        if (open.FirstOrDefault(d => d.Rule.WhenExpired == ExpiryRule.Reject && t.Now >= d.ExpiresAt) is { } expired)
        {
            return new ApprovalStanding(IsMet: false, $"{count.For(expired).Count} of {expired.Rule.Required} approvals before {expired.Before} were given before {expired.ExpiresAt:u}.", t.Now);
        }

        var demands = request.Demands.Select(d => open.Contains(d) ? Urge(t, d, count) : d).ToList();
        if (!demands.SequenceEqual(request.Demands))
        {
            t.State = t.State with { Asked = request with { Demands = demands } };
        }

        var due = demands.Where(d => open.Any(o => o.Rule == d.Rule))
            .SelectMany(d => new[] { d.IsOverdue ? null : d.ExpiresAt, d.RemindAt, d.EscalateAt }).OfType<DateTimeOffset>().DefaultIfEmpty(t.Now + LongestWait).Min();
        return new ApprovalStanding(IsMet: false, null, due);
    }

    /// <summary>Takes in a yes.</summary>
    public static void Approve(Transition t, ApprovalRequest request, Signal signal)
    {
        var count = new ApprovalCount(t.State, request, t.People);
        if (signal.Evidence is { } seen ? seen != request.Evidence : signal.At < request.AskedAt)
        {
            Signals.Ignore(t, signal, "it was given on other evidence than is asked about now");
        }
        else if (count.WhyNot(signal.By, signal.Groups, signal.At) is { } why)
        {
            Signals.Ignore(t, signal, why);
        }
        else
        {
            var approval = new Approval(signal.By, signal.At, signal.Comment) { Groups = signal.Groups, Evidence = request.Evidence };
            t.State = t.State with { Approvals = [.. t.State.Approvals, approval] };
            count = new ApprovalCount(t.State, request, t.People);
            var standing = string.Join("; ", request.Demands.Select(d => $"{(request.Demands.Count > 1 ? $"before {d.Before}: " : "")}{count.For(d).Count} of {d.Rule.Required}"));
            var alone = request.Demands.Any(d => count.OnlyUploader(count.For(d))) ? "; who uploaded a version cannot be its only approver" : "";
            t.Record("approved", $"{signal.By} approved ({standing}){alone}.", signal.By, Signals.Data(t, signal));
        }
    }

    /// <summary>Takes back a yes that has no effect yet.</summary>
    public static void Withdraw(Transition t, ApprovalRequest request, Signal signal)
    {
        var left = t.State.Approvals.Where(a => a.Evidence != request.Evidence || !t.People.AreSame(a.By, signal.By)).ToList();
        if (left.Count == t.State.Approvals.Count)
        {
            Signals.Ignore(t, signal, $"{signal.By} has approved nothing that is asked now");
            return;
        }

        t.State = t.State with { Approvals = left };
        t.Record("approvalWithdrawn", $"{signal.By} took the approval back.", signal.By, Signals.Data(t, signal));
    }

    /// <summary>Who counts, for people.</summary>
    public static string Approvers(Transition t)
    {
        var request = t.State.Asked!; // Only called while something is asked.
        var count = new ApprovalCount(t.State, request, t.People);
        return string.Join(", ", request.Demands.SelectMany(count.For).Select(a => a.By).Distinct(StringComparer.Ordinal));
    }

    private static ApprovalDemand Urge(Transition t, ApprovalDemand demand, ApprovalCount count)
    {
        var standing = $"{count.For(demand).Count} of {demand.Rule.Required} approvals before {demand.Before}";
        if (t.Now >= demand.EscalateAt)
        {
            demand = demand with { EscalateAt = null, IsEscalated = true };
            t.Record("approvalEscalated", $"{standing} were given; {string.Join(", ", demand.Rule.EscalateTo)} may approve as well now.", data: Data(t, t.State.Asked!, demand));
        }

        if (t.Now >= demand.ExpiresAt && !demand.IsOverdue)
        {
            demand = demand with { IsOverdue = true };
            t.Record("approvalOverdue", $"{standing} were given in time; it is waited on.", data: Data(t, t.State.Asked!, demand));
        }

        if (t.Now >= demand.RemindAt)
        {
            demand = demand with { RemindAt = t.Now + demand.Rule.RemindEvery };
            t.Record("approvalReminded", $"{standing} were given; still waiting{(demand.IsOverdue ? "" : $" until {demand.ExpiresAt:u}")}.", data: Data(t, t.State.Asked!, demand));
        }

        return demand;
    }

    private static string Describe(ApprovalDemand demand) =>
        $"{demand.Rule.Required} approval{(demand.Rule.Required == 1 ? "" : "s")}{(demand.MayApprove.Count > 0 ? $" of {string.Join(", ", demand.MayApprove)}" : "")} until {demand.ExpiresAt:u}";

    private static JsonObject Data(Transition t, ApprovalRequest request, ApprovalDemand? demand = null) => new()
    {
        ["before"] = request.Before,
        ["evidence"] = request.Evidence.ToString(),
        ["demands"] = JsonSerializer.SerializeToNode(demand is null ? request.Demands : [demand], CoreJson.Options),
        ["artifact"] = t.State.ArtifactDigest?.ToString(),
        ["evaluation"] = t.State.EvaluationDigest?.ToString(),
    };
}

/// <summary>How an open request stands.</summary>
/// <param name="IsMet">Whether everything was given.</param>
/// <param name="Expired">What was not given in time, in a sentence; null while there is time.</param>
/// <param name="Due">When to look again at the latest.</param>
internal sealed record ApprovalStanding(bool IsMet, string? Expired, DateTimeOffset Due);
