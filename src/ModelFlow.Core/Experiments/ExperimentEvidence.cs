using ModelFlow.Core.Analysis;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Traffic;

namespace ModelFlow.Core.Experiments;

/// <summary>What an experiment has learned from live traffic in its step, kept with the ramp's evidence: each look adds the windows that came since the last. Immutable.</summary>
public sealed record ExperimentEvidence
{
    /// <summary>The metric whose outcomes were taken in.</summary>
    public ExperimentMetric Metric { get; init; }

    /// <summary>Stable's outcomes in this step.</summary>
    public OutcomeSums Stable { get; init; }

    /// <summary>The candidate's outcomes in this step.</summary>
    public OutcomeSums Candidate { get; init; }

    /// <summary>Outcomes by groups of users, both versions: how much outcomes of one user resemble each other.</summary>
    public GroupPair Groups { get; init; } = GroupPair.Empty;

    /// <summary>Users of stable in this step.</summary>
    public long StableUsers { get; init; }

    /// <summary>Users of the candidate in this step.</summary>
    public long CandidateUsers { get; init; }

    /// <summary>The difference, at every look.</summary>
    public EffectSequence Effect { get; init; } = EffectSequence.None;

    /// <summary>The same by slices, at most <see cref="SliceName.MaxDistinct"/> and the others.</summary>
    public IReadOnlyDictionary<string, SliceEvidence> Slices { get; init; } = new Dictionary<string, SliceEvidence>(StringComparer.Ordinal);

    /// <summary>An experiment begins.</summary>
    public static ExperimentEvidence Begin(ExperimentPolicy policy)
    {
        ArgumentNullException.ThrowIfNull(policy);
        return new ExperimentEvidence { Metric = policy.Metric };
    }

    /// <summary>How many outcomes of each version count as one: users are split at random, not their requests.</summary>
    internal (double Stable, double Candidate) DesignEffects() =>
        (DesignEffect.Of(Groups.Stable, StableUsers, Stable.Spread()), DesignEffect.Of(Groups.Candidate, CandidateUsers, Candidate.Spread()));

    /// <summary>Takes in windows that were not taken in before, in which the weights held.</summary>
    internal ExperimentEvidence Take(IReadOnlyList<TrafficWindow> windows, VersionName stable, VersionName candidate)
    {
        var blocks = windows.Select(w => BlockOf(w, stable, candidate)).ToList();
        var (theirUsers, ourUsers) = (Users(windows, stable), Users(windows, candidate));
        var taken = this with
        {
            Stable = blocks.Aggregate(Stable, (sum, b) => sum + b.Stable),
            Candidate = blocks.Aggregate(Candidate, (sum, b) => sum + b.Candidate),
            Groups = new GroupPair(Grouped(Groups.Stable, windows, stable), Grouped(Groups.Candidate, windows, candidate)),
            StableUsers = StableUsers + theirUsers,
            CandidateUsers = CandidateUsers + ourUsers,
        };
        var (theirs, ours) = taken.DesignEffects();
        var effect = Effect;
        foreach (var block in blocks)
        {
            effect = effect.Take(block.Stable.Deflate(theirs), block.Candidate.Deflate(ours));
        }

        return taken with { Effect = effect, Slices = TakeSlices(windows, stable, candidate, theirs, ours) };
    }

    private static long Users(IReadOnlyList<TrafficWindow> windows, VersionName version) => windows.Sum(w => Normal(w, version).Sum(c => c.FirstSeenKeys));

    private static IEnumerable<TrafficCell> Normal(TrafficWindow window, VersionName version) =>
        window.Cells.Where(c => c.Kind == TrafficKind.Normal && c.Version == version && c.SubBucket is >= 0 and < GroupSums.Groups);

