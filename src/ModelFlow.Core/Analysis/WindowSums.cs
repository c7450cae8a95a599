using ModelFlow.Core.Naming;
using ModelFlow.Core.Traffic;

namespace ModelFlow.Core.Analysis;

/// <summary>Adds up what some windows hold of one metric: a block for each window, and all of them by groups of users.</summary>
internal sealed class WindowSums(IReadOnlyList<TrafficWindow> windows, VersionName stable, VersionName candidate)
{
    private readonly double[] _sums = new double[4 * GroupSums.Groups];

    public ReadOnlySpan<double> StableTrials => _sums.AsSpan(0, GroupSums.Groups);

    public ReadOnlySpan<double> StableSums => _sums.AsSpan(GroupSums.Groups, GroupSums.Groups);

    public ReadOnlySpan<double> CandidateTrials => _sums.AsSpan(2 * GroupSums.Groups, GroupSums.Groups);

    public ReadOnlySpan<double> CandidateSums => _sums.AsSpan(3 * GroupSums.Groups, GroupSums.Groups);

    /// <summary>Adds up a metric; the sums by groups are this metric's until the next call.</summary>
    public List<MeanBlock> Of(WatchedMetric metric, TrafficTotals stableTotals, TrafficTotals candidateTotals)
    {
        Array.Clear(_sums);
        var blocks = new List<MeanBlock>(windows.Count);
        var (stableThreshold, candidateThreshold) = (metric.ThresholdOf(stableTotals), metric.ThresholdOf(candidateTotals));
        foreach (var window in windows)
        {
            var block = default(MeanBlock);
            foreach (var cell in window.Cells)
            {
                if (cell.Kind != TrafficKind.Normal || cell.SubBucket is < 0 or >= GroupSums.Groups)
                {
                    continue;
                }

                if (cell.Version == stable)
                {
                    var (trials, sum) = metric.Of(cell, stableThreshold);
                    block += new MeanBlock(trials, sum, 0, 0);
                    _sums[cell.SubBucket] += trials;
                    _sums[GroupSums.Groups + cell.SubBucket] += sum;
                }
                else if (cell.Version == candidate)
                {
                    var (trials, sum) = metric.Of(cell, candidateThreshold);
                    block += new MeanBlock(0, 0, trials, sum);
                    _sums[(2 * GroupSums.Groups) + cell.SubBucket] += trials;
                    _sums[(3 * GroupSums.Groups) + cell.SubBucket] += sum;
                }
            }

            blocks.Add(block);
        }

        return blocks;
    }
}
