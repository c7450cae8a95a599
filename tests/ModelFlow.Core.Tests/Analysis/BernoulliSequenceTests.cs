using CsCheck;
using ModelFlow.Core.Analysis;

namespace ModelFlow.Core.Tests.Analysis;

public sealed class BernoulliSequenceTests
{
    [Theory]
    [InlineData(0.05)]
    [InlineData(0.5)]
    [InlineData(0.9)]
    public void Bounds_lookedAtAfterEverySample_holdAtAllTimesAsOftenAsPromised(double p)
    {
        const int Runs = 1_000;
        const double Alpha = 0.1;
        var broken = 0;
        for (var run = 0; run < Runs; run++)
        {
            var random = new Random(run);
            var successes = 0L;
            for (var n = 1; n <= 300; n++)
            {
                successes += random.NextDouble() < p ? 1 : 0;
                if (p < BernoulliSequence.LowerBound(successes, n, Alpha) || p > BernoulliSequence.UpperBound(successes, n, Alpha))
                {
                    broken++;
                    break;
                }
            }
        }

        // The promise is 100; three standard deviations above it.
        Assert.InRange(broken, 0, 128);
    }

    [Fact]
    public void Bounds_anyCounts_encloseTheMeasuredShare() => Gen.Select(Gen.Long[0, 100_000], Gen.Long[0, 100_000], Gen.Double[1e-6, 0.4]).Sample((a, b, alpha) =>
    {
        var (s, n) = (Math.Min(a, b), Math.Max(a, b));
        var share = n == 0 ? 0.5 : s / (double)n;
        Assert.InRange(share, BernoulliSequence.LowerBound(s, n, alpha), BernoulliSequence.UpperBound(s, n, alpha));
    });

    [Fact]
    public void Bounds_noSamples_sayNothing() =>
        Assert.Equal((0.0, 1.0), (BernoulliSequence.LowerBound(0, 0, 0.01), BernoulliSequence.UpperBound(0, 0, 0.01)));

    [Fact]
    public void LowerBound_knownCase_solvesTheMartingale()
    {
        // Ten of ten: M = B(10.5, 0.5) / (B(0.5, 0.5) p^10) = 1/α with B(10.5, 0.5)/B(0.5, 0.5) = 0.176197…
        Assert.Equal(Math.Pow(0.17619705200195312 * 0.01, 0.1), BernoulliSequence.LowerBound(10, 10, 0.01), 9);
    }

    [Fact]
    public void Ranks_lookedAtOften_encloseTheTrueQuantileAsOftenAsPromised()
    {
        const int Runs = 400;
        var broken = 0;
        for (var run = 0; run < Runs; run++)
        {
            var random = new Random(run);
            var samples = new List<double>();
            for (var n = 1; n <= 400; n++)
            {
                samples.Add(random.NextDouble());
                if (n % 10 != 0)
                {
                    continue;
                }

                samples.Sort();
                var low = BernoulliSequence.LowerRank(0.95, n, 0.1);
                var high = BernoulliSequence.UpperRank(0.95, n, 0.1);
                if ((low > 0 && samples[(int)low - 1] > 0.95) || (high <= n && samples[(int)high - 1] < 0.95))
                {
                    broken++;
                    break;
                }
            }
        }

        Assert.InRange(broken, 0, 58);
    }

    [Fact]
    public void Ranks_fewSamples_sayNothing()
    {
        Assert.Equal(0, BernoulliSequence.LowerRank(0.95, 0, 0.01));
        Assert.True(BernoulliSequence.UpperRank(0.95, 0, 0.01) > 0);
        Assert.True(BernoulliSequence.UpperRank(0.95, 20, 0.01) > 20);
    }
}
