namespace ModelFlow.Core.Evaluation;

/// <summary>Quantiles by nearest rank: always a value that was measured.</summary>
public static class Quantile
{
    /// <summary>The least value that at least the share <paramref name="q"/> of <paramref name="sorted"/> does not exceed.</summary>
    /// <param name="sorted">Ascending; at least one.</param>
    /// <param name="q">0 to 1.</param>
    public static double OfSorted(ReadOnlySpan<double> sorted, double q) =>
        sorted[Math.Clamp((int)Math.Ceiling(q * sorted.Length) - 1, 0, sorted.Length - 1)];
}
