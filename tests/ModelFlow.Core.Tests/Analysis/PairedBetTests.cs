using CsCheck;
using ModelFlow.Core.Analysis;

namespace ModelFlow.Core.Tests.Analysis;

public sealed class PairedBetTests
{
    private const double Alpha = 0.1;

    private static readonly double[] Differences = [-1, 0, 1];
    private static readonly double[] Shares = [0, 0.25, 1];

    [Fact]
    public void LogAbove_hypothesisIsTrue_meansAtMostTheStakeAndSeldomGrows() => Sample((values, limit, chances) =>
    {
        // The mean is the limit or below it: every sequence of five pairs with its chance, looked at after each.
        var (mean, crossed) = Enumerate(values, chances, pairs => PairedBet.LogAbove(pairs, limit));
        Assert.InRange(mean, 0, 1 + 1e-9);
        Assert.InRange(crossed, 0, Alpha + 1e-9);
    },
    above: false);

    [Fact]
    public void LogBelow_hypothesisIsTrue_meansAtMostTheStakeAndSeldomGrows() => Sample((values, limit, chances) =>
    {
        var (mean, crossed) = Enumerate(values, chances, pairs => PairedBet.LogBelow(pairs, limit));
        Assert.InRange(mean, 0, 1 + 1e-9);
        Assert.InRange(crossed, 0, Alpha + 1e-9);
    },
    above: true);

    [Fact]
    public void LogAbove_chancesThatFollowThePast_meansAtMostTheStake()
    {
        // A limit of a half, kept to each time, but by another chance after each outcome: nothing is independent.
        var mean = 0.0;
        for (var sequence = 0; sequence < 1 << 10; sequence++)
        {
            var (chance, sum) = (1.0, 0);
            for (var i = 0; i < 10; i++)
            {
                var (yes, p) = ((sequence >> i & 1) == 1, i == 0 || sum * 2 > i ? 0.5 : 0.3);
                chance *= yes ? p : 1 - p;
                sum += yes ? 1 : 0;
            }

            mean += chance * Math.Exp(PairedBet.LogAbove(PairedOutcomes.Shares(10, sum), 0.5));
        }

        Assert.InRange(mean, 0.01, 1 + 1e-9);
    }

    [Theory]
    [InlineData(0.1, 6)]
    [InlineData(0.5, 14)]
    public void LogAbove_everyPairIsBad_isFoundInAFew(double limit, int most)
    {
        var needed = Enumerable.Range(1, 1_000).First(n => PairedBet.LogAbove(PairedOutcomes.Shares(n, n), limit) >= Math.Log(500));
        Assert.InRange(needed, 2, most);
    }

    [Fact]
    public void LogBelow_everyPairIsGood_isFoundInTime()
    {
        Assert.True(PairedBet.LogBelow(PairedOutcomes.Shares(50, 0), 0.1) >= Math.Log(20));
        Assert.True(PairedBet.LogBelow(PairedOutcomes.Differences(500, 3, 3), 0.01) < Math.Log(20));
        Assert.True(PairedBet.LogBelow(PairedOutcomes.Differences(5_000, 10, 10), 0.01) >= Math.Log(20));
    }

    [Fact]
    public void Log_nothingSeenOrLimitsAtTheEdge_isFinite()
    {
        Assert.Equal(0, PairedBet.LogAbove(PairedOutcomes.Shares(0, 0), 0.1), 1e-9);
        Assert.Equal(0, PairedBet.LogBelow(PairedOutcomes.Differences(0, 0, 0), 0), 1e-9);
        Assert.All([0.0, 1.0], limit => Assert.True(double.IsFinite(PairedBet.LogAbove(PairedOutcomes.Shares(10, 5), limit)) && double.IsFinite(PairedBet.LogBelow(PairedOutcomes.Shares(10, 5), limit))));
    }

    private static void Sample(Action<double[], double, double[]> check, bool above) => Gen.Select(Gen.Bool, Gen.Double[0.001, 0.98], Gen.Double[0, 1], Gen.Double[0, 1], Gen.Bool).Sample(
        (differences, at, a, b, edge) =>
        {
            var values = differences ? Differences : Shares;
            var limit = differences ? (at * 1.9) - 0.95 : at;

            // Any chances, mixed with the least or greatest value until the mean keeps to the hypothesis, or lies on its edge.
            double[] any = [a * b, a * (1 - b), 1 - a];
            var mean = values.Zip(any, (v, p) => v * p).Sum();
            var other = above ? 1 : values[0];
            var keep = above ? mean < limit : mean > limit;
            var share = keep ? (limit - other) / (mean - other) : edge ? 1 : 0.7;
            var chances = values.Zip(any, (v, p) => (share * p) + (v.Equals(other) ? 1 - share : 0)).ToArray();
            check(values, limit, chances);
        },
        iter: 300);

    private static (double Mean, double Crossed) Enumerate(double[] values, double[] chances, Func<PairedOutcomes, double> log)
    {
        const int Length = 5;
        var (mean, crossed) = (0.0, 0.0);
        for (var sequence = 0; sequence < 243; sequence++)
        {
            var (chance, code, seen, sum, ever) = (1.0, sequence, new double[3], 0.0, false);
            var wealth = 0.0;
            for (var i = 0; i < Length; i++, code /= 3)
            {
                seen[code % 3]++;
                sum += values[code % 3];
                chance *= chances[code % 3];
                wealth = log(values[0] < 0 ? PairedOutcomes.Differences(i + 1, seen[0], seen[2]) : PairedOutcomes.Shares(i + 1, sum));
                ever |= wealth >= -Math.Log(Alpha);
            }

            mean += chance * Math.Exp(wealth);
            crossed += ever ? chance : 0;
        }

        return (mean, crossed);
    }
}
