using ModelFlow.Core.Naming;

namespace ModelFlow.Core.Experiments;

/// <summary>How many outcomes an experiment needs to find a difference of its minimum effect with its power. Outcomes of one user that resemble each other count for less.</summary>
/// <param name="Candidate">Outcomes of the candidate.</param>
/// <param name="Stable">Outcomes of stable in the same time, by the weights.</param>
/// <param name="SampleSize">Outcomes that each version needs at least: the smaller of the two.</param>
public sealed record ExperimentPlan(long Candidate, long Stable, long SampleSize)
{
    private const double MostPairs = 1e12;

    /// <summary>
    /// Plans. In pairs h (see <see cref="EffectSequence"/>), with σ² of one outcome: the least h with <c>half width(h) + z(power)·σ/√h ≤ minimum effect</c>, where
    /// the half width of the fixed interval is <c>z(1 − α/2)·σ/√h</c>, which gives the usual formula, and that of the sequence is what it would be if the spread were known.
    /// </summary>
    /// <param name="policy">The experiment.</param>
    /// <param name="weight">The candidate's weight in its step, above 0 and below 100 %.</param>
    public static ExperimentPlan Of(ExperimentPolicy policy, Weight weight)
    {
        ArgumentNullException.ThrowIfNull(policy);
        var share = Math.Clamp(weight.BasisPoints / 10_000.0, 0.0001, 0.9999);
        var variance = policy.ExpectedMean * (1 - policy.ExpectedMean);
        var z = Normal.Quantile(policy.Power);
        var alpha = ExperimentErrors.Of(policy).Primary;
        var (low, high) = (1.0, MostPairs);
        for (var i = 0; i < 100; i++)
        {
            var middle = Math.Sqrt(low * high);
            var deviation = Math.Sqrt(variance / middle);
            var half = policy.Mode == ExperimentMode.Fixed
                ? Normal.Quantile(1 - (alpha / 2)) * deviation
                : EffectSequence.ExpectedHalfWidth(middle, variance, share, alpha);
            if (half + (z * deviation) <= policy.MinimumEffect)
            {
                high = middle;
            }
            else
            {
                low = middle;
            }
        }

        var (candidate, stable) = ((long)Math.Ceiling(high / (1 - share)), (long)Math.Ceiling(high / share));
        return new ExperimentPlan(candidate, stable, Math.Min(candidate, stable));
    }
}

/// <summary>
/// How the chance of error of an experiment, 1 − confidence, is divided. It is the experiment's own, apart from the guardrails' false-alarm budget: these judge harm beyond
/// their tolerances in a ramp, the experiment judges one comparison. Without guarded slices the primary comparison has all of it, with them half, and they share the other.
/// </summary>
/// <param name="Primary">Of the primary comparison.</param>
/// <param name="GuardedSlice">Of each guarded slice.</param>
/// <param name="ShownSlice">Of each slice that is only shown: all that can be shown together err with 1 − confidence.</param>
internal sealed record ExperimentErrors(double Primary, double GuardedSlice, double ShownSlice)
{
    public static ExperimentErrors Of(ExperimentPolicy policy)
    {
        var alpha = 1 - policy.Confidence;
        var guarded = policy.GuardedSlices.Count;
        return new ExperimentErrors(guarded == 0 ? alpha : alpha / 2, alpha / 2 / Math.Max(1, guarded), alpha / (Traffic.SliceName.MaxDistinct + 1));
    }
}
