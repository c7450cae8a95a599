using System.Text.Json.Serialization;

namespace ModelFlow.Core.Analysis;

/// <summary>
/// What is established so far about a mean of outcomes, such as an error rate: the wealth of two gamblers who bet block by block
/// (<see cref="MeanBet"/>), one that the candidate is worse than tolerated, one that it is not. If it is not worse, the first
/// ever multiplies its money by 1/α with probability at most α (Ville's inequality), however often one looks and whatever the weights were; likewise the second
/// if it is worse. Wealths are kept as logarithms; immutable.
/// </summary>
/// <remarks>
/// The first gambler splits its money over several alternatives, as it does not know how great the harm is: what was seen so far, and
/// fixed multiples of the tolerated odds up to "everything fails". It begins with half of the money, puts in a quarter at the
/// beginnings of steps, and a quarter at times within a step that double, so that harm that begins late is not drowned by a long good time:
/// the sum of such wealths is one as well.
/// </remarks>
public sealed record MeanEvidence
{
    /// <summary>Nothing seen.</summary>
    public static readonly MeanEvidence None = new();

    /// <summary>Put in at the beginnings of steps, the same at each; in a step without stable's traffic it is bet by <see cref="ReferenceTest"/>.</summary>
    internal const double AtSteps = 0.25;

    private const double Start = 0.5;
    private const double Within = 0.25;

    // The second gambler's wealth may not pile up without bound: a version that turns bad must lose the name of healthy soon.
    private const double MostHealth = 6;

    // Past outcomes beyond these trials fade, so that alternatives follow what changes over the day.
    private const double MemoryTrials = 20_000;

    // What is believed of stable's mean, with the weight of one outcome: failures are rare.
    private const double PriorMean = 0.1;

    // What is bet on, as multiples of the tolerated odds, in the order in which wealths are stored; NaN stands for what was seen so far. The small ones find what takes
    // thousands of outcomes. Evidence that was stored before they were there goes on with the first six.
    private static readonly double[] Odds = [1.5, 2, 4, 16, double.PositiveInfinity, double.NaN, 1.2, 1.08];

    /// <summary>The wealth of each alternative of the first gambler, as logarithms; empty before the first block.</summary>
    public IReadOnlyList<double> LogHarm { get; init; } = [];

    /// <summary>The wealth of each alternative of the second gambler, as logarithms; empty before the first block.</summary>
    public IReadOnlyList<double> LogHealth { get; init; } = [];

    /// <summary>Trials and sums of the past, faded: what alternatives are made of.</summary>
    public double StableTrials { get; init; }

    /// <inheritdoc cref="StableTrials"/>
    public double StableSum { get; init; }

    /// <inheritdoc cref="StableTrials"/>
    public double CandidateTrials { get; init; }

    /// <inheritdoc cref="StableTrials"/>
    public double CandidateSum { get; init; }

    /// <summary>Outcomes of a block that lacks one version so far.</summary>
    public double OpenStableTrials { get; init; }

    /// <inheritdoc cref="OpenStableTrials"/>
    public double OpenStableSum { get; init; }

    /// <inheritdoc cref="OpenStableTrials"/>
    public double OpenCandidateTrials { get; init; }

    /// <inheritdoc cref="OpenStableTrials"/>
    public double OpenCandidateSum { get; init; }

    /// <summary>Blocks bet on in the current step.</summary>
    public int Blocks { get; init; }

    /// <summary>The logarithm of the first gambler's whole wealth; it began with 0.</summary>
    [JsonIgnore]
    public double LogHarmWealth => LogHarm.Count == 0 ? Math.Log(Start) : LogSum(LogHarm);

    /// <summary>The logarithm of the second gambler's whole wealth; it began with 0.</summary>
    [JsonIgnore]
    public double LogHealthWealth => LogHealth.Count == 0 ? 0 : LogSum(LogHealth);

    private MeanBlock Open => new(OpenStableTrials, OpenStableSum, OpenCandidateTrials, OpenCandidateSum);

    /// <summary>A new step begins.</summary>
    /// <param name="steps">How many steps the ramp has.</param>
    internal MeanEvidence BeginStep(int steps) => (LogHarm.Count == 0 ? FirstMoney() : this).PutIn(AtSteps / steps) with { Blocks = 0 };

