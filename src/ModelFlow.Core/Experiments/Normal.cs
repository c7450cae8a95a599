namespace ModelFlow.Core.Experiments;

/// <summary>Quantiles of the standard normal distribution.</summary>
internal static class Normal
{
    /// <summary>
    /// The value below which a share of <paramref name="p"/> lies, for 0.5 to 1 − 1e-12: Abramowitz and Stegun, 26.2.23, then Newton's steps on
    /// the tail computed by its continued fraction (26.2.14) or series (26.2.11). Correct to 1e-9.
    /// </summary>
    public static double Quantile(double p)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(p, 0.5);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(p, 1);
        var tail = 1 - p;
        var t = Math.Sqrt(-2 * Math.Log(tail));
        var x = Math.Max(0, t - ((2.515517 + (0.802853 * t) + (0.010328 * t * t)) / (1 + (1.432788 * t) + (0.189269 * t * t) + (0.001308 * t * t * t))));
        for (var i = 0; i < 3; i++)
        {
            x += (Tail(x) - tail) / Density(x);
        }

        return x;
    }

    /// <summary>The share above <paramref name="x"/>, 0 or more.</summary>
    internal static double Tail(double x)
    {
        if (x < 2.5)
        {
            var (term, sum) = (x, x);
            for (var n = 1; n < 100; n++)
            {
                term *= x * x / ((2 * n) + 1);
                sum += term;
            }

            return 0.5 - (Density(x) * sum);
        }

        var fraction = 0.0;
        for (var n = 200; n >= 1; n--)
        {
            fraction = n / (x + fraction);
        }

        return Density(x) / (x + fraction);
    }

    private static double Density(double x) => Math.Exp(-x * x / 2) / Math.Sqrt(2 * Math.PI);
}
