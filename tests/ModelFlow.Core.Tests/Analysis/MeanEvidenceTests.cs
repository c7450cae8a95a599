using CsCheck;
using ModelFlow.Core.Analysis;

namespace ModelFlow.Core.Tests.Analysis;

public sealed class MeanEvidenceTests
{
    // 1/2 at the beginning, and of the quarter for times within a step 1/2 at the first block and 1/6 at the second.
    private const double MoneyPutIn = 0.5 + (0.25 * (0.5 + (1.0 / 6)));

    [Fact]
    public void Take_candidateIsAsBadAsTolerated_wealthIsOnAverageNoMoreThanWasPutIn()
    {
        // Every course that three small blocks can take, with its chance: exact, not simulated. The true mean is another in each block.
        Gen.Select(Gen.Double[0.01, 0.6], Gen.Double[0.01, 0.6], Gen.Double[0.01, 0.6], Gen.Double[1, 1.5], Gen.Double[0, 0.1]).Sample(
            sample =>
            {
                var (first, second, third, ratio, difference) = sample;
                var mean = Mean(MeanEvidence.None, new MeanTolerance(ratio, difference), [first, second, third]);

                Assert.InRange(mean, 0, MoneyPutIn + 1e-6);
            },
            iter: 100);
    }

    [Fact]
    public void Take_evidenceStoredWithSixAlternatives_goesOnWithThem()
    {
        var stored = new MeanEvidence { LogHarm = [-3.1, -2.9, -2.5, -4, -6, -2], LogHealth = [-0.7, -0.7], StableTrials = 1_000, StableSum = 10, CandidateTrials = 50, CandidateSum = 2, Blocks = 8 };

        var after = stored.Take(new MeanBlock(100, 1, 5, 5), new MeanTolerance(1, 0), steps: 3).BeginStep(3);

        Assert.Equal(6, after.LogHarm.Count);
        Assert.True(after.LogHarmWealth > stored.LogHarmWealth);
        Assert.All(after.LogHarm, l => Assert.True(double.IsFinite(l)));
    }

    // Harm that no multiple of one and a half comes near: the small alternatives find it.
    [Fact]
    public void Take_smallDifferenceForLong_establishesHarm()
    {
        var evidence = MeanEvidence.None;
        for (var i = 0; i < 1_000; i++)
        {
            evidence = evidence.Take(new MeanBlock(10, 2, 10, 2.3), new MeanTolerance(1, 0), steps: 1);
        }

        Assert.InRange(evidence.LogHarmWealth, Math.Log(100), double.MaxValue);
    }

    private static double Mean(MeanEvidence evidence, MeanTolerance tolerance, double[] stable)
    {
        if (stable.Length == 0)
        {
            return Math.Exp(evidence.LogHarmWealth);
        }

        const int Trials = 2;
        var mean = 0.0;
        for (var s = 0; s <= Trials; s++)
        {
            for (var c = 0; c <= Trials; c++)
            {
                var chance = Chance(s, Trials, stable[0]) * Chance(c, Trials, tolerance.Limit(stable[0]));
                mean += chance == 0 ? 0 : chance * Mean(evidence.Take(new MeanBlock(Trials, s, Trials, c), tolerance, steps: 1), tolerance, stable[1..]);
            }
        }

        return mean;
    }

    private static double Chance(int yes, int trials, double p) => (yes == 1 ? trials : 1) * Math.Pow(p, yes) * Math.Pow(1 - p, trials - yes);
}
