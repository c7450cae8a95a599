using ModelFlow.Benchmarks.Analysis.Rivals;

namespace ModelFlow.Benchmarks.Tests.Analysis.Rivals;

public sealed class MannWhitneyTests
{
    // The case that Kayenta's own suite checks its interval and estimate with, at 95 %.
    private static readonly MannWhitney Published = new([10, 20, 30, 40], [1, 2, 3, 4]);

    [Fact]
    public void Interval_and_estimate_are_those_of_Kayentas_own_test()
    {
        Assert.Equal(22.5, Published.Estimate, 6);
        Assert.Equal(6, Published.Lower(1.959964), 6);
        Assert.Equal(39, Published.Upper(1.959964), 6);
    }

    // Ranks 5 to 8 of the experiment: 26 − 10 − 8 = 8, less one half, over √(16/12 · 9).
    [Fact]
    public void Difference_without_ties_is_as_worked_out_by_hand() => Assert.Equal(7.5 / Math.Sqrt(12), Published.Difference(0), 12);

    // Moved down by 6 the first value meets the last of the control: ranks 4.5, 6, 7, 8, and one tie of two.
    [Fact]
    public void Difference_with_a_tie_shares_ranks_and_lowers_the_deviation() =>
        Assert.Equal(7 / Math.Sqrt(16.0 / 12 * (9 - (6.0 / 56))), Published.Difference(6), 12);

    // Less one half, the ranks on both sides of the median are where they would be without a difference: any value between its neighbours is a root.
    [Fact]
    public void Estimate_is_between_the_neighbours_of_the_median_of_all_differences()
    {
        double[] ours = [3.1, 4.7, 9.2, 1.5, 6.6];
        double[] theirs = [2.2, 0.4, 5.9];
        var differences = ours.SelectMany(o => theirs.Select(t => o - t)).Order().ToList();

        Assert.InRange(new MannWhitney(ours, theirs).Estimate, differences[6] - 1e-9, differences[8] + 1e-9);
    }
}
