namespace ModelFlow.Core.Evaluation;

/// <summary>An interval of plausible values.</summary>
/// <param name="Low">The lower end.</param>
/// <param name="High">The upper end.</param>
public sealed record Interval(double Low, double High);

/// <summary>
/// Percentile intervals by the paired bootstrap (Efron and Tibshirani, An Introduction to the Bootstrap, 1993): rows, or batches,
/// are drawn with replacement and both versions keep their answers to the drawn ones, so that what is hard for both cancels out.
/// </summary>
public static class PairedBootstrap
{
    private const int LeastReplicates = 10_000;
    private const int MostReplicates = 200_000;
    private const int RatioReplicates = 4_000;

    /// <summary>
    /// The interval of the accuracy that the candidate lost against the baseline (negative where it gained).
    /// </summary>
    /// <remarks>
    /// Drawing rows is drawing from the table of the four outcomes, so a replicate costs two binomial variates however many rows there are.
    /// One row is added to each of the two discordant outcomes first, as Bonett and Price do (Adjusted Wald Confidence Interval for a
    /// Difference of Binomial Proportions Based on Paired Data, Journal of Educational and Behavioral Statistics 37(4), 2012):
    /// without it the bootstrap of a small slice would be certain of what it cannot know.
    /// </remarks>
    /// <param name="outcomes">The table.</param>
    /// <param name="confidence">Of the two-sided interval, between 0 and 1.</param>
    /// <param name="generator">Where the draws come from.</param>
    public static Interval AccuracyLoss(PairedOutcomes outcomes, double confidence, SeededGenerator generator)
    {
        var tail = (1 - confidence) / 2;
        var rows = outcomes.Rows + 2;
        double lost = outcomes.OnlyBaselineCorrect + 1;
        double gained = outcomes.OnlyCandidateCorrect + 1;
        var losses = new double[(int)Math.Clamp(50 / tail, LeastReplicates, MostReplicates)];
        for (var i = 0; i < losses.Length; i++)
        {
            var discordant = generator.NextBinomial(rows, (lost + gained) / rows);
            var drawnLost = generator.NextBinomial(discordant, lost / (lost + gained));
            losses[i] = ((2 * drawnLost) - discordant) / (double)rows;
        }

        return Percentiles(losses, tail);
    }

    /// <summary>The interval of the ratio of two 95th percentiles, the candidate's over the baseline's, over batches timed in pairs.</summary>
    /// <exception cref="ArgumentException">The lists are empty or of different lengths.</exception>
    public static Interval LatencyP95Ratio(IReadOnlyList<double> candidate, IReadOnlyList<double> baseline, double confidence, SeededGenerator generator)
    {
        if (candidate.Count == 0 || candidate.Count != baseline.Count)
        {
            throw new ArgumentException($"Batches are timed in pairs; there are {candidate.Count} and {baseline.Count}.", nameof(candidate));
        }

        var ratios = new double[RatioReplicates];
        var a = new double[candidate.Count];
        var b = new double[candidate.Count];
        for (var i = 0; i < ratios.Length; i++)
        {
            for (var j = 0; j < a.Length; j++)
            {
                var drawn = generator.NextIndex(a.Length);
                a[j] = candidate[drawn];
                b[j] = baseline[drawn];
            }

            Array.Sort(a);
            Array.Sort(b);
            ratios[i] = Quantile.OfSorted(a, 0.95) / Quantile.OfSorted(b, 0.95);
        }

        return Percentiles(ratios, (1 - confidence) / 2);
    }

    /// <summary>
    /// The interval of the sum of values by the sum of weights over pairs drawn together: of a mean over tokens or bytes, where
    /// passages, which are of different lengths, are what is drawn.
    /// </summary>
    /// <exception cref="ArgumentException">There is nothing to draw.</exception>
    public static Interval RatioOfSums(IReadOnlyList<(double Value, double Weight)> pairs, double confidence, SeededGenerator generator)
    {
        if (pairs.Count == 0)
        {
            throw new ArgumentException("There is nothing to draw.", nameof(pairs));
        }

        var ratios = new double[RatioReplicates];
        for (var i = 0; i < ratios.Length; i++)
        {
            double value = 0, weight = 0;
            for (var j = 0; j < pairs.Count; j++)
            {
                var drawn = pairs[generator.NextIndex(pairs.Count)];
                value += drawn.Value;
                weight += drawn.Weight;
            }

            ratios[i] = value / weight;
        }

        return Percentiles(ratios, (1 - confidence) / 2);
    }

    private static Interval Percentiles(double[] values, double tail)
    {
        Array.Sort(values);
        var skip = Math.Clamp((int)Math.Floor(tail * (values.Length + 1)) - 1, 0, (values.Length - 1) / 2);
        return new Interval(values[skip], values[^(skip + 1)]);
    }
}
