using System.Text.Json.Serialization;
using ModelFlow.Core.Analysis;

namespace ModelFlow.Core.Experiments;

/// <summary>
/// A confidence sequence for the difference of two means of values from 0 to 1, candidate minus stable: an interval that holds at every look at
/// once. Nothing is assumed of the values but their range, and nothing is asymptotic. Immutable.
/// </summary>
/// <remarks>
/// The empirical Bernstein supermartingale of Howard, Ramdas, McAuliffe and Sekhon (Ann. Statist. 49(2), 2021, theorem 4), as used by
/// Waudby-Smith and Ramdas ("Estimating means of bounded random variables by betting", JRSS B 86(1), 2024, theorem 2), for two samples: with
/// n outcomes of the candidate and m of stable in a block, each of the first is weighted with <c>λ·m/(n+m)</c>, each of the second with
/// <c>−λ·n/(n+m)</c>, so that both add up to <c>λ·h</c> with <c>h = n·m/(n+m)</c>, and
/// <c>exp(λ·Σ h·(difference of the block's means − δ) − Σ ψ(weight)·(outcome − forecast)²)</c> with <c>ψ(λ) = −ln(1−λ) − λ</c> has a mean of at most 1
/// for the true difference δ. Versions are only compared within a block, so a rate that changes over the day is no difference; where δ itself changes, the interval is for its mean
/// over blocks, weighted with h. Forecasts come from earlier blocks. A mixture over fixed λ takes the place of one that would have to be guessed, and leaves the
/// level open until one looks (Robbins, Ann. Math. Statist. 41, 1970). The δ that are not refuted form the interval.
/// </remarks>
public sealed record EffectSequence
{
    /// <summary>Nothing seen.</summary>
    public static readonly EffectSequence None = new();

    // Small blocks waste outcomes: of one version alone nothing can be said.
    private const double LeastInBlock = 4;

    // Down to what about a million outcomes want.
    private static readonly double[] Lambdas = [.. Enumerable.Range(0, 12).Select(k => 0.75 * Math.Pow(0.62, k))];

    /// <summary>Outcomes of blocks, in pairs: the sum of h.</summary>
    public double Pairs { get; init; }

    /// <summary>The sum of h times the difference of the block's means.</summary>
    public double Difference { get; init; }

    /// <summary>What the spread of the outcomes has cost, for each λ; empty before the first block.</summary>
    public IReadOnlyList<double> Costs { get; init; } = [];

    /// <summary>Outcomes of past blocks: what forecasts are made of.</summary>
    public OutcomeSums StablePast { get; init; }

    /// <inheritdoc cref="StablePast"/>
    public OutcomeSums CandidatePast { get; init; }

    /// <summary>Outcomes of a block that is too small so far.</summary>
    public OutcomeSums StableOpen { get; init; }

    /// <inheritdoc cref="StableOpen"/>
    public OutcomeSums CandidateOpen { get; init; }

    /// <summary>The mean difference over blocks; null before the first.</summary>
    [JsonIgnore]
    public double? Effect => Pairs <= 0 ? null : Difference / Pairs;

    /// <summary>Takes in outcomes of one stretch of time: effective counts, where outcomes are not independent.</summary>
    public EffectSequence Take(OutcomeSums stable, OutcomeSums candidate)
    {
        var (theirs, ours) = (StableOpen + stable, CandidateOpen + candidate);
        return Math.Min(theirs.Count, ours.Count) < LeastInBlock
            ? this with { StableOpen = theirs, CandidateOpen = ours }
            : (this with { StableOpen = default, CandidateOpen = default }).TakeBlock(theirs, ours);
    }

    /// <summary>Takes in one block in which both versions have outcomes.</summary>
    internal EffectSequence TakeBlock(OutcomeSums stable, OutcomeSums candidate)
    {
        var all = stable.Count + candidate.Count;
        var pairs = stable.Count * candidate.Count / all;
        var theirs = stable.SquaresAround(Forecast(StablePast));
        var ours = candidate.SquaresAround(Forecast(CandidatePast));
        var costs = new double[Lambdas.Length];
        for (var k = 0; k < costs.Length; k++)
        {
            costs[k] = (Costs.Count == 0 ? 0 : Costs[k]) + (Psi(Lambdas[k] * stable.Count / all) * ours) + (Psi(Lambdas[k] * candidate.Count / all) * theirs);
        }

        return this with
        {
            Pairs = Pairs + pairs,
            Difference = Difference + (pairs * (candidate.Mean() - stable.Mean())),
            Costs = costs,
            StablePast = StablePast + stable,
            CandidatePast = CandidatePast + candidate,
        };
    }

    /// <summary>The interval; null before the first block.</summary>
    /// <param name="alpha">The chance that it ever misses the truth, at any look; above 0 and below 1.</param>
    public MetricInterval? Interval(double alpha) =>
        Costs.Count == 0 ? null : new MetricInterval(LowerBound(Difference, alpha), -LowerBound(-Difference, alpha));

    /// <summary>The half of the interval's width that is to be expected after so many pairs, for planning.</summary>
    /// <param name="pairs">The sum of h.</param>
    /// <param name="variance">Of one outcome.</param>
    /// <param name="share">The candidate's share of the outcomes.</param>
    /// <param name="alpha">See <see cref="Interval"/>.</param>
    internal static double ExpectedHalfWidth(double pairs, double variance, double share, double alpha)
    {
        var (ours, theirs) = (pairs / (1 - share), pairs / share);
        var costs = Lambdas.Select(l => variance * ((Psi(l * (1 - share)) * ours) + (Psi(l * share) * theirs)));
        var expected = new EffectSequence { Pairs = pairs, Costs = [.. costs] };
        return -expected.LowerBound(0, alpha);
    }

    /// <summary>The logarithm of the evidence that the difference is above <paramref name="difference"/>.</summary>
    internal double LogEvidenceAbove(double difference) => Costs.Count == 0 ? 0 : LogEvidence(Difference - (difference * Pairs));

    /// <summary>The logarithm of the evidence that it is below.</summary>
    internal double LogEvidenceBelow(double difference) => Costs.Count == 0 ? 0 : LogEvidence((difference * Pairs) - Difference);

    private static double Forecast(OutcomeSums past) => (past.Sum + 0.5) / (past.Count + 1);

    private static double Psi(double lambda) => -Math.Log(1 - lambda) - lambda;

    // The evidence against a difference falls in the difference.
    private double LowerBound(double difference, double alpha)
    {
        var limit = Math.Log(2 / alpha);
        if (Pairs <= 0 || LogEvidence(difference + Pairs) < limit)
        {
            return -1;
        }

        var (refuted, possible) = (-1.0, 1.0);
        for (var i = 0; i < 50; i++)
        {
            var middle = (refuted + possible) / 2;
            if (LogEvidence(difference - (middle * Pairs)) >= limit)
            {
                refuted = middle;
            }
            else
            {
                possible = middle;
            }
        }

        return refuted;
    }

    private double LogEvidence(double excess)
    {
        var most = double.NegativeInfinity;
        for (var k = 0; k < Lambdas.Length; k++)
        {
            most = Math.Max(most, (Lambdas[k] * excess) - Costs[k]);
        }

        var sum = 0.0;
        for (var k = 0; k < Lambdas.Length; k++)
        {
            sum += Math.Exp((Lambdas[k] * excess) - Costs[k] - most);
        }

        return most + Math.Log(sum / Lambdas.Length);
    }
}
