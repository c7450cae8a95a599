namespace ModelFlow.Core.Analysis;

/// <summary>
/// Whether users were split by the weights, at every look: the mixture martingale of a share drawn from a beta distribution around the weight
/// against the weight itself (the multinomial test of Lindon and Malek, "Anytime-valid inference for multinomial count data", NeurIPS 2022, for two versions).
/// A mismatch means that something other than the split decides who is counted, so that comparing the versions says nothing.
/// </summary>
internal static class SampleRatioTest
{
    private const double Prior = 100;

    /// <summary>The logarithm of the evidence of a mismatch.</summary>
    /// <param name="stableUsers">Users seen first by stable.</param>
    /// <param name="candidateUsers">Users seen first by the candidate.</param>
    /// <param name="weight">The candidate's share, above 0 and below 1.</param>
    public static double LogMismatch(double stableUsers, double candidateUsers, double weight)
    {
        var users = stableUsers + candidateUsers;
        return BetaMixture.Log(candidateUsers, users, Prior * weight, Prior * (1 - weight)) - BetaMixture.LogLikelihood(candidateUsers, users, weight);
    }
}
