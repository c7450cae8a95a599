using System.Runtime.InteropServices;

namespace ModelFlow.Core.Analysis;

/// <summary>
/// Evidence about the mean of bounded outcomes of pairs, at every look: the wealth of a gambler who bets on each outcome x against the hypothesis that its mean,
/// given all before it, is at most (or, the other way round, at least) a limit m. Staking λ returns <c>1 + λ·(x − m)</c> of the money, which on average is no more
/// than it if the hypothesis is true and λ is not negative (Waudby-Smith and Ramdas, "Estimating means of bounded random variables by betting",
/// J. R. Statist. Soc. B 86(1), 2024). The money is split over fixed stakes, as it is not known how far off the mean is ("diversified betting", section B there),
/// so the wealth follows from counts alone and windows may come in any order. For outcomes between 0 and 1 only their sum is known: each counts as that share of a 1
/// and the rest of a 0, which by the concavity of the logarithm returns less, never more. With 0 and 1 it is a sign test.
/// </summary>
internal static class PairedBet
{
    // Shares of the greatest stake that cannot lose more than all, and of the money: the first is what finds a version that only fails.
    private static readonly (double Stake, double Money)[] Stakes = [(0.99, 0.3), .. Enumerable.Range(1, 7).Select(i => (Math.Pow(0.5, i), 0.1))];

    /// <summary>The logarithm of the evidence that the mean is above <paramref name="limit"/>.</summary>
    public static double LogAbove(in PairedOutcomes outcomes, double limit) =>
        LogWealth(outcomes, Inside(outcomes, limit), side: 1);

    /// <summary>The logarithm of the evidence that the mean is below <paramref name="limit"/>.</summary>
    public static double LogBelow(in PairedOutcomes outcomes, double limit) =>
        LogWealth(outcomes, Inside(outcomes, limit), side: -1);

    private static double LogWealth(in PairedOutcomes outcomes, double limit, int side)
    {
        // The outcome that loses most must not lose more than the stake.
        var greatest = 1 / (side > 0 ? limit - outcomes.Least : 1 - limit);
        Span<double> logs = stackalloc double[Stakes.Length];
        for (var i = 0; i < logs.Length; i++)
        {
            var stake = side * Stakes[i].Stake * greatest;
            logs[i] = Math.Log(Stakes[i].Money)
                + (outcomes.AtLeast * Math.Log(1 + (stake * (outcomes.Least - limit))))
                + (outcomes.AtZero * Math.Log(1 + (stake * (0 - limit))))
                + (outcomes.AtOne * Math.Log(1 + (stake * (1 - limit))));
        }

        var most = double.NegativeInfinity;
        foreach (var log in logs)
        {
            most = Math.Max(most, log);
        }

        var sum = 0.0;
        foreach (var log in logs)
        {
            sum += Math.Exp(log - most);
        }

        return most + Math.Log(sum);
    }

    private static double Inside(in PairedOutcomes outcomes, double limit) => Math.Clamp(limit, outcomes.Least + 1e-6, 1 - 1e-6);
}

/// <summary>How many pairs had each outcome; effective counts, where requests are not independent.</summary>
/// <param name="Least">The least an outcome can be: −1 for differences of failures, 0 otherwise.</param>
/// <param name="AtLeast">Pairs with that outcome.</param>
/// <param name="AtZero">Pairs with the outcome 0, where the least is −1.</param>
/// <param name="AtOne">Pairs with the outcome 1; of outcomes from 0 to 1, their sum.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct PairedOutcomes(double Least, double AtLeast, double AtZero, double AtOne)
{
    /// <summary>Outcomes from 0 to 1.</summary>
    public static PairedOutcomes Shares(double pairs, double sum) => new(0, Math.Max(0, pairs - sum), 0, sum);

    /// <summary>Differences: −1 where only stable failed, 1 where only the candidate did.</summary>
    public static PairedOutcomes Differences(double pairs, double stable, double candidate) => new(-1, stable, Math.Max(0, pairs - stable - candidate), candidate);

    /// <summary>The same outcomes when so many pairs count as one.</summary>
    public PairedOutcomes Deflate(double effect) => new(Least, AtLeast / effect, AtZero / effect, AtOne / effect);
}
