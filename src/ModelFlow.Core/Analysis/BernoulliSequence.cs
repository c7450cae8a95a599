namespace ModelFlow.Core.Analysis;

/// <summary>
/// Confidence sequences for a proportion and for quantiles: bounds that all hold at once at every sample size, so that one may look
/// after each request and stop when one likes. They come from the beta-binomial mixture martingale of Robbins
/// ("Statistical methods related to the law of the iterated logarithm", Ann. Math. Statist. 41, 1970):
/// for a true proportion p, <c>M(n, s) = B(a+s, b+n−s) / (B(a, b) · p^s · (1−p)^(n−s))</c> with a = b = 1/2 has mean 1, and by Ville's
/// inequality ever reaches 1/α with probability at most α. Quantiles follow as order statistics, because the number of samples at or
/// below the τ-quantile is binomial with p = τ (Howard and Ramdas, "Sequential estimation of quantiles with applications to
/// A/B testing and best-arm identification", Bernoulli 28(3), 2022). Samples are taken to be independent; give effective counts
/// (<see cref="DesignEffect"/>) where they are not.
/// </summary>
public static class BernoulliSequence
{
    // Down to a millionth of a millionth.
    private const int Halvings = 40;

    /// <summary>A proportion is at least this, at every sample size at once with probability 1 − <paramref name="alpha"/>.</summary>
    /// <param name="successes">Successes seen, 0 to <paramref name="samples"/>.</param>
    /// <param name="samples">Samples seen, 0 or more.</param>
    /// <param name="alpha">The chance of ever being wrong, above 0 and below 1.</param>
    public static double LowerBound(double successes, double samples, double alpha)
    {
        if (successes <= 0)
        {
            return 0;
        }

        var limit = -Math.Log(alpha);
        var mixture = BetaMixture.Log(successes, samples);
        var (low, high) = (0.0, Math.Min(1, successes / samples));
        for (var i = 0; i < Halvings; i++)
        {
            var middle = (low + high) / 2;
            if (mixture - BetaMixture.LogLikelihood(successes, samples, middle) >= limit)
            {
                low = middle;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }

    /// <summary>A proportion is at most this; otherwise as <see cref="LowerBound"/>.</summary>
    public static double UpperBound(double successes, double samples, double alpha) => 1 - LowerBound(samples - successes, samples, alpha);

    /// <summary>The <paramref name="quantile"/>-quantile is at least the sample of this rank, counted from 1; 0 when nothing can be said yet.</summary>
    /// <param name="quantile">Above 0 and below 1.</param>
    /// <param name="samples">Samples seen, 0 or more.</param>
    /// <param name="alpha">The chance of ever being wrong, above 0 and below 1.</param>
    /// <param name="designEffect">How many samples count as one, 1 or more.</param>
    public static long LowerRank(double quantile, long samples, double alpha, double designEffect = 1)
    {
        var limit = -Math.Log(alpha);
        var effective = samples / designEffect;

        // Low ranks contradict the quantile, those near quantile × samples do not, and in between the martingale falls.
        var (contradicted, possible) = (-1L, (long)Math.Floor(quantile * samples));
        while (possible - contradicted > 1)
        {
            var middle = contradicted + ((possible - contradicted) / 2);
            var below = middle / designEffect;
            if (BetaMixture.Log(below, effective) - BetaMixture.LogLikelihood(below, effective, quantile) >= limit)
            {
                contradicted = middle;
            }
            else
            {
                possible = middle;
            }
        }

        return Math.Max(possible, 0);
    }

    /// <summary>The <paramref name="quantile"/>-quantile is at most the sample of this rank, counted from 1; above <paramref name="samples"/> when nothing can be said yet.</summary>
    public static long UpperRank(double quantile, long samples, double alpha, double designEffect = 1) => samples + 1 - LowerRank(1 - quantile, samples, alpha, designEffect);
}
