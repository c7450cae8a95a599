using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;
using ModelFlow.Core.Documents;
using ModelFlow.Core.Naming;

namespace ModelFlow.Core.Policies;

/// <summary>Reads the <c>ramp</c> part of a policy.</summary>
internal static partial class RampReader
{
    public static RampPolicy Read(Fields fields)
    {
        var empty = new RampPolicy();
        var ramp = new RampPolicy
        {
            Shadow = fields.Map("shadow") is { } shadow ? ShadowReader.Read(shadow) : empty.Shadow,
            Steps = fields.List("steps") is { } steps ? ReadSteps(fields, steps) : empty.Steps,
            LookEvery = fields.Optional("lookEvery", PolicyValues.Duration(PolicyReader.Seconds(1), PolicyReader.Minutes(5)), empty.LookEvery),
            Lease = fields.Optional("lease", PolicyValues.Duration(PolicyReader.Seconds(1), PolicyReader.Hours(1)), empty.Lease),
            ExtendUpTo = fields.Optional("extendUpTo", PolicyValues.Duration(TimeSpan.Zero, PolicyReader.Days(7)), empty.ExtendUpTo),
            WhenInconclusive = fields.Optional<InconclusiveRule>("whenInconclusive", PolicyValues.Word, empty.WhenInconclusive),
            WarmUp = fields.Optional("warmUp", PolicyValues.Whole(0, 1_000), empty.WarmUp),
            FreshBaseline = fields.Optional<bool>("freshBaseline", PolicyValues.YesOrNo, empty.FreshBaseline),
            Sticky = fields.Map("sticky") is { } sticky ? ReadSticky(sticky) : empty.Sticky,
        };
        fields.RefuseUnknown();

        // Two renewals may fail before the weight falls back by itself.
        if (ramp.Lease < 3 * ramp.LookEvery)
        {
            fields.Report("lease", $"{PolicyValues.Show(ramp.Lease)} is shorter than three looks ('lookEvery' is {PolicyValues.Show(ramp.LookEvery)}); write at least {PolicyValues.Show(3 * ramp.LookEvery)}.");
        }

        ShadowReader.CheckWatched(fields, ramp);
        return ramp;
    }

    private static List<RampStep> ReadSteps(Fields ramp, ListNode list)
    {
        var steps = new List<RampStep>();
        if (list.Items.Count is 0 or > PolicyReader.MaxItems)
        {
            ramp.Report("steps", $"There are {list.Items.Count} steps; 1 to {PolicyReader.MaxItems} are allowed.");
            return steps;
        }

        Fields? last = null;
        foreach (var fields in ramp.MapsOf("steps", list))
        {
            var step = new RampStep(
                fields.Required<Weight>("weight", PolicyValues.Share),
                fields.Required("bake", PolicyValues.Duration(PolicyReader.Seconds(1), PolicyReader.Days(30))));
            step = fields.Map("experiment") is { } experiment ? step with { Experiment = ExperimentReader.Read(experiment, step) } : step;
            fields.RefuseUnknown();
            if (step.Experiment is not null && step.Weight == Weight.All)
            {
                fields.Report("experiment", "With 100 % of traffic there is no stable version beside it to compare with; put the experiment into an earlier step.");
            }

            if (steps.Count > 0 && steps[^1].Weight != Weight.None && step.Weight != Weight.None && step.Weight <= steps[^1].Weight)
            {
                fields.Report("weight", $"{step.Weight} is not above the step before ({steps[^1].Weight}); the weights must rise.");
            }

            steps.Add(step);
            last = fields;
        }

        if (last is not null && steps[^1].Weight != Weight.None && steps[^1].Weight != Weight.All)
        {
            last.Report("weight", $"The last step has {steps[^1].Weight}; a ramp ends at 100 %.");
        }

        return steps;
    }

    private static StickyPolicy ReadSticky(Fields fields)
    {
        var empty = new StickyPolicy();
        var sticky = new StickyPolicy
        {
            Kind = fields.Optional<StickyKind>("kind", PolicyValues.Word, empty.Kind),
            Name = fields.Optional<string>("name", HeaderName, empty.Name),
        };
        fields.RefuseUnknown();
        return sticky;
    }

    private static bool HeaderName(string text, out string value, [NotNullWhen(false)] out string? error)
    {
        value = text;
        error = !Token().IsMatch(text) ? $"'{text}' is not the name of a header or cookie: write up to 64 letters, digits and '-'."
            : text.Equals("x-modelflow-version", StringComparison.OrdinalIgnoreCase) ? "'x-modelflow-version' names the version a request is pinned to; choose another name."
            : null;
        return error is null;
    }

    // A token of RFC 9110, 5.6.2, which header and cookie names share.
    [GeneratedRegex(@"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}\z", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Token();
}
