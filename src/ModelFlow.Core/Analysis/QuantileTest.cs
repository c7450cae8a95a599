using ModelFlow.Core.Traffic;

namespace ModelFlow.Core.Analysis;

/// <summary>
/// Whether the τ-quantile of a candidate's durations is above (or below) a multiple of stable's, at every look. For the true quantile q of stable, the
/// number of stable's durations above q, and of the candidate's above the multiple of q, are binomial with p = 1 − τ at the edge of the
/// hypothesis; for each the mixture martingale over the greatest likelihood of the hypothesis's side is an e-process (sequential quantile tests: Howard and Ramdas,
/// Bernoulli 28(3), 2022). As q is not known, the evidence is the least of their product over all q: no shape of the distributions is
/// assumed. Durations are known by their bins (<see cref="LogHistogram"/>), and each bin counts on the side that says less.
/// </summary>
internal sealed class QuantileTest
{
    // Two opinions of how far off a share may be: far, for few samples, and near, for many.
    private const double FarPrior = 4;
    private const double NearPrior = 200;

    // Where durations lie that never came to an end.
    private const int Endless = LogHistogram.LastBin + 1;

    private const double MostLost = -0.69314718055994529; // ln 1/2

    private static readonly double LogGamma = Math.Log((1 + LogHistogram.RelativeError) / (1 - LogHistogram.RelativeError));

    private readonly Tail _stable;
    private readonly Tail _candidate;
    private readonly double _above;

    private QuantileTest(Tail stable, Tail candidate, double quantile)
    {
        (_stable, _candidate, _above) = (stable, candidate, 1 - quantile);
        _stable.Prepare(_above);
        _candidate.Prepare(_above);
    }

    /// <summary>
    /// The logarithms of the evidence that the candidate's quantile is above <paramref name="ratio"/> times stable's, and of the evidence that it is below. Where a client
    /// went away, what its answer would have taken is bounded only from below: each evidence takes it as what says less.
    /// </summary>
    /// <param name="stable">Stable's durations.</param>
    /// <param name="stableAborted">How long clients of stable had waited at least that went away: against harm taken as endless.</param>
    /// <param name="candidate">The candidate's durations.</param>
    /// <param name="candidateAborted">How long clients of the candidate had waited at least that went away: for harm taken as just so long.</param>
    /// <param name="quantile">τ, above 0 and below 1.</param>
    /// <param name="ratio">1 or more.</param>
    /// <param name="stableEffect">How many of stable's durations count as one: see <see cref="DesignEffect"/>.</param>
    /// <param name="candidateEffect">The same for the candidate.</param>
    public static (double Harm, double Health) LogEvidence(
        LogHistogram stable, LogHistogram stableAborted, LogHistogram candidate, LogHistogram candidateAborted, double quantile, double ratio, double stableEffect, double candidateEffect)
    {
        var shift = Math.Log(ratio) / LogGamma;
        var harm = new QuantileTest(new Tail(stable, stableAborted.Count, stableEffect), new Tail(candidate.Merge(candidateAborted), 0, candidateEffect), quantile);
        var health = stableAborted.IsEmpty && candidateAborted.IsEmpty ? harm
            : new QuantileTest(new Tail(stable.Merge(stableAborted), 0, stableEffect), new Tail(candidate, candidateAborted.Count, candidateEffect), quantile);
        return (
            harm.Least((int)Math.Ceiling(shift - 1e-9), harm.LogAbove),
            health.Least((int)Math.Floor(shift + 1e-9) - 1, health.LogBelow));
    }

    // The least, over the bin that holds stable's quantile, of both evidences together. Outward from where stable's quantile seems to be stable's own
    // evidence only grows, so the search ends where it outweighs the least found whatever the candidate's is.
    private double Least(int shift, Func<Tail, int, double> candidate)
    {
        if (_stable.Count == 0 || _candidate.Count == 0)
        {
            return 0;
        }

        var middle = _stable.BinAbove(_above);
        var least = LogStable(middle) + HalfKept(candidate(_candidate, middle + shift));
        foreach (var direction in (ReadOnlySpan<int>)[1, -1])
        {
            for (var bin = middle + direction; bin is >= 0 and <= Endless; bin += direction)
            {
                // Where no duration lies between two bins, both say the same.
                var before = bin - direction;
                if (_stable.IsSame(bin, before) && _stable.IsSame(bin - 1, before - 1) && _candidate.IsSame(bin + shift, before + shift))
                {
                    continue;
                }

                var stable = LogStable(bin);
                if (stable > 0 && stable + MostLost > least)
                {
                    break;
                }

                least = Math.Min(least, stable + HalfKept(candidate(_candidate, bin + shift)));
            }
        }

        return least;
    }

