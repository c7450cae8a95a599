using System.Runtime.InteropServices;
using ModelFlow.Core.Experiments;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Traffic;

namespace ModelFlow.Core.Analysis;

/// <summary>
/// All that a ramp has learned from live traffic, kept with its release: each look takes in the windows that came since the last and
/// needs no older ones. Immutable. Windows count once (by gateway and number), in each gateway's order; one that comes after a later one of the same gateway is left out.
/// </summary>
public sealed record RampEvidence
{
    /// <summary>Nothing seen.</summary>
    public static readonly RampEvidence None = new();

    /// <summary>The route generation of the step that is watched; 0 before the first.</summary>
    public long Generation { get; init; }

    /// <summary>What was taken in of each gateway in this generation.</summary>
    public IReadOnlyDictionary<string, GatewayMark> Gateways { get; init; } = new Dictionary<string, GatewayMark>(StringComparer.Ordinal);

    /// <summary>Stable's numbers in this step.</summary>
    public TrafficTotals Stable { get; init; } = TrafficTotals.None;

    /// <summary>The candidate's numbers in this step.</summary>
    public TrafficTotals Candidate { get; init; } = TrafficTotals.None;

    /// <summary>Stable's numbers in the step before: they stand in when the candidate has all traffic. Null in the first step.</summary>
    public TrafficTotals? Reference { get; init; }

    /// <summary>Users of stable in all steps; one that is seen in two steps or by two gateways counts twice, as its requests do.</summary>
    public long StableUsers { get; init; }

    /// <summary>Users of the candidate in all steps.</summary>
    public long CandidateUsers { get; init; }

    /// <summary>What is established about means, by metric.</summary>
    public IReadOnlyDictionary<string, MeanEvidence> Means { get; init; } = new Dictionary<string, MeanEvidence>(StringComparer.Ordinal);

    /// <summary>Outcomes by groups of users in all steps, by metric: how much requests of one user resemble each other.</summary>
    public IReadOnlyDictionary<string, GroupPair> Groups { get; init; } = new Dictionary<string, GroupPair>(StringComparer.Ordinal);

    /// <summary>What the experiment of this step has learned; null in a step without one.</summary>
    public ExperimentEvidence? Experiment { get; init; }

    /// <summary>Which windows the looks of each step took in, oldest step first; empty in evidence of an older version of ModelFlow.</summary>
    public IReadOnlyList<StepLooks> Looks { get; init; } = [];

    /// <summary>A step begins.</summary>
    /// <param name="policy">What is watched.</param>
    /// <param name="generation">The route generation that the step made.</param>
    /// <param name="steps">How many steps the ramp has, 1 or more.</param>
    /// <param name="alone">Whether the candidate has all traffic in it.</param>
    /// <param name="experiment">The step's experiment; null without one.</param>
    public RampEvidence BeginStep(GuardrailPolicy policy, long generation, int steps, bool alone, ExperimentPolicy? experiment = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(steps, 1);
        var means = WatchedMetrics.Of(policy).OfType<WatchedMetric.Mean>().ToDictionary(
            m => m.Name,
            m => alone ? Means.GetValueOrDefault(m.Name, MeanEvidence.None) : Means.GetValueOrDefault(m.Name, MeanEvidence.None).BeginStep(steps),
            StringComparer.Ordinal);
        return this with
        {
            Generation = generation,
            Gateways = new Dictionary<string, GatewayMark>(StringComparer.Ordinal),
            Stable = TrafficTotals.None,
            Candidate = TrafficTotals.None,
            Reference = Generation == 0 ? null : Stable,
            Means = means,
            Experiment = experiment is null ? null : ExperimentEvidence.Begin(experiment),
            Looks = StepLooks.Begin(Looks, generation),
        };
    }

    /// <summary>The start from which on windows have to be read to miss none that were not taken in yet; about <paramref name="stepStart"/> at first.</summary>
    public DateTimeOffset ReadFrom(DateTimeOffset stepStart, DateTimeOffset now) => SeenWindows.ReadFrom(Gateways, stepStart, now);

