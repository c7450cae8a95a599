using System.Text.Json;
using CsCheck;
using ModelFlow.Core.Experiments;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Serialization;

namespace ModelFlow.Core.Tests.Experiments;

public sealed class EffectSequenceTests
{
    private static readonly Gen<(OutcomeSums Stable, OutcomeSums Candidate)> Blocks = Gen.Select(Marks(), Marks());

    public static TheoryData<double, double, double> Chances => new()
    {
        { 0.5, 0.5, 0 }, { 0.1, 0.1, 0 }, { 0.9, 0.9, 0 }, { 0.2, 0.6, 0.4 }, { 0.95, 0.5, -0.45 }, { 0.02, 0.02, 0 },
    };

    [Theory]
    [MemberData(nameof(Chances))]
    public void Evidence_allOutcomesOfFewBlocks_isOnAverageAtMostOne(double stable, double candidate, double difference)
    {
        // Two marks of stable and one of the candidate a block, yes or no: every way four blocks can go.
        const int Count = 4;
        var (above, below, total) = (0.0, 0.0, 0.0);
        Walk(EffectSequence.None, 1, Count);
        Assert.Equal(1, total, 9);
        Assert.InRange(above, 0.3, 1 + 1e-9);
        Assert.InRange(below, 0.3, 1 + 1e-9);

        void Walk(EffectSequence sequence, double chance, int left)
        {
            if (left == 0)
            {
                total += chance;
                above += chance * Math.Exp(sequence.LogEvidenceAbove(difference));
                below += chance * Math.Exp(sequence.LogEvidenceBelow(difference));
                return;
            }

            for (var theirs = 0; theirs <= 2; theirs++)
            {
                for (var ours = 0; ours <= 1; ours++)
                {
                    var p = Binomial(2, theirs, stable) * Binomial(1, ours, candidate);
                    Walk(sequence.TakeBlock(new OutcomeSums(2, theirs, theirs), new OutcomeSums(1, ours, ours)), chance * p, left - 1);
                }
            }
        }
    }

    [Theory]
    [InlineData(0.5, 0.5, 0.5, 1)]
    [InlineData(0.9, 0.9, 0.05, 2)]
    [InlineData(0.3, 0.35, 0.25, 3)]
    [InlineData(0.98, 0.99, 0.5, 4)]
    public void Interval_lookedAtAfterEveryBlock_missesTheTruthRarely(double stable, double candidate, double share, int seed)
    {
        const int Runs = 400;
        const double Alpha = 0.1;
        var random = new Random(seed);
        var misses = 0;
        for (var run = 0; run < Runs; run++)
        {
            var (sequence, missed) = (EffectSequence.None, false);
            for (var block = 0; block < 300 && !missed; block++)
            {
                sequence = sequence.Take(Draw(random, stable, (1 - share) * 20), Draw(random, candidate, share * 20));
                missed = Math.Max(sequence.LogEvidenceAbove(candidate - stable), sequence.LogEvidenceBelow(candidate - stable)) >= Math.Log(2 / Alpha);
            }

            misses += missed ? 1 : 0;
        }

        Assert.InRange(misses, 0, (Runs * Alpha) + (3 * Math.Sqrt(Runs * Alpha * (1 - Alpha))));
    }

    [Fact]
    public void Interval_bothBetterInTheEveningWhenTheCandidateHasMoreTraffic_findsNoDifference()
    {
        var random = new Random(5);
        var sequence = EffectSequence.None;
        for (var block = 0; block < 4_000; block++)
        {
            var (mean, share) = block < 2_000 ? (0.3, 0.1) : (0.8, 0.5);
            sequence = sequence.Take(Draw(random, mean, (1 - share) * 20), Draw(random, mean, share * 20));
        }

        var interval = sequence.Interval(0.05)!;
        Assert.InRange(0, interval.Low, interval.High!.Value);
        Assert.InRange(interval.High.Value - interval.Low, 0, 0.1);

        // All in one pot it would be a difference, and a great one.
        Assert.True(sequence.CandidatePast.Mean() - sequence.StablePast.Mean() > 0.1);
    }

