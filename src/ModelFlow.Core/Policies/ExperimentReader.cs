using System.Diagnostics.CodeAnalysis;
using ModelFlow.Core.Documents;
using ModelFlow.Core.Experiments;
using ModelFlow.Core.Traffic;

namespace ModelFlow.Core.Policies;

/// <summary>Reads the <c>experiment</c> of a ramp step.</summary>
internal static class ExperimentReader
{
    public static ExperimentPolicy Read(Fields fields, RampStep step)
    {
        var empty = new ExperimentPolicy { MinimumEffect = 0 };
        var experiment = new ExperimentPolicy
        {
            Metric = fields.Optional<ExperimentMetric>("metric", PolicyValues.Word, empty.Metric),
            Mode = fields.Optional<ExperimentMode>("mode", PolicyValues.Word, empty.Mode),
            MinimumEffect = fields.Required("minimumEffect", PolicyValues.FractionValue(0.001, 0.5)),
            Confidence = fields.Optional("confidence", PolicyValues.FractionValue(0.8, 0.9999), empty.Confidence),
            Power = fields.Optional("power", PolicyValues.FractionValue(0.5, 0.999), empty.Power),
            ExpectedMean = fields.Optional("expectedMean", PolicyValues.FractionValue(0.01, 0.99), empty.ExpectedMean),
            SampleSize = fields.Has("sampleSize") ? fields.Required("sampleSize", PolicyValues.Whole(30, 100_000_000)) : null,
            Longest = fields.Optional("longest", PolicyValues.Duration(PolicyReader.Seconds(1), PolicyReader.Days(30)), empty.Longest),
            WhenNoDifference = fields.Optional<NoDifferenceRule>("whenNoDifference", PolicyValues.Word, empty.WhenNoDifference),
            GuardedSlices = fields.List("guardedSlices") is { } slices ? fields.ValuesOf<string>("guardedSlices", slices, Slice) : empty.GuardedSlices,
        };
        fields.RefuseUnknown();
        Check(fields, experiment, step);
        return experiment;
    }

    private static void Check(Fields fields, ExperimentPolicy experiment, RampStep step)
    {
        if (fields.Has("sampleSize") && experiment.Mode != ExperimentMode.Fixed)
        {
            fields.Report("sampleSize", "In sequential mode every look counts and no size is planned; leave it out, or write 'mode: fixed'.");
        }

        if (step.Bake > TimeSpan.Zero && experiment.Longest < step.Bake)
        {
            fields.Report("longest", $"{PolicyValues.Show(experiment.Longest)} is shorter than the step's 'bake' ({PolicyValues.Show(step.Bake)}).");
        }

        if (experiment.GuardedSlices.Count > ExperimentPolicy.MaxGuardedSlices)
        {
            fields.Report("guardedSlices", $"There are {experiment.GuardedSlices.Count} slices; at most {ExperimentPolicy.MaxGuardedSlices} are allowed.");
        }

        if (experiment.GuardedSlices.Distinct(StringComparer.Ordinal).Count() != experiment.GuardedSlices.Count)
        {
            fields.Report("guardedSlices", "A slice is there twice; keep one.");
        }
    }

    private static bool Slice(string text, out string value, [NotNullWhen(false)] out string? error)
    {
        value = text;
        error = SliceName.IsValid(text) ? null : $"'{text}' is not the name of a slice: write up to {SliceName.MaxLength} letters, digits, '-', '_' or '.'.";
        return error is null;
    }
}
