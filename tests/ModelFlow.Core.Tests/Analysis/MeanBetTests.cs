using CsCheck;
using ModelFlow.Core.Analysis;

namespace ModelFlow.Core.Tests.Analysis;

public sealed class MeanBetTests
{
    [Fact]
    public void LogReturn_hypothesisIsTrue_meansAtMostTheStake()
    {
        // Every outcome of a small block with its chance: exact, not simulated.
        var point = Gen.Double[0.001, 0.999];
        Gen.Select(Gen.Double[1, 3], Gen.Double[0, 0.3], point, point, point, point).Select(Gen.Int[1, 4], Gen.Int[1, 4]).Sample(
            sample =>
            {
                var ((ratio, difference, stable, candidate, trueStable, trueCandidate), stableTrials, candidateTrials) = sample;
                var tolerance = new MeanTolerance(ratio, difference);
                var (limit, trueLimit) = (tolerance.Limit(stable), tolerance.Limit(trueStable));
                if (limit >= 1 || trueLimit >= 1 || Math.Abs(candidate - limit) < 1e-3)
                {
                    // Where the tolerance allows everything there is no harm, and nothing to bet on.
                    return;
                }

                // Bet on harm where the alternative is beyond the limit, on health where it is below it; the truth is on the other side.
                var truth = candidate > limit ? trueCandidate * trueLimit : trueLimit + (trueCandidate * (1 - trueLimit));
                var bet = MeanBet.Against(tolerance, stable, candidate, stableTrials, candidateTrials);
                var mean = 0.0;
                for (var s = 0; s <= stableTrials; s++)
                {
                    for (var c = 0; c <= candidateTrials; c++)
                    {
                        mean += Chance(s, stableTrials, trueStable) * Chance(c, candidateTrials, truth) * Math.Exp(bet.LogReturn(new MeanBlock(stableTrials, s, candidateTrials, c)));
                    }
                }

                Assert.InRange(mean, 0, 1 + 1e-6);
            },
            iter: 5_000);
    }

    private static double Chance(int yes, int trials, double p)
    {
        var ways = 1.0;
        for (var i = 0; i < yes; i++)
        {
            ways *= (trials - i) / (i + 1.0);
        }

        return ways * Math.Pow(p, yes) * Math.Pow(1 - p, trials - yes);
    }
}
