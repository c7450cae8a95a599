using System.Text.Json.Serialization;
using ModelFlow.Core.Traffic;

namespace ModelFlow.Core.Analysis;

/// <summary>How many outcomes each group of sticky keys had, and their sum. Immutable; written as JSON as two arrays.</summary>
public sealed class GroupSums
{
    /// <summary>How many groups there are.</summary>
    public const int Groups = Bucketing.SubBuckets;

    /// <summary>Nothing counted.</summary>
    public static readonly GroupSums Empty = new([], []);

    private readonly double[] _trials;
    private readonly double[] _sums;

    /// <summary>Takes the arrays, not copies of them.</summary>
    /// <exception cref="ArgumentException">They have neither no entry nor one for each group.</exception>
    [JsonConstructor]
    public GroupSums(IReadOnlyList<double> trialsByGroup, IReadOnlyList<double> sumsByGroup)
    {
        ArgumentNullException.ThrowIfNull(trialsByGroup);
        ArgumentNullException.ThrowIfNull(sumsByGroup);
        if (trialsByGroup.Count is not (0 or Groups) || sumsByGroup.Count != trialsByGroup.Count)
        {
            throw new ArgumentException($"There are {Groups} groups.", nameof(trialsByGroup));
        }

        _trials = trialsByGroup as double[] ?? [.. trialsByGroup];
        _sums = sumsByGroup as double[] ?? [.. sumsByGroup];
    }

    /// <summary>By group; empty when nothing was counted.</summary>
    public IReadOnlyList<double> TrialsByGroup => _trials;

    /// <summary>By group; empty when nothing was counted.</summary>
    public IReadOnlyList<double> SumsByGroup => _sums;

    internal ReadOnlySpan<double> TrialsSpan => _trials;

    internal ReadOnlySpan<double> SumsSpan => _sums;

    /// <summary>Of one group.</summary>
    public double Trials(int group) => _trials.Length == 0 ? 0 : _trials[group];

    /// <summary>Of one group.</summary>
    public double Sum(int group) => _sums.Length == 0 ? 0 : _sums[group];

    /// <summary>Both together.</summary>
    public GroupSums Plus(ReadOnlySpan<double> trials, ReadOnlySpan<double> sums)
    {
        var (allTrials, allSums) = (new double[Groups], new double[Groups]);
        for (var g = 0; g < Groups; g++)
        {
            allTrials[g] = Trials(g) + trials[g];
            allSums[g] = Sum(g) + sums[g];
        }

        return new GroupSums(allTrials, allSums);
    }
}
