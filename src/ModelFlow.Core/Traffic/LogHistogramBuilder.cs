namespace ModelFlow.Core.Traffic;

/// <summary>Counts durations for a <see cref="LogHistogram"/>. For one thread; can be used again after <see cref="Clear"/> without new memory.</summary>
public sealed class LogHistogramBuilder
{
    private const int Chunk = 64;

    private long[] _counts = [];
    private int _first;

    /// <summary>How many durations were counted.</summary>
    public long Count { get; private set; }

    /// <summary>Counts one duration in microseconds.</summary>
    public void Add(double microseconds) => Add(LogHistogram.BinOf(microseconds), 1);

    /// <summary>Counts all that <paramref name="histogram"/> counted.</summary>
    public void Add(LogHistogram histogram)
    {
        for (var i = 0; i < histogram.Bins.Length; i++)
        {
            Add(histogram.Bins[i], histogram.Counts[i]);
        }
    }

    /// <summary>Counts so many durations of a bin.</summary>
    internal void AddBin(int bin, long count)
    {
        if (count > 0)
        {
            Add(bin, count);
        }
    }

    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        Array.Clear(_counts);
        Count = 0;
    }

    /// <summary>What was counted.</summary>
    public LogHistogram Build()
    {
        var filled = _counts.AsSpan().Length - _counts.AsSpan().Count(0L);
        if (filled == 0)
        {
            return LogHistogram.Empty;
        }

        var bins = new int[filled];
        var counts = new long[filled];
        var at = 0;
        for (var i = 0; i < _counts.Length; i++)
        {
            if (_counts[i] != 0)
            {
                (bins[at], counts[at]) = (_first + i, _counts[i]);
                at++;
            }
        }

        return new LogHistogram(bins, counts);
    }

    private void Add(int bin, long count)
    {
        if (bin < _first || bin >= _first + _counts.Length)
        {
            Cover(bin);
        }

        _counts[bin - _first] += count;
        Count += count;
    }

    private void Cover(int bin)
    {
        var from = _counts.Length == 0 ? bin : Math.Min(bin, _first);
        var to = _counts.Length == 0 ? bin : Math.Max(bin, _first + _counts.Length - 1);
        from -= from % Chunk;
        to += Chunk - (to % Chunk);
        var counts = new long[to - from];
        _counts.CopyTo(counts, _counts.Length == 0 ? 0 : _first - from);
        (_counts, _first) = (counts, from);
    }
}
