namespace ModelFlow.Core.Analysis;

/// <summary>
/// How many requests of one version count as one independent one. Requests of one user resemble each other, and users are counted in
/// <see cref="Traffic.Bucketing.SubBuckets"/> groups: how much more the groups differ than independent requests would says how much (Kish, "Survey Sampling", 1965, 8.2;
/// the variance of a ratio over groups, Cochran, "Sampling Techniques", 1977, 3.12):
/// <c>D̂ = A/(A−1) · Σ (x_g − p·n_g)² / (n·p·(1−p))</c> over the A groups that have requests. With few groups that says little, so it is averaged with
/// the worst case, that a user's requests are all alike (requests a user), which weighs as much as two groups:
/// <c>D = max(1, ((A−1)·D̂ + 2·n/users) / (A+1))</c>. An estimate, not a bound: verdicts for correlated traffic hold as well as it does.
/// </summary>
internal static class DesignEffect
{
    private const double PriorGroups = 2;

    /// <summary>Estimates it.</summary>
    /// <param name="groups">Trials and sums of outcomes by group.</param>
    /// <param name="users">How many different users were seen; a request without a key is a user of its own.</param>
    /// <param name="spread">The variance of an outcome as a share of p·(1−p): 1 for yes and no, less for graded ones.</param>
    public static double Of(GroupSums groups, double users, double spread = 1)
    {
        var trialsByGroup = groups.TrialsSpan;
        var sumsByGroup = groups.SumsSpan;
        var (trials, sum, active) = (0.0, 0.0, 0);
        for (var g = 0; g < trialsByGroup.Length; g++)
        {
            trials += trialsByGroup[g];
            sum += sumsByGroup[g];
            active += trialsByGroup[g] > 0 ? 1 : 0;
        }

        if (active == 0)
        {
            return 1;
        }

        var mean = (sum + 0.5) / (trials + 1);
        var squares = 0.0;
        for (var g = 0; g < trialsByGroup.Length; g++)
        {
            var rest = sumsByGroup[g] - (mean * trialsByGroup[g]);
            squares += rest * rest;
        }

        // (A − 1) · D̂, which is 0 for a single group: it says nothing of how groups differ.
        var between = active == 1 ? 0 : active * squares / (trials * mean * (1 - mean) * spread);
        var worst = trials / Math.Clamp(users, 1, Math.Max(1, trials));
        return Math.Max(1, (between + (PriorGroups * worst)) / (active - 1 + PriorGroups));
    }
}