    private Dictionary<string, SliceEvidence> TakeSlices(IReadOnlyList<TrafficWindow> windows, VersionName stable, VersionName candidate, double stableEffect, double candidateEffect)
    {
        var slices = new Dictionary<string, SliceEvidence>(Slices, StringComparer.Ordinal);
        var known = Slices.Keys.Where(n => !string.Equals(n, SliceName.Other, StringComparison.Ordinal)).ToHashSet(StringComparer.Ordinal);
        foreach (var window in windows)
        {
            foreach (var cells in (window.Slices ?? []).GroupBy(c => Known(known, c.Slice), StringComparer.Ordinal))
            {
                var (theirs, ours) = (cells.Where(c => c.Version == stable).ToList(), cells.Where(c => c.Version == candidate).ToList());
                var slice = slices.GetValueOrDefault(cells.Key, SliceEvidence.None);
                var (theirOutcomes, ourOutcomes) = (Outcomes(theirs), Outcomes(ours));
                slices[cells.Key] = new SliceEvidence
                {
                    StableTraffic = slice.StableTraffic.Plus(theirs),
                    CandidateTraffic = slice.CandidateTraffic.Plus(ours),
                    Stable = slice.Stable + theirOutcomes,
                    Candidate = slice.Candidate + ourOutcomes,
                    Effect = slice.Effect.Take(theirOutcomes.Deflate(stableEffect), ourOutcomes.Deflate(candidateEffect)),
                };
            }
        }

        return slices;
    }

    // Each gateway bounds what it tells apart; together they may know more.
    private static string Known(HashSet<string> known, string name)
    {
        if (!known.Contains(name) && (known.Count >= SliceName.MaxDistinct || string.Equals(name, SliceName.Other, StringComparison.Ordinal)))
        {
            return SliceName.Other;
        }

        known.Add(name);
        return name;
    }

    private (OutcomeSums Stable, OutcomeSums Candidate) BlockOf(TrafficWindow window, VersionName stable, VersionName candidate) => (Outcomes(Normal(window, stable)), Outcomes(Normal(window, candidate)));

    private OutcomeSums Outcomes(IEnumerable<TrafficCell> cells) => cells.Aggregate(default(OutcomeSums), (sum, c) => sum + Outcomes(c));

    private OutcomeSums Outcomes(TrafficCell cell) => Metric == ExperimentMetric.Feedback ? OutcomeSums.Of(cell.Feedback) : OutcomeSums.Of(cell.Requests, cell.Errors);

    private OutcomeSums Outcomes(IEnumerable<SliceCell> cells) => cells.Aggregate(
        default(OutcomeSums), (sum, c) => sum + (Metric == ExperimentMetric.Feedback ? OutcomeSums.Of(c.Feedback) : OutcomeSums.Of(c.Requests, c.Errors)));

    private GroupSums Grouped(GroupSums before, IReadOnlyList<TrafficWindow> windows, VersionName version)
    {
        Span<double> counts = stackalloc double[GroupSums.Groups];
        Span<double> sums = stackalloc double[GroupSums.Groups];
        foreach (var cell in windows.SelectMany(w => Normal(w, version)))
        {
            var outcomes = Outcomes(cell);
            counts[cell.SubBucket] += outcomes.Count;
            sums[cell.SubBucket] += outcomes.Sum;
        }

        return before.Plus(counts, sums);
    }
}

/// <summary>What an experiment has learned of one slice.</summary>
public sealed record SliceEvidence
{
    /// <summary>Nothing seen.</summary>
    public static readonly SliceEvidence None = new();

    /// <summary>Requests of stable in it.</summary>
    public SliceTraffic StableTraffic { get; init; } = new(0, 0);

    /// <summary>Requests of the candidate in it.</summary>
    public SliceTraffic CandidateTraffic { get; init; } = new(0, 0);

    /// <summary>Outcomes of stable in it.</summary>
    public OutcomeSums Stable { get; init; }

    /// <summary>Outcomes of the candidate in it.</summary>
    public OutcomeSums Candidate { get; init; }

    /// <summary>The difference, at every look.</summary>
    public EffectSequence Effect { get; init; } = EffectSequence.None;
}

/// <summary>Requests of one version in a slice.</summary>
/// <param name="Requests">How many.</param>
/// <param name="Errors">Of them failed by the version's fault.</param>
public sealed record SliceTraffic(long Requests, long Errors)
{
    internal SliceTraffic Plus(IEnumerable<SliceCell> cells) => cells.Aggregate(this, (sum, c) => new SliceTraffic(sum.Requests + c.Requests, sum.Errors + c.Errors));
}
