using ModelFlow.Core.Evaluation;

namespace ModelFlow.Benchmarks.Analysis.Rivals;

/// <summary>What Kayenta says of one metric.</summary>
internal enum KayentaClass
{
    /// <summary>Not worse.</summary>
    Pass,

    /// <summary>Worse: every metric here is of the direction <c>increase</c>.</summary>
    High,

    /// <summary>One of the two sides has no values.</summary>
    NoData,
}

/// <summary>
/// Kayenta's classification of one metric whose increase is bad: github.com/spinnaker/kayenta, commit a69573b, <c>kayenta-judge/…/MannWhitneyClassifier.scala</c> and
/// <c>NetflixACAJudge.scala</c> with every default: tolerance 0.25 of the estimated difference, <c>effectSize.measure</c> meanRatio with <c>allowedIncrease</c> 1,
/// missing values removed, outliers kept.
/// </summary>
internal static class KayentaMetric
{
    /// <summary>The quantile of the judge's confidence of 98 %, as its own test of <c>zQuant</c> has it.</summary>
    public const double DefaultZ = 2.326348;

    private const double Tolerance = 0.25;

    /// <summary>Classifies one metric.</summary>
    public static KayentaClass Classify(IReadOnlyList<double> experiment, IReadOnlyList<double> control, double z)
    {
        var (ours, theirs) = (Values(experiment), Values(control));
        return ours.Length == 0 || theirs.Length == 0 ? KayentaClass.NoData
            : Differ(ours, theirs) is { } test && IsGreater(ours, theirs) && test.Lower(z) > Tolerance * Math.Abs(test.Estimate) ? KayentaClass.High
            : KayentaClass.Pass;
    }

    /// <summary>The least z with which the metric passes; endless when it passes with none, 0 when it passes with any.</summary>
    public static double PassesFrom(IReadOnlyList<double> experiment, IReadOnlyList<double> control)
    {
        var (ours, theirs) = (Values(experiment), Values(control));
        if (ours.Length == 0 || theirs.Length == 0 || Differ(ours, theirs) is not { } test || !IsGreater(ours, theirs))
        {
            return 0;
        }

        var bound = Tolerance * Math.Abs(test.Estimate);
        return test.Lower(double.PositiveInfinity) > bound ? double.PositiveInfinity : Math.Max(0, test.Difference(bound));
    }

    private static double[] Values(IReadOnlyList<double> values) => [.. values.Where(v => !double.IsNaN(v))];

    private static MannWhitney? Differ(double[] ours, double[] theirs)
    {
        if (ours.Order().SequenceEqual(theirs.Order()) || ours.Concat(theirs).Distinct().Count() == 1)
        {
            return null;
        }

        // Two constants: noise of a hundred-thousandth makes ranks of them.
        return ours.Distinct().Count() == 1 && theirs.Distinct().Count() == 1 ? new MannWhitney(Noisy(ours, "canary"), Noisy(theirs, "baseline")) : new MannWhitney(ours, theirs);
    }

    private static bool IsGreater(double[] ours, double[] theirs) => ours.Average() is var o && theirs.Average() is var t && (o == 0 || t == 0 || o / t >= 1);

    private static IEnumerable<double> Noisy(double[] values, string name)
    {
        var random = new SeededGenerator(name);
        return [.. values.Select(v => v + (v * 1e-5 * Math.Sqrt(-2 * Math.Log(random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble())))];
    }
}
