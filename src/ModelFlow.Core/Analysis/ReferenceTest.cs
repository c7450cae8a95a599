namespace ModelFlow.Core.Analysis;

/// <summary>
/// Compares means when the candidate has all traffic: its outcomes now with stable's of the step before. The evidence is the mixture
/// likelihood of both over the greatest likelihood that the hypothesis allows (universal inference: Wasserman, Ramdas and Balakrishnan, PNAS 117(29), 2020): it
/// holds at every look, and asks for more than <see cref="MeanBet"/> because stable's mean must be found out as well. As a comparison over time it
/// is weaker by nature.
/// </summary>
internal static class ReferenceTest
{
    private const int Thirds = 60;

    /// <summary>The logarithm of the evidence that the candidate is worse than tolerated.</summary>
    public static double LogHarm(in MeanBlock block, MeanTolerance tolerance) =>
        block.IsComplete && Mean(block.CandidateSum, block.CandidateTrials) > tolerance.Limit(Mean(block.StableSum, block.StableTrials)) ? LogEvidence(block, tolerance) : 0;

    /// <summary>The logarithm of the evidence that it is not.</summary>
    public static double LogHealth(in MeanBlock block, MeanTolerance tolerance) =>
        block.IsComplete && Mean(block.CandidateSum, block.CandidateTrials) < tolerance.Limit(Mean(block.StableSum, block.StableTrials)) ? LogEvidence(block, tolerance) : 0;

    private static double Mean(double sum, double trials) => sum / trials;

    // Beyond the tolerance the greatest likelihood lies on the hypothesis's edge, where the log-likelihood is concave.
    private static double LogEvidence(in MeanBlock block, MeanTolerance tolerance)
    {
        var (low, high) = (0.0, Math.Min(1, (1 - tolerance.Difference) / tolerance.Ratio));
        for (var i = 0; i < Thirds; i++)
        {
            var third = (high - low) / 3;
            if (LogLikelihood(block, tolerance, low + third) < LogLikelihood(block, tolerance, high - third))
            {
                low += third;
            }
            else
            {
                high -= third;
            }
        }

        return BetaMixture.Log(block.StableSum, block.StableTrials) + BetaMixture.Log(block.CandidateSum, block.CandidateTrials)
            - LogLikelihood(block, tolerance, (low + high) / 2);
    }

    private static double LogLikelihood(in MeanBlock block, MeanTolerance tolerance, double stable) =>
        BetaMixture.LogLikelihood(block.StableSum, block.StableTrials, stable)
        + BetaMixture.LogLikelihood(block.CandidateSum, block.CandidateTrials, (tolerance.Ratio * stable) + tolerance.Difference);
}
