using ModelFlow.Benchmarks.Analysis;
using ModelFlow.Benchmarks.Analysis.Rivals;
using ModelFlow.Core.Evaluation;
using ModelFlow.Core.Naming;

namespace ModelFlow.Benchmarks.Tests.Analysis.Rivals;

public sealed class KayentaTests
{
    private static readonly double[] Ones = [1, 1, 1, 1, 1];

    [Fact]
    public void Identical_values_pass() => Assert.Equal(KayentaClass.Pass, Classify([1, 2, 3], [3, 2, 1]));

    [Fact]
    public void Two_constants_are_told_apart() => Assert.Equal(KayentaClass.High, Classify([10, 10, 10, 10, 10], Ones));

    [Fact]
    public void Less_passes_where_only_more_is_bad() => Assert.Equal(KayentaClass.Pass, Classify(Ones, [10, 10, 10, 10, 10]));

    [Fact]
    public void One_outlier_among_ties_passes() => Assert.Equal(KayentaClass.Pass, Classify([1, 1, 1, 1, 10], Ones));

    [Fact]
    public void A_baseline_of_zeros_has_no_ratio_and_still_counts() => Assert.Equal(KayentaClass.High, Classify([54.9, 54.5, 55.1, 55.6, 57.4], [0, 0, 0, 0, 0]));

    // Of four values no rank sum reaches 98 %, so the interval goes to the least difference there is, 6; a quarter of the estimate of 22.5 is less.
    [Fact]
    public void Few_values_far_apart_are_high_by_the_least_difference()
    {
        Assert.Equal(KayentaClass.High, Classify([10, 20, 30, 40], [1, 2, 3, 4]));
        Assert.Equal(double.PositiveInfinity, KayentaMetric.PassesFrom([10, 20, 30, 40], [1, 2, 3, 4]));
    }

    [Fact]
    public void Values_that_are_missing_are_removed() => Assert.Equal(KayentaClass.NoData, Classify([double.NaN], Ones));

    [Fact]
    public void Metric_is_high_below_the_z_that_it_passes_from_and_passes_at_it()
    {
        var random = new SeededGenerator("kayenta");
        var seen = 0;
        for (var i = 0; i < 200; i++)
        {
            var (ours, theirs) = (Draw(random, 0.3), Draw(random, 0));
            var z = KayentaMetric.PassesFrom(ours, theirs);
            if (z is 0 or double.PositiveInfinity)
            {
                continue;
            }

            seen++;
            Assert.Equal(KayentaClass.High, KayentaMetric.Classify(ours, theirs, z - 1e-6));
            Assert.Equal(KayentaClass.Pass, KayentaMetric.Classify(ours, theirs, z + 1e-6));
        }

        Assert.InRange(seen, 50, 200);
    }

    // As in Kayenta's tests of its scorer; the letters are pass, high and no data.
    [Theory]
    [InlineData("P", 100)]
    [InlineData("H", 0)]
    [InlineData("PH", 50)]
    [InlineData("PHH", 33.33)]
    [InlineData("PPPH", 75)]
    [InlineData("PPN", 100)]
    [InlineData("PN", 0)]
    [InlineData("N", 0)]
    public void Score_is_the_share_that_passes(string classes, double score) =>
        Assert.Equal(score, KayentaJudge.Score([.. classes.Select(c => c == 'P' ? KayentaClass.Pass : c == 'H' ? KayentaClass.High : KayentaClass.NoData)]));

    [Fact]
    public void Judge_waits_for_fifty_minutes_of_one_step()
    {
        var judge = new KayentaJudge();
        var random = new SeededGenerator("minutes");

        for (var i = 0; i < 30; i++)
        {
            Assert.Null(judge.Look(Second, Minutes.Of(random, i, 1, errors: 0.05)));
        }

        for (var i = 0; i < KayentaJudge.Points - 1; i++)
        {
            Assert.Null(judge.Look(Second, Minutes.Of(random, 30 + i, 2, errors: 0.05)));
        }

        Assert.Equal("error rate", judge.Look(Second, Minutes.Of(random, 79, 2, errors: 0.05)));
    }

    private static Second Second => new(0, new Weight(500), 1, new SideOfSecond([]), new SideOfSecond([]), 0);

    private static KayentaClass Classify(double[] ours, double[] theirs) => KayentaMetric.Classify(ours, theirs, KayentaMetric.DefaultZ);

    private static double[] Draw(SeededGenerator random, double more) => [.. Enumerable.Range(0, 20).Select(_ => random.NextDouble() + random.NextDouble() + more)];
}