    /// <summary>Takes in outcomes of one stretch of time.</summary>
    /// <param name="block">The outcomes: effective counts, where requests are not independent.</param>
    /// <param name="tolerance">What is tolerated.</param>
    /// <param name="steps">How many steps the ramp has.</param>
    internal MeanEvidence Take(in MeanBlock block, MeanTolerance tolerance, int steps)
    {
        var open = Open + block;
        if (!open.IsComplete)
        {
            return this with
            {
                OpenStableTrials = open.StableTrials,
                OpenStableSum = open.StableSum,
                OpenCandidateTrials = open.CandidateTrials,
                OpenCandidateSum = open.CandidateSum,
            };
        }

        var stable = (StableSum + PriorMean) / (StableTrials + 1);
        var candidate = (CandidateSum + stable) / (CandidateTrials + 1);
        var limit = tolerance.Limit(stable);
        var before = LogHarm.Count == 0 ? FirstMoney() : this;

        // Money goes in before the bet, never after its outcome is known.
        before = IsPowerOfTwo(before.Blocks + 1) ? before.PutIn(Within / steps * Telescope(before.Blocks + 1)) : before;

        // The very first block is only learned from: a bet without any knowledge of stable could lose everything at once.
        var blind = StableTrials <= 0;
        var memory = new MeanBlock(StableTrials, StableSum, CandidateTrials, CandidateSum) + open;
        if (memory.StableTrials + memory.CandidateTrials > MemoryTrials)
        {
            memory *= 0.5;
        }

        return before with
        {
            LogHarm = blind ? before.LogHarm : Harm(before.LogHarm, open, tolerance, stable, candidate, limit),
            LogHealth = blind ? before.LogHealth : Health(before.LogHealth, open, tolerance, stable, candidate, limit),
            StableTrials = memory.StableTrials,
            StableSum = memory.StableSum,
            CandidateTrials = memory.CandidateTrials,
            CandidateSum = memory.CandidateSum,
            OpenStableTrials = 0,
            OpenStableSum = 0,
            OpenCandidateTrials = 0,
            OpenCandidateSum = 0,
            Blocks = before.Blocks + 1,
        };
    }

    private static double[] Harm(IReadOnlyList<double> wealth, in MeanBlock block, MeanTolerance tolerance, double stable, double candidate, double limit)
    {
        var after = new double[Math.Min(wealth.Count, Odds.Length)];
        for (var i = 0; i < after.Length; i++)
        {
            var alternative = Math.Min(Alternative(Odds[i], candidate, limit), 0.99);
            after[i] = wealth[i] + (alternative > limit
                ? MeanBet.Against(tolerance, stable, alternative, block.StableTrials, block.CandidateTrials).LogReturn(block)
                : 0);
        }

        return after;
    }

    private static double Alternative(double odds, double candidate, double limit) =>
        double.IsNaN(odds) ? candidate
        : double.IsInfinity(odds) ? 1
        : odds * limit / (1 - limit + (odds * limit));

    private static double[] Health(IReadOnlyList<double> wealth, in MeanBlock block, MeanTolerance tolerance, double stable, double candidate, double limit)
    {
        var after = new double[2];
        for (var i = 0; i < after.Length; i++)
        {
            // As good as stable, or as good as it seems.
            var alternative = i == 0 ? stable : candidate;
            after[i] = wealth[i] + (alternative < limit && limit < 1
                ? MeanBet.Against(tolerance, stable, alternative, block.StableTrials, block.CandidateTrials).LogReturn(block)
                : 0);
            after[i] = Math.Min(after[i], MostHealth);
        }

        return after;
    }

    private static double LogSum(IReadOnlyList<double> logs)
    {
        var most = logs.Max();
        return most + Math.Log(logs.Sum(l => Math.Exp(l - most)));
    }

    private static bool IsPowerOfTwo(int number) => (number & (number - 1)) == 0;

    // 1/2, 1/6, 1/12, … at blocks 1, 2, 4, …: together 1.
    private static double Telescope(int block)
    {
        var j = int.Log2(block);
        return 1.0 / ((j + 1.0) * (j + 2.0));
    }

    private MeanEvidence FirstMoney() => this with
    {
        LogHarm = [.. Enumerable.Repeat(Math.Log(Start / Odds.Length), Odds.Length)],
        LogHealth = [Math.Log(0.5), Math.Log(0.5)],
    };

    private MeanEvidence PutIn(double money)
    {
        var share = Math.Log(money / LogHarm.Count);
        return this with { LogHarm = [.. LogHarm.Select(l => LogSum([l, share]))] };
    }
}
