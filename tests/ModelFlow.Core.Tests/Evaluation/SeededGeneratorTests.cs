using ModelFlow.Core.Evaluation;

namespace ModelFlow.Core.Tests.Evaluation;

public sealed class SeededGeneratorTests
{
    [Fact]
    public void NextBits_sameSeed_sameNumbersForGood()
    {
        var generator = new SeededGenerator("modelflow");

        // Computed once from the published algorithm by an independent program: a change here would change past judgements.
        Assert.Equal([0xB3D368C774A7AFDEUL, 0x8615F84131B5E855UL, 0x3DC9796300B67852UL], Enumerable.Range(0, 3).Select(_ => generator.NextBits()));
    }

    // Mean and variance of the three ways a variate is made: inversion, rejection, mirrored.
    [Theory]
    [InlineData(20, 0.05)]
    [InlineData(597, 0.01)]
    [InlineData(597, 0.3)]
    [InlineData(1_000_000, 0.02)]
    [InlineData(50, 0.9)]
    public void NextBinomial_manyDraws_meanAndVarianceOfTheBinomial(long count, double probability)
    {
        const int Draws = 100_000;
        var generator = new SeededGenerator("draws");
        var draws = Enumerable.Range(0, Draws).Select(_ => (double)generator.NextBinomial(count, probability)).ToArray();
        var mean = draws.Average();
        var variance = draws.Average(d => (d - mean) * (d - mean));
        var expected = count * probability * (1 - probability);

        Assert.All(draws, d => Assert.InRange(d, 0, count));
        Assert.Equal(count * probability, mean, 5 * Math.Sqrt(expected / Draws));
        Assert.Equal(1, variance / expected, 0.03);
    }

    // Pearson's chi-squared test of the whole distribution where rejection is used.
    [Fact]
    public void NextBinomial_rejection_everyCountAsOftenAsItShould()
    {
        const int Count = 60;
        const double P = 0.3;
        const int Draws = 200_000;
        var generator = new SeededGenerator("chi");
        var seen = new int[Count + 1];
        for (var i = 0; i < Draws; i++)
        {
            seen[generator.NextBinomial(Count, P)]++;
        }

        var chi = 0.0;
        var bins = 0;
        var probability = Math.Pow(1 - P, Count);
        for (var k = 0; k <= Count; k++)
        {
            var expected = probability * Draws;
            if (expected >= 20)
            {
                chi += (seen[k] - expected) * (seen[k] - expected) / expected;
                bins++;
            }

            probability *= (Count - k) / (k + 1.0) * P / (1 - P);
        }

        // Mean bins − 1, standard deviation √(2 (bins − 1)); four of them are left as room.
        Assert.InRange(chi, 0, bins + (4 * Math.Sqrt(2.0 * bins)));
    }

    [Theory]
    [InlineData(0, 0.5, 0)]
    [InlineData(10, 0, 0)]
    [InlineData(10, 1, 10)]
    public void NextBinomial_certain_isCertain(long count, double probability, long expected) =>
        Assert.Equal(expected, new SeededGenerator("x").NextBinomial(count, probability));
}
