namespace ModelFlow.Benchmarks.Analysis.Rivals;

/// <summary>
/// The Mann–Whitney U test as Kayenta computes it, with a confidence interval and an estimate of the difference of location (Hodges and Lehmann): by the normal
/// approximation with continuity and tie corrections, as roots of <see cref="Difference"/>. Read from github.com/spinnaker/kayenta, commit a69573b,
/// <c>kayenta-mannwhitney/…/MannWhitney.scala</c> (Apache License 2.0). Roots are found by halving instead of Brent's method: the function falls by steps,
/// so both end in the same step.
/// </summary>
internal sealed class MannWhitney
{
    private const int Halvings = 60;

    private readonly double[] _experiment;
    private readonly double[] _control;
    private readonly double _least;
    private readonly double _most;

    /// <param name="experiment">The canary's values, at least one.</param>
    /// <param name="control">The baseline's values, at least one.</param>
    public MannWhitney(IEnumerable<double> experiment, IEnumerable<double> control)
    {
        (_experiment, _control) = ([.. experiment.Order()], [.. control.Order()]);
        (_least, _most) = (_experiment[0] - _control[^1], _experiment[^1] - _control[0]);
    }

    /// <summary>The estimate of how much greater the experiment's values are: the median of all differences.</summary>
    public double Estimate => Root(0);

    /// <summary>The lower bound of the confidence interval.</summary>
    /// <param name="z">The standard normal quantile of the confidence: 2.326348 for 98 %.</param>
    public double Lower(double z) => Difference(_least) <= z ? _least : Root(z);

    /// <summary>The upper bound.</summary>
    public double Upper(double z) => Difference(_most) >= -z ? _most : Root(-z);

    /// <summary>How many standard deviations the ranks of the experiment, moved down by so much, are from where they would be without a difference.</summary>
    public double Difference(double moved)
    {
        double m = _experiment.Length;
        double n = _control.Length;
        var (rankSum, ties) = (0.0, 0.0);
        var (i, j, rank) = (0, 0, 0);
        while (i < _experiment.Length || j < _control.Length)
        {
            // A run of equal values shares the mean of its ranks.
            var value = Math.Min(i < _experiment.Length ? _experiment[i] - moved : double.PositiveInfinity, j < _control.Length ? _control[j] : double.PositiveInfinity);
            var (ours, all) = (0, 0);
            for (; i < _experiment.Length && _experiment[i] - moved <= value; i++, ours++, all++)
            {
            }

            for (; j < _control.Length && _control[j] <= value; j++, all++)
            {
            }

            rankSum += ours * (rank + ((all + 1) / 2.0));
            ties += (Math.Pow(all, 3) - all) / ((m + n) * (m + n - 1));
            rank += all;
        }

        var dz = rankSum - (m * (m + 1) / 2) - (m * n / 2);
        var sigma = Math.Sqrt(m * n / 12 * (m + n + 1 - ties));
        return (dz - (Math.Sign(dz) * 0.5)) / sigma;
    }

    // Where the falling function crosses a level.
    private double Root(double level)
    {
        var (low, high) = (_least, _most);
        for (var i = 0; i < Halvings; i++)
        {
            var middle = (low + high) / 2;
            switch (Difference(middle) - level)
            {
                case > 0:
                    low = middle;
                    break;
                case < 0:
                    high = middle;
                    break;
                default:
                    return middle;
            }
        }

        return (low + high) / 2;
    }
}
