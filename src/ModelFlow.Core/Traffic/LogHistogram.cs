using System.Text.Json.Serialization;

namespace ModelFlow.Core.Traffic;

/// <summary>
/// How often each duration was seen, to a relative error of 1 %, in logarithmic bins that merge without loss:
/// DDSketch (Masson, Rim and Lee, "DDSketch: a fast and fully-mergeable quantile sketch with relative-error guarantees",
/// PVLDB 12(12), 2019). Bin <c>i</c> counts durations in (γ^(i−1), γ^i] microseconds with γ = 1.01/0.99; bin 0 all up to 1 µs;
/// the last bin all beyond 2.8 hours. Only bins that are not empty take space, and none are ever joined: joined ones would move
/// the median of a version whose tail is longer. Immutable; written as JSON as base64 of (bin step, count) in LEB128.
/// </summary>
[JsonConverter(typeof(LogHistogramConverter))]
public sealed class LogHistogram : IEquatable<LogHistogram>
{
    /// <summary>A quantile differs from the true one by at most this share of it.</summary>
    public const double RelativeError = 0.01;

    /// <summary>The index of the last bin.</summary>
    public const int LastBin = 1152;

    /// <summary>Nothing counted.</summary>
    public static readonly LogHistogram Empty = new([], []);

    private static readonly double LogGamma = Math.Log((1 + RelativeError) / (1 - RelativeError));

    private readonly int[] _bins;
    private readonly long[] _counts;

    /// <summary>Bins that rise strictly and their counts, each at least 1. The arrays are taken, not copied.</summary>
    internal LogHistogram(int[] bins, long[] counts)
    {
        _bins = bins;
        _counts = counts;
        foreach (var count in counts)
        {
            Count = checked(Count + count);
        }
    }

    /// <summary>So many durations that are as short as any.</summary>
    public static LogHistogram Shortest(long count) => count == 0 ? Empty : new([0], [count]);

    /// <summary>How many durations were counted.</summary>
    public long Count { get; }

    /// <summary>Whether nothing was counted.</summary>
    public bool IsEmpty => Count == 0;

    /// <summary>The bins that are not empty, rising.</summary>
    public ReadOnlySpan<int> Bins => _bins;

    /// <summary>The count of each bin of <see cref="Bins"/>.</summary>
    public ReadOnlySpan<long> Counts => _counts;

    /// <summary>The bin of a duration in microseconds; what is no duration (negative, NaN) falls into bin 0.</summary>
    public static int BinOf(double microseconds) =>
        microseconds > 1 ? (int)Math.Min(Math.Ceiling(Math.Log(microseconds) / LogGamma), LastBin) : 0;

    /// <summary>What lies above bin <paramref name="bin"/>'s lower edge, in microseconds; 0 for bin 0.</summary>
    public static double LowerEdge(int bin) => bin <= 0 ? 0 : Math.Exp((bin - 1) * LogGamma);

    /// <summary>The greatest duration of bin <paramref name="bin"/>, in microseconds; endless for the last one.</summary>
    public static double UpperEdge(int bin) => bin >= LastBin ? double.PositiveInfinity : Math.Exp(bin * LogGamma);

    /// <summary>The value that stands for every duration of a bin, within 1 % of each, in microseconds.</summary>
    public static double ValueOf(int bin) => bin <= 0 ? 1 : 2 * Math.Exp(bin * LogGamma) / (Math.Exp(LogGamma) + 1);

    /// <summary>The bin of the <paramref name="rank"/>-th smallest duration, counted from 1.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The rank is not in 1 to <see cref="Count"/>.</exception>
    public int BinAtRank(long rank)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rank, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(rank, Count);
        var seen = 0L;
        var i = 0;
        while ((seen += _counts[i]) < rank)
        {
            i++;
        }

        return _bins[i];
    }

    /// <summary>The <paramref name="quantile"/>-quantile in microseconds, 0 to 1: the smallest value with at least that share at or below it; null when empty.</summary>
    public double? Quantile(double quantile) =>
        IsEmpty ? null : ValueOf(BinAtRank(Math.Clamp((long)Math.Ceiling(quantile * Count), 1, Count)));

    /// <summary>All that was counted in either.</summary>
    public LogHistogram Merge(LogHistogram other)
    {
        if (other.IsEmpty)
        {
            return this;
        }

        if (IsEmpty)
        {
            return other;
        }

        var sum = new LogHistogramBuilder();
        sum.Add(this);
        sum.Add(other);
        return sum.Build();
    }

    /// <inheritdoc/>
    public bool Equals(LogHistogram? other) => other is not null && _bins.AsSpan().SequenceEqual(other._bins) && _counts.AsSpan().SequenceEqual(other._counts);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as LogHistogram);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Count, _bins.Length);
}
