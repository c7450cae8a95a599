using ModelFlow.Core.Naming;
using ModelFlow.Core.Traffic;
using Route = ModelFlow.Core.Traffic.Route;

namespace ModelFlow.Gateway.Measuring;

/// <summary>
/// Adds up the requests of one model and route generation. Requests only touch <see cref="LeaseLapsed"/>; everything else belongs to
/// the one thread that empties the <see cref="TrafficMeter"/>.
/// </summary>
public sealed class WindowCounter(Route route)
{
    // Keys seen are remembered as bits: 128 KiB for a ramping route, nothing for others.
    private const int SeenBits = 1 << 20;

    private readonly Dictionary<(string Version, int SubBucket, TrafficKind Kind), CellCounter> _cells = [];
    private ulong[]? _seen;
    private int _lapsed;

    /// <summary>Whether anything was counted since the last window.</summary>
    internal bool Touched { get; private set; }

    /// <summary>Notes that the candidates' weights did not hold for some time in this window.</summary>
    public void LeaseLapsed() => Volatile.Write(ref _lapsed, 1);

    internal void Add(in Sample sample)
    {
        Touched = true;
        var place = (sample.Version, sample.Choice.SubBucket, sample.Choice.Kind);
        if (!_cells.TryGetValue(place, out var cell))
        {
            _cells[place] = cell = new CellCounter(VersionName.Parse(place.Version), place.SubBucket, place.Kind);
        }

        cell.Add(sample, sample.Choice.Kind == TrafficKind.Normal && IsFirstSeen(sample));
    }

    internal TrafficWindow Take(string gateway, DateTimeOffset start, TimeSpan length, long number)
    {
        Touched = false;
        var lapsed = Interlocked.Exchange(ref _lapsed, 0) != 0;
        return new TrafficWindow
        {
            Gateway = gateway,
            Model = route.Model,
            Generation = route.Generation,
            Step = route.Step,
            Start = start,
            Length = length,
            Number = number,
            Leased = route.Candidates.Count > 0 && !lapsed,
            Cells = [.. _cells.Values.Where(c => !c.IsEmpty).Take(TrafficWindow.MaxCells).Select(c => c.Take())],
        };
    }

    private bool IsFirstSeen(in Sample sample)
    {
        if (route.Candidates.Count == 0)
        {
            return false;
        }

        if (!sample.HasKey)
        {
            return true;
        }

        // The bits that place a key in its sub-bucket and bucket are the lowest and the highest: those between tell keys apart best.
        _seen ??= new ulong[SeenBits / 64];
        var bit = (int)((sample.Choice.KeyHash >> 12) & (SeenBits - 1));
        var mask = 1UL << (bit & 63);
        var first = (_seen[bit >> 6] & mask) == 0;
        _seen[bit >> 6] |= mask;
        return first;
    }
}