    // Half of the money is not bet, so that the candidate's side can take away no more than the other half.
    private static double HalfKept(double log) => log > 50 ? log + MostLost : Math.Log((1 + Math.Exp(log)) / 2);

    // Stable's quantile in this bin: too many above it, or too few at or above it.
    private double LogStable(int bin)
    {
        var (above, below) = (LogAbove(_stable, bin), LogBelow(_stable, bin - 1));
        var most = Math.Max(above, below);
        return most + Math.Log((Math.Exp(above - most) + Math.Exp(below - most)) / 2);
    }

    // Evidence that the share above a bin is more than 1 − τ.
    private double LogAbove(Tail tail, int bin)
    {
        var beyond = tail.Beyond(bin);
        return tail.LogMixture(bin) - BetaMixture.LogLikelihood(beyond, tail.Effective, Math.Min(_above, beyond / tail.Effective));
    }

    // Evidence that it is less.
    private double LogBelow(Tail tail, int bin)
    {
        var beyond = tail.Beyond(bin);
        return tail.LogMixture(bin) - BetaMixture.LogLikelihood(beyond, tail.Effective, Math.Max(_above, beyond / tail.Effective));
    }

    /// <summary>How many durations lie above each bin, endless ones included; effective counts.</summary>
    private sealed class Tail
    {
        private readonly int _first;
        private readonly long[] _beyond;
        private readonly double _effect;
        private readonly double[] _mixtures;
        private BetaMixture.Prior _far;
        private BetaMixture.Prior _near;

        public Tail(LogHistogram histogram, long endless, double effect)
        {
            _effect = effect;
            Count = histogram.Count + endless;
            Effective = Count / effect;
            var bins = histogram.Bins;
            _first = bins.IsEmpty ? 0 : bins[0];
            _beyond = new long[bins.IsEmpty ? 1 : bins[^1] - _first + 1];
            _mixtures = new double[_beyond.Length + 2];
            Array.Fill(_mixtures, double.NaN);
            Array.Fill(_beyond, endless);
            for (var i = bins.Length - 1; i > 0; i--)
            {
                // All bins from the one before up to just below this one have this one's durations above them.
                Array.Fill(_beyond, _beyond[bins[i] - _first] + histogram.Counts[i], bins[i - 1] - _first, bins[i] - bins[i - 1]);
            }
        }

        public long Count { get; }

        public double Effective { get; }

        /// <summary>Must come before <see cref="LogMixture"/>.</summary>
        public void Prepare(double above)
        {
            _far = new BetaMixture.Prior(FarPrior * above, FarPrior * (1 - above), Effective);
            _near = new BetaMixture.Prior(NearPrior * above, NearPrior * (1 - above), Effective);
        }

        /// <summary>The mixture likelihood of how many lie above a bin: the search asks for each bin more than once.</summary>
        public double LogMixture(int bin)
        {
            ref var mixture = ref _mixtures[bin >= Endless ? _mixtures.Length - 1 : Math.Clamp(bin - _first + 1, 0, _mixtures.Length - 2)];
            if (double.IsNaN(mixture))
            {
                var beyond = Beyond(bin);
                var (far, near) = (_far.Log(beyond), _near.Log(beyond));
                var most = Math.Max(far, near);
                mixture = most + Math.Log((Math.Exp(far - most) + Math.Exp(near - most)) / 2);
            }

            return mixture;
        }

        public double Beyond(int bin) => Above(bin) / _effect;

        /// <summary>Whether as many lie above the one bin as above the other.</summary>
        public bool IsSame(int bin, int other) => Above(bin) == Above(other);

        /// <summary>The first bin with at most this share above it.</summary>
        public int BinAbove(double share)
        {
            for (var i = 0; i < _beyond.Length; i++)
            {
                if (_beyond[i] <= share * Count)
                {
                    return _first + i;
                }
            }

            return Endless;
        }

        private long Above(int bin) =>
            bin >= Endless ? 0
            : bin < _first ? Count
            : _beyond[Math.Min(bin - _first, _beyond.Length - 1)];
    }
}
