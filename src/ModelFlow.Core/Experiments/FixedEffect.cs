using ModelFlow.Core.Analysis;

namespace ModelFlow.Core.Experiments;

/// <summary>
/// The interval for a difference of two means of values from 0 to 1 at one look that was planned beforehand: the hybrid score interval of
/// Newcombe ("Interval estimation for the difference between independent proportions: comparison of eleven methods", Statist. Med. 17, 1998, method 10), which keeps its
/// level near 0 and 1 too. Graded marks count as more outcomes of yes and no, by as much as they spread less. Unlike
/// <see cref="EffectSequence"/> it is an approximation for many outcomes, and holds once.
/// </summary>
public static class FixedEffect
{
    /// <summary>The interval for candidate minus stable; null when one of them has no outcomes.</summary>
    /// <param name="stable">Effective counts, where outcomes are not independent.</param>
    /// <param name="candidate">The same.</param>
    /// <param name="alpha">The chance that it misses the truth, above 0 and below 1.</param>
    public static MetricInterval? Interval(OutcomeSums stable, OutcomeSums candidate, double alpha)
    {
        if (stable.Count <= 0 || candidate.Count <= 0)
        {
            return null;
        }

        var z = Normal.Quantile(1 - (alpha / 2));
        var (theirs, ours) = (stable.Mean(), candidate.Mean());
        var (theirLow, theirHigh) = Score(stable, z);
        var (ourLow, ourHigh) = Score(candidate, z);
        var effect = ours - theirs;
        return new MetricInterval(
            effect - Math.Sqrt(Square(ours - ourLow) + Square(theirHigh - theirs)),
            effect + Math.Sqrt(Square(ourHigh - ours) + Square(theirs - theirLow)));
    }

    // Wilson's score interval.
    private static (double Low, double High) Score(OutcomeSums outcomes, double z)
    {
        var n = outcomes.Count / outcomes.Spread();
        var mean = outcomes.Mean();
        var center = (mean + (z * z / (2 * n))) / (1 + (z * z / n));
        var half = z / (1 + (z * z / n)) * Math.Sqrt((mean * (1 - mean) / n) + (z * z / (4 * n * n)));
        return (Math.Max(0, center - half), Math.Min(1, center + half));
    }

    private static double Square(double x) => x * x;
}
