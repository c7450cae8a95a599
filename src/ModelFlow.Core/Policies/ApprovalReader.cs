using System.Diagnostics.CodeAnalysis;
using ModelFlow.Core.Approvals;
using ModelFlow.Core.Documents;
using ModelFlow.Core.Naming;

namespace ModelFlow.Core.Policies;

/// <summary>Reads the <c>approval</c> part of a policy: the rule before the ramp, and the further ones in <c>also</c>.</summary>
internal static class ApprovalReader
{
    private const int MaxEntries = 50;

    public static (ApprovalRule BeforeRamp, IReadOnlyList<ApprovalRule> Further) Read(Fields fields, RampPolicy ramp)
    {
        var rule = ReadRule(fields, ApprovalPoint.Ramp);
        var further = new List<ApprovalRule>();
        if (fields.List("also") is { } also)
        {
            if (also.Items.Count > ApprovalRule.MaxRules)
            {
                fields.Report("also", $"There are {also.Items.Count} rules; at most {ApprovalRule.MaxRules} are allowed.");
            }

            foreach (var item in fields.MapsOf("also", also))
            {
                var before = item.Required<ApprovalPoint>("before", Point);
                CheckPoint(item, before, ramp);
                further.Add(ReadRule(item, before));
                item.RefuseUnknown();
            }
        }

        fields.RefuseUnknown();
        return (rule, further);
    }

    private static ApprovalRule ReadRule(Fields fields, ApprovalPoint before)
    {
        var empty = new ApprovalRule { Before = before };
        var duration = PolicyValues.Duration(PolicyReader.Seconds(1), PolicyReader.Days(30));
        var rule = empty with
        {
            Required = fields.Optional("required", PolicyValues.Whole(0, 10), empty.Required),
            From = fields.List("from") is { } from ? fields.ValuesOf<string>("from", from, Entry) : empty.From,
            Barred = fields.List("barred") is { } barred ? fields.ValuesOf<BarredRole>("barred", barred, PolicyValues.Word) : empty.Barred,
            ExpiresAfter = fields.Optional("expiresAfter", duration, empty.ExpiresAfter),
            WhenExpired = fields.Optional<ExpiryRule>("whenExpired", PolicyValues.Word, empty.WhenExpired),
            RemindEvery = fields.Has("remindEvery") ? fields.Required("remindEvery", duration) : null,
            EscalateAfter = fields.Has("escalateAfter") ? fields.Required("escalateAfter", duration) : null,
            EscalateTo = fields.List("escalateTo") is { } to ? fields.ValuesOf<string>("escalateTo", to, Entry) : empty.EscalateTo,
        };
        Check(fields, rule);
        return rule;
    }

    private static void Check(Fields fields, ApprovalRule rule)
    {
        CheckEntries(fields, "from", rule.From);
        CheckEntries(fields, "escalateTo", rule.EscalateTo);
        if (rule.From.Count > 0 && rule.From.Count < rule.Required && !rule.From.Any(IsGroup))
        {
            fields.Report("from", $"Only {rule.From.Count} may approve and {rule.Required} must: name more people, or a group.");
        }

        if (rule.EscalateAfter is null != (rule.EscalateTo.Count == 0))
        {
            fields.Report(rule.EscalateAfter is null ? "escalateTo" : "escalateAfter", "'escalateAfter' and 'escalateTo' belong together: after how long, and who may approve as well then.");
        }

        if (rule.EscalateTo.Count > 0 && rule.From.Count == 0)
        {
            fields.Report("escalateTo", "Everybody with the role approver may approve already; name in 'from' who may at first.");
        }

        foreach (var (name, after) in new[] { ("escalateAfter", rule.EscalateAfter), ("remindEvery", rule.RemindEvery) })
        {
            if (rule.WhenExpired == ExpiryRule.Reject && after >= rule.ExpiresAfter)
            {
                fields.Report(name, $"{PolicyValues.Show(after.Value)} is not before 'expiresAfter' ({PolicyValues.Show(rule.ExpiresAfter)}): the release would be over.");
            }
        }
    }

    private static void CheckEntries(Fields fields, string name, IReadOnlyList<string> entries)
    {
        if (entries.Count > MaxEntries)
        {
            fields.Report(name, $"There are {entries.Count} entries; at most {MaxEntries} are allowed.");
        }

        if (entries.Distinct(StringComparer.Ordinal).Count() != entries.Count)
        {
            fields.Report(name, "Somebody is there twice; keep one.");
        }
    }

    private static void CheckPoint(Fields fields, ApprovalPoint before, RampPolicy ramp)
    {
        if (before.Weight is not { } weight)
        {
            return;
        }

        var index = ramp.Steps.ToList().FindIndex(s => s.Weight == weight);
        if (index < 0)
        {
            fields.Report("before", $"The ramp has no step of {weight}; it has: {string.Join(", ", ramp.Steps.Select(s => s.Weight))}.");
        }
        else if (index == 0)
        {
            fields.Report("before", $"{weight} is the first step: write ramp.");
        }
    }

    private static bool IsGroup(string entry) => entry.StartsWith(ApprovalRule.GroupPrefix, StringComparison.Ordinal);

    private static bool Entry(string text, out string value, [NotNullWhen(false)] out string? error)
    {
        value = text;
        var name = IsGroup(text) ? text[ApprovalRule.GroupPrefix.Length..] : text;
        error = name.Length is 0 or > 200 || name.Any(c => char.IsControl(c) || char.IsWhiteSpace(c))
            ? $"'{text}' is nobody: write a person's name, an identity, or {ApprovalRule.GroupPrefix} and the name of a group, without spaces."
            : null;
        return error is null;
    }

    private static bool Point(string text, out ApprovalPoint value, [NotNullWhen(false)] out string? error)
    {
        error = null;
        if (ApprovalPoint.TryParseWord(text, out value))
        {
            return true;
        }

        if (PolicyValues.Share(text, out var weight, out _))
        {
            value = ApprovalPoint.Of(weight);
            return true;
        }

        error = $"'{text}' is no point of a release: write ramp, breakingSignature, promotion, or the share of a ramp step such as 25 %.";
        return false;
    }
}
