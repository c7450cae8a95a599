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

    // A generation that has lasted for a while is looked at less closely: fewer rows to store and to read.
    private static readonly TimeSpan CloselyFor = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan LaterLength = TimeSpan.FromSeconds(10);

    private readonly Dictionary<(string Version, int SubBucket, TrafficKind Kind), CellCounter> _cells = [];
    private ulong[]? _seen;
    private int _lapsed;
    private DateTimeOffset? _firstUsed;
    private DateTimeOffset _start;

    /// <summary>Whether anything was counted since the last window.</summary>
    internal bool Touched { get; private set; }

    /// <summary>Notes that the candidates' weights did not hold for some time in this window.</summary>
    public void LeaseLapsed() => Volatile.Write(ref _lapsed, 1);

    /// <summary>Begins a window.</summary>
    internal void Begin(DateTimeOffset start)
    {
        Touched = true;
        _start = start;
        _firstUsed ??= start;
    }

    /// <summary>Whether the window has its length.</summary>
    internal bool IsDue(DateTimeOffset now) => now - _firstUsed < CloselyFor || now - _start >= LaterLength;

    internal void Add(in Sample sample)
    {
        var place = (sample.Version, sample.Choice.SubBucket, sample.Choice.Kind);
        if (!_cells.TryGetValue(place, out var cell))
        {
            _cells[place] = cell = new CellCounter(VersionName.Parse(place.Version), place.SubBucket, place.Kind);
        }

        cell.Add(sample, sample.Choice.Kind == TrafficKind.Normal && IsFirstSeen(sample));
    }

    internal TrafficWindow Take(string gateway, DateTimeOffset now, long number)
    {
        Touched = false;
        var lapsed = Interlocked.Exchange(ref _lapsed, 0) != 0;
        return new TrafficWindow
        {
            Gateway = gateway,
            Model = route.Model,
            Generation = route.Generation,
            Step = route.Step,
            Start = _start,
            Length = now > _start ? now - _start : TimeSpan.Zero,
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
