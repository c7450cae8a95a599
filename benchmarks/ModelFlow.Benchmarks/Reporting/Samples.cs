namespace ModelFlow.Benchmarks.Reporting;

/// <summary>What several rounds measured.</summary>
internal sealed record Samples(IReadOnlyList<double> Values)
{
    /// <summary>The middle one; with an even number, the mean of the two in the middle.</summary>
    public double Median
    {
        get
        {
            var sorted = Values.Order().ToList();
            return (sorted[(sorted.Count - 1) / 2] + sorted[sorted.Count / 2]) / 2;
        }
    }

    /// <summary>The value that a share of all do not exceed: the nearest rank.</summary>
    public double Quantile(double share) => Values.Order().ElementAt(Math.Clamp((int)Math.Ceiling(share * Values.Count) - 1, 0, Values.Count - 1));

    /// <summary>Each round divided by the same round of another: what else the machine does weighs on both alike.</summary>
    public Samples Per(Samples other) => new([.. Values.Zip(other.Values, (a, b) => a / b)]);

    /// <summary>The median with the smallest and the largest.</summary>
    public string Show(string format) => Values.Count == 1
        ? Median.ToString(format)
        : $"{Median.ToString(format)} ({Values.Min().ToString(format)} to {Values.Max().ToString(format)})";
}