    [Fact]
    public void Interval_markedByOneVersionOnly_isNoneAndNotNarrow()
    {
        var sequence = EffectSequence.None.Take(new OutcomeSums(10_000, 9_000, 9_000), default);
        Assert.Null(sequence.Interval(0.05));
        Assert.Null(sequence.Effect);
    }

    [Fact]
    public void Interval_anyBlocks_liesWithinTheRangeAroundTheEffect_andTurnsWithTheVersions() => Blocks.Array[1, 20].Sample(
        blocks =>
        {
            var (one, other) = (EffectSequence.None, EffectSequence.None);
            foreach (var (stable, candidate) in blocks)
            {
                (one, other) = (one.Take(stable, candidate), other.Take(candidate, stable));
            }

            if (one.Interval(0.05) is not { } interval)
            {
                Assert.Null(one.Effect);
                return;
            }

            Assert.InRange(one.Effect!.Value, interval.Low - 1e-9, interval.High!.Value + 1e-9);
            Assert.InRange(interval.Low, -1, interval.High.Value);
            Assert.InRange(interval.High.Value, interval.Low, 1);
            var turned = other.Interval(0.05)!;
            Assert.Equal(interval.Low, -turned.High!.Value, 6);
            var wider = one.Interval(0.001)!;
            Assert.True(wider.Low <= interval.Low && wider.High >= interval.High);
        },
        iter: 200);

    [Fact]
    public void Sequence_storedAndReadAgain_goesOnTheSame()
    {
        var random = new Random(6);
        var sequence = EffectSequence.None;
        for (var i = 0; i < 50; i++)
        {
            sequence = sequence.Take(Draw(random, 0.4, 3), Draw(random, 0.6, 1));
        }

        var again = JsonSerializer.Deserialize<EffectSequence>(JsonSerializer.Serialize(sequence, CoreJson.Options), CoreJson.Options)!;
        var more = new OutcomeSums(10, 5, 5);
        Assert.Equal(sequence.Take(more, more).Interval(0.05), again.Take(more, more).Interval(0.05));
    }

    [Fact]
    public void Plan_sequential_findsTheMinimumEffectAboutAsOftenAsItsPowerSays()
    {
        var policy = new ExperimentPolicy { MinimumEffect = 0.1, ExpectedMean = 0.6, Power = 0.8 };
        var plan = ExperimentPlan.Of(policy, new Weight(2_500));
        var random = new Random(7);
        var found = 0;
        const int Runs = 200;
        for (var run = 0; run < Runs; run++)
        {
            var sequence = EffectSequence.None;
            var blocks = plan.Candidate / 5;
            for (var block = 0; block < blocks; block++)
            {
                sequence = sequence.Take(Draw(random, 0.6, 15), Draw(random, 0.7, 5));
            }

            found += sequence.Interval(0.05)!.Low > 0 ? 1 : 0;
        }

        Assert.InRange(found / (double)Runs, 0.7, 0.95);
    }

    private static Gen<OutcomeSums> Marks() => Gen.Double[0, 1].Array[0, 30].Select(m => new OutcomeSums(m.Length, m.Sum(), m.Sum(x => x * x)));

    private static double Binomial(int n, int k, double p) => (n, k) switch
    {
        (2, 1) => 2 * p * (1 - p),
        _ => Math.Pow(p, k) * Math.Pow(1 - p, n - k),
    };

    // About so many, as requests come.
    private static OutcomeSums Draw(Random random, double mean, double about)
    {
        var count = (int)about + (random.NextDouble() < about - (int)about ? 1 : 0);
        var yes = 0;
        for (var i = 0; i < count; i++)
        {
            yes += random.NextDouble() < mean ? 1 : 0;
        }

        return new OutcomeSums(count, yes, yes);
    }
}
