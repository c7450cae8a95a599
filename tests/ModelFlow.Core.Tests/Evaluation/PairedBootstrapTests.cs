using ModelFlow.Core.Evaluation;

namespace ModelFlow.Core.Tests.Evaluation;

public sealed class PairedBootstrapTests
{
    // A version that loses exactly what is tolerated must not be refused more often than the confidence allows:
    // the interval's lower end may lie beyond the true loss in at most a 40th of the worlds (two-sided 95 %).
    [Theory]
    [InlineData(25, 0.06, 0.01)]
    [InlineData(60, 0.10, 0.05)]
    [InlineData(597, 0.02, 0.01)]
    [InlineData(597, 0.30, 0.01)]
    public void AccuracyLoss_trueLossAtTheTolerance_refusedNoMoreOftenThanPromised(int rows, double lostShare, double gainedShare)
    {
        const int Worlds = 2_000;
        var world = new SeededGenerator($"world {rows} {lostShare}");
        var refused = 0;
        var refusedByTable = new Dictionary<PairedOutcomes, bool>();
        for (var i = 0; i < Worlds; i++)
        {
            var discordant = world.NextBinomial(rows, lostShare + gainedShare);
            var lost = world.NextBinomial(discordant, lostShare / (lostShare + gainedShare));
            var table = new PairedOutcomes(rows - discordant, discordant - lost, lost, 0);
            if (!refusedByTable.TryGetValue(table, out var refuses))
            {
                refuses = PairedBootstrap.AccuracyLoss(table, 0.95, new SeededGenerator($"{table}")).Low > lostShare - gainedShare;
                refusedByTable.Add(table, refuses);
            }

            refused += refuses ? 1 : 0;
        }

        // Three standard errors above 0.025 over 2,000 worlds.
        Assert.InRange(refused / (double)Worlds, 0, 0.025 + (3 * Math.Sqrt(0.025 * 0.975 / Worlds)));
    }

    [Fact]
    public void AccuracyLoss_largeLoss_found()
    {
        var interval = PairedBootstrap.AccuracyLoss(new PairedOutcomes(400, 5, 180, 12), 0.95, new SeededGenerator("x"));

        Assert.InRange(interval.Low, 0.24, 0.27);
        Assert.InRange(interval.High, 0.31, 0.35);
    }

    [Theory]
    [InlineData(0, 8)]
    [InlineData(3, 10)]
    [InlineData(40, 60)]
    public void AccuracyLoss_versionsSwapped_intervalMirrored(long gained, long lost)
    {
        var loss = PairedBootstrap.AccuracyLoss(new PairedOutcomes(200, gained, lost, 10), 0.95, new SeededGenerator("a"));
        var gain = PairedBootstrap.AccuracyLoss(new PairedOutcomes(200, lost, gained, 10), 0.95, new SeededGenerator("b"));

        // One row either way is what two sets of draws may differ by.
        Assert.Equal(loss.Low, -gain.High, 1.5 / 200);
        Assert.Equal(loss.High, -gain.Low, 1.5 / 200);
    }

    [Fact]
    public void AccuracyLoss_higherConfidence_widerInterval()
    {
        var table = new PairedOutcomes(500, 20, 40, 37);
        var narrow = PairedBootstrap.AccuracyLoss(table, 0.9, new SeededGenerator("x"));
        var wide = PairedBootstrap.AccuracyLoss(table, 0.999, new SeededGenerator("x"));

        Assert.True(wide.Low < narrow.Low && wide.High > narrow.High);
    }

    [Fact]
    public void LatencyP95Ratio_pairedNoise_cancels()
    {
        // Every batch of the candidate takes 1.5 times what its neighbour takes, however busy the machine was.
        var busy = new SeededGenerator("machine");
        var baseline = Enumerable.Range(0, 100).Select(_ => 1 + (5 * busy.NextDouble())).ToArray();
        var interval = PairedBootstrap.LatencyP95Ratio([.. baseline.Select(b => 1.5 * b)], baseline, 0.95, new SeededGenerator("x"));

        Assert.Equal(1.5, interval.Low, 6);
        Assert.Equal(1.5, interval.High, 6);
    }
}