    /// <summary>Takes in windows of the current generation that were not taken in before; others are left out.</summary>
    /// <param name="policy">What is watched.</param>
    /// <param name="windows">Windows, in any order.</param>
    /// <param name="stable">The version to compare with.</param>
    /// <param name="candidate">The version in question.</param>
    /// <param name="steps">How many steps the ramp has, 1 or more.</param>
    /// <param name="now">The time of this look.</param>
    public RampEvidence Take(GuardrailPolicy policy, IEnumerable<TrafficWindow> windows, VersionName stable, VersionName candidate, int steps, DateTimeOffset now)
    {
        var fresh = SeenWindows.Fresh(Gateways, windows, Generation);
        if (fresh.Count == 0)
        {
            return this;
        }

        var gateways = SeenWindows.Mark(Gateways, fresh, now);

        // Where the weights did not hold throughout, the two versions had their traffic at different times.
        var leased = fresh.Where(w => w.Leased).ToList();
        var (theirs, ours) = (TrafficTotals.Of(leased, stable, TrafficKind.Normal), TrafficTotals.Of(leased, candidate, TrafficKind.Normal));
        var taken = this with
        {
            Gateways = gateways,
            Stable = Stable.Plus(theirs),
            Candidate = Candidate.Plus(ours),
            StableUsers = StableUsers + theirs.FirstSeenKeys,
            CandidateUsers = CandidateUsers + ours.FirstSeenKeys,
            Experiment = Experiment?.Take(leased, stable, candidate),
            Looks = StepLooks.Add(Looks, Generation, fresh.Count, Gateways, gateways, now),
        };
        return taken.Bet(WatchedMetrics.Of(policy), leased, stable, candidate, steps);
    }

    /// <summary>How many requests of each version count as one, in a metric.</summary>
    internal (double Stable, double Candidate) EffectOf(string metric) => Groups.TryGetValue(metric, out var pair)
        ? (DesignEffect.Of(pair.Stable, StableUsers), DesignEffect.Of(pair.Candidate, CandidateUsers))
        : (1, 1);

    private RampEvidence Bet(IReadOnlyList<WatchedMetric> watched, List<TrafficWindow> windows, VersionName stable, VersionName candidate, int steps)
    {
        var means = new Dictionary<string, MeanEvidence>(Means, StringComparer.Ordinal);
        var groups = new Dictionary<string, GroupPair>(Groups, StringComparer.Ordinal);
        var sums = new WindowSums(windows, stable, candidate);
        foreach (var metric in watched)
        {
            var blocks = sums.Of(metric, Stable, Candidate);
            var pair = groups.GetValueOrDefault(metric.Name, GroupPair.Empty);
            groups[metric.Name] = new GroupPair(
                pair.Stable.Plus(sums.StableTrials, sums.StableSums), pair.Candidate.Plus(sums.CandidateTrials, sums.CandidateSums));
            if (metric is WatchedMetric.Mean mean)
            {
                var (theirs, ours) = (this with { Groups = groups }).EffectOf(metric.Name);
                var evidence = means.GetValueOrDefault(metric.Name, MeanEvidence.None);
                foreach (var block in blocks)
                {
                    evidence = evidence.Take(block.Deflate(theirs, ours), mean.Tolerance, steps);
                }

                means[metric.Name] = evidence;
            }
        }

        return this with { Means = means, Groups = groups };
    }
}

/// <summary>How far a gateway's windows were taken in.</summary>
/// <param name="Number">The newest window's number.</param>
/// <param name="Start">The latest start, by the gateway's clock.</param>
/// <param name="At">The look that took it in.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct GatewayMark(long Number, DateTimeOffset Start, DateTimeOffset At);

/// <summary>Outcomes of both versions by groups of users.</summary>
public sealed record GroupPair(GroupSums Stable, GroupSums Candidate)
{
    /// <summary>Nothing counted.</summary>
    public static readonly GroupPair Empty = new(GroupSums.Empty, GroupSums.Empty);
}
