using ModelFlow.Core.Naming;
using ModelFlow.Core.Traffic;

namespace ModelFlow.Core.Analysis;

/// <summary>
/// All that a shadow step has learned from pairs of answers, kept with its release. Immutable. Windows count once, as in <see cref="RampEvidence"/>.
/// </summary>
public sealed record ShadowEvidence
{
    /// <summary>Nothing seen.</summary>
    public static readonly ShadowEvidence None = new();

    /// <summary>The route generation that is watched; 0 before the first.</summary>
    public long Generation { get; init; }

    /// <summary>The version that the candidate is compared with; null before the first.</summary>
    public VersionName? Stable { get; init; }

    /// <summary>What was taken in of each gateway in this generation.</summary>
    public IReadOnlyDictionary<string, GatewayMark> Gateways { get; init; } = SeenWindows.None;

    /// <summary>The pairs.</summary>
    public PairTotals Pairs { get; init; } = PairTotals.None;

    /// <summary>The candidate's numbers on the mirrored requests.</summary>
    public TrafficTotals Candidate { get; init; } = TrafficTotals.None;

    /// <summary>Outcomes by groups of users, by metric: how much requests of one user resemble each other.</summary>
    public IReadOnlyDictionary<string, GroupSums> Groups { get; init; } = new Dictionary<string, GroupSums>(StringComparer.Ordinal);

    /// <summary>Which windows each look took in, by generation, oldest first.</summary>
    public IReadOnlyList<StepLooks> Looks { get; init; } = [];

    /// <summary>The shadow begins, or goes on under a new generation. Pairs with another stable version say nothing of this one.</summary>
    public ShadowEvidence Begin(long generation, VersionName stable) =>
        (Stable == stable ? this : None) with { Generation = generation, Stable = stable, Gateways = SeenWindows.None, Looks = StepLooks.Begin(Looks, generation) };

    /// <summary>As <see cref="RampEvidence.ReadFrom"/>.</summary>
    public DateTimeOffset ReadFrom(DateTimeOffset stepStart, DateTimeOffset now) => SeenWindows.ReadFrom(Gateways, stepStart, now);

    /// <summary>Takes in windows of the current generation that were not taken in before; others are left out.</summary>
    /// <param name="windows">Windows, in any order. A lease that ran out makes no difference: pairs are of the same request.</param>
    /// <param name="candidate">The version in question.</param>
    /// <param name="now">The time of this look.</param>
    public ShadowEvidence Take(IEnumerable<TrafficWindow> windows, VersionName candidate, DateTimeOffset now)
    {
        var fresh = SeenWindows.Fresh(Gateways, windows, Generation);
        if (fresh.Count == 0)
        {
            return this;
        }

        var cells = fresh.SelectMany(w => w.Cells)
            .Where(c => c.Kind == TrafficKind.Shadow && c.Version == candidate && c.Pairs is not null && c.SubBucket is >= 0 and < GroupSums.Groups)
            .ToList();
        var groups = new Dictionary<string, GroupSums>(Groups, StringComparer.Ordinal);
        foreach (var metric in ShadowMetric.All)
        {
            var (trials, sums) = (new double[GroupSums.Groups], new double[GroupSums.Groups]);
            foreach (var cell in cells)
            {
                var (t, s) = metric.Bad(cell.Pairs!); // Cells without were left out.
                trials[cell.SubBucket] += t;
                sums[cell.SubBucket] += s;
            }

            groups[metric.Name] = groups.GetValueOrDefault(metric.Name, GroupSums.Empty).Plus(trials, sums);
        }

        var gateways = SeenWindows.Mark(Gateways, fresh, now);
        return this with
        {
            Gateways = gateways,
            Pairs = cells.Aggregate(Pairs, (sum, cell) => sum.Plus(cell.Pairs!)),
            Candidate = Candidate.Plus(TrafficTotals.Of(fresh, candidate, TrafficKind.Shadow)),
            Groups = groups,
            Looks = StepLooks.Add(Looks, Generation, fresh.Count, Gateways, gateways, now),
        };
    }

    /// <summary>How many pairs count as one, in a metric.</summary>
    internal double EffectOf(string metric) => Groups.TryGetValue(metric, out var groups) ? DesignEffect.Of(groups, Candidate.FirstSeenKeys) : 1;
}
