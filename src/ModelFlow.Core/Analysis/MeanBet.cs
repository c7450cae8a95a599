using System.Runtime.InteropServices;

namespace ModelFlow.Core.Analysis;

/// <summary>
/// One bet on a block of outcomes of both versions against the hypothesis that the candidate's mean keeps within (or, the other way round,
/// beyond) a tolerance of stable's. The wealth it returns has a mean of at most 1 if the hypothesis is true, whatever the true
/// means are, so products of such bets grow only if it is false: e-values for two samples (Turner, Ly and Grünwald, "Generic E-variables for exact sequential
/// k-sample tests that allow for optional stopping", J. Statist. Plann. Inference 230, 2024). The bet is the likelihood ratio of
/// an alternative to the point of the hypothesis that is nearest to it, by Kullback–Leibler divergence weighted with the sizes of the two
/// samples (the reverse information projection; the hypothesis is convex in both means, and unequal sizes follow by the inequality of arithmetic
/// and geometric means). Outcomes between 0 and 1 are bet on by their sums: by the concavity of the logarithm that returns less, never more.
/// </summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct MeanBet(double Stable, double Candidate, double StableNull, double CandidateNull)
{
    private const int Halvings = 40;

    /// <summary>
    /// Prepares the bet for a block of these sizes on the alternative (<paramref name="stable"/>, <paramref name="candidate"/>), both strictly between 0 and 1
    /// and beyond <paramref name="tolerance"/> in the direction that is bet on.
    /// </summary>
    public static MeanBet Against(MeanTolerance tolerance, double stable, double candidate, double stableTrials, double candidateTrials)
    {
        var weight = candidateTrials / (stableTrials + candidateTrials);
        var (low, high) = (0.0, Math.Min(1, (1 - tolerance.Difference) / tolerance.Ratio));
        for (var i = 0; i < Halvings; i++)
        {
            var middle = (low + high) / 2;
            var limit = (tolerance.Ratio * middle) + tolerance.Difference;

            // The divergence is convex along the edge of the hypothesis, so its slope has one zero.
            var slope = (weight * tolerance.Ratio * Slope(candidate, limit)) + ((1 - weight) * Slope(stable, middle));
            if (slope < 0)
            {
                low = middle;
            }
            else
            {
                high = middle;
            }
        }

        var point = (low + high) / 2;
        return new MeanBet(stable, candidate, point, (tolerance.Ratio * point) + tolerance.Difference);
    }

    /// <summary>The logarithm of what the bet returns for these sums of outcomes.</summary>
    public double LogReturn(in MeanBlock block) =>
        LogRatio(block.CandidateSum, block.CandidateTrials, Candidate, CandidateNull) + LogRatio(block.StableSum, block.StableTrials, Stable, StableNull);

    private static double Slope(double mean, double point) => ((1 - mean) / (1 - point)) - (mean / point);

    private static double LogRatio(double sum, double trials, double alternative, double point) =>
        (sum * Math.Log(alternative / point)) + ((trials - sum) * Math.Log((1 - alternative) / (1 - point)));
}

/// <summary>Outcomes of both versions in the same stretch of time: how many, and their sums. Less is better.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct MeanBlock(double StableTrials, double StableSum, double CandidateTrials, double CandidateSum)
{
    /// <summary>Whether both versions are in it: without one of them there is nothing to compare.</summary>
    public bool IsComplete => StableTrials > 0 && CandidateTrials > 0;

    public static MeanBlock operator +(in MeanBlock left, in MeanBlock right) => new(
        left.StableTrials + right.StableTrials,
        left.StableSum + right.StableSum,
        left.CandidateTrials + right.CandidateTrials,
        left.CandidateSum + right.CandidateSum);

    public static MeanBlock operator *(in MeanBlock block, double factor) =>
        new(block.StableTrials * factor, block.StableSum * factor, block.CandidateTrials * factor, block.CandidateSum * factor);

    /// <summary>The same outcomes when so many of each version count as one.</summary>
    public MeanBlock Deflate(double stableEffect, double candidateEffect) =>
        new(StableTrials / stableEffect, StableSum / stableEffect, CandidateTrials / candidateEffect, CandidateSum / candidateEffect);
}
