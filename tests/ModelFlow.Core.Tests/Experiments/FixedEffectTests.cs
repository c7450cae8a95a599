using ModelFlow.Core.Experiments;
using ModelFlow.Core.Naming;

namespace ModelFlow.Core.Tests.Experiments;

public sealed class FixedEffectTests
{
    [Theory]
    [InlineData(0.8, 0.8416212336)]
    [InlineData(0.975, 1.9599639845)]
    [InlineData(0.995, 2.5758293035)]
    [InlineData(0.9999, 3.7190164855)]
    [InlineData(0.999999, 4.7534243088)]
    [InlineData(0.5, 0)]
    public void Quantile_isThatOfTheTables(double p, double expected) => Assert.Equal(expected, Normal.Quantile(p), 8);

    [Theory]
    [InlineData(0.5, 0.5)]
    [InlineData(0.9, 0.9)]
    [InlineData(0.97, 0.9)]
    [InlineData(0.99, 0.99)]
    [InlineData(0.3, 0.6)]
    public void Interval_allOutcomes_coversTheTruthAboutAsOftenAsItSays(double stable, double candidate)
    {
        // Every number of yes in 60 and 40 answers, with its chance.
        var (theirs, ours) = (Binomials(60, stable), Binomials(40, candidate));
        var covered = 0.0;
        for (var a = 0; a <= 60; a++)
        {
            for (var b = 0; b <= 40; b++)
            {
                var interval = FixedEffect.Interval(new OutcomeSums(60, a, a), new OutcomeSums(40, b, b), 0.05)!;
                covered += interval.Low <= candidate - stable && candidate - stable <= interval.High ? theirs[a] * ours[b] : 0;
            }
        }

        Assert.InRange(covered, 0.935, 1);
    }

    [Fact]
    public void Interval_gradedMarks_isNarrowerAndCovers()
    {
        var random = new Random(1);
        var (misses, widths) = (0, 0.0);
        const int Runs = 2_000;
        for (var run = 0; run < Runs; run++)
        {
            var interval = FixedEffect.Interval(Marks(0), Marks(0.05), 0.05)!;
            widths += (interval.High!.Value - interval.Low) / Runs;
            misses += interval.Low > 0.05 || interval.High < 0.05 ? 1 : 0;
        }

        Assert.InRange(misses / (double)Runs, 0.03, 0.065);
        Assert.InRange(widths, 0.02, 0.12); // 0.17 for yes and no.

        OutcomeSums Marks(double more)
        {
            var marks = Enumerable.Range(0, 200).Select(_ => 0.5 + more + (0.4 * (random.NextDouble() - 0.5) * 2)).ToList();
            return new OutcomeSums(marks.Count, marks.Sum(), marks.Sum(m => m * m));
        }
    }

    [Fact]
    public void Plan_fixed_isTheTextbooks()
    {
        // n = 2 · (1.96 + 0.8416)² · 0.25 / 0.05² = 1569.8 each.
        var plan = ExperimentPlan.Of(new ExperimentPolicy { Mode = ExperimentMode.Fixed, MinimumEffect = 0.05 }, new Weight(5_000));
        Assert.Equal((1_570, 1_570, 1_570), (plan.Candidate, plan.Stable, plan.SampleSize));
        var uneven = ExperimentPlan.Of(new ExperimentPolicy { Mode = ExperimentMode.Fixed, MinimumEffect = 0.05 }, new Weight(1_000));
        Assert.Equal((873, 7_849, 873), (uneven.Candidate, uneven.Stable, uneven.SampleSize));
    }

    [Fact]
    public void Interval_oneVersionWithoutOutcomes_isNone() => Assert.Null(FixedEffect.Interval(default, new OutcomeSums(10, 5, 5), 0.05));

    private static double[] Binomials(int n, double p)
    {
        var chances = new double[n + 1];
        chances[0] = Math.Pow(1 - p, n);
        for (var k = 1; k <= n; k++)
        {
            chances[k] = chances[k - 1] * (n - k + 1) / k * p / (1 - p);
        }

        return chances;
    }
}
