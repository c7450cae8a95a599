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
    // Keys seen are remembered as bits: 128 KiB for a ramping route, as much for a shadow, nothing for others.
    private const int SeenBits = 1 << 20;

    private const int Unknown = 255;

    // A generation that has lasted for a while is looked at less closely: fewer rows to store and to read.
    private static readonly TimeSpan CloselyFor = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan LaterLength = TimeSpan.FromSeconds(10);

    private readonly Dictionary<(string Version, int SubBucket, TrafficKind Kind), CellCounter> _cells = [];
    private readonly SliceCounters _slices = new();
    private readonly List<VersionName> _versions = [.. route.Versions];
    private ulong[]? _seen;
    private ulong[]? _seenInShadow;
    private int _lapsed;
    private DateTimeOffset? _firstUsed;
    private DateTimeOffset _start;

    /// <summary>The name of the model it counts.</summary>
    public string Model => route.Model.Value;

    /// <summary>The generation it counts.</summary>
    public long Generation => route.Generation;

    /// <summary>Whether anything was counted since the last window.</summary>
    internal bool Touched { get; private set; }

    /// <summary>Notes that the candidates' weights did not hold for some time in this window.</summary>
    public void LeaseLapsed() => Volatile.Write(ref _lapsed, 1);

    /// <summary>
    /// The index of a version among those of this generation: first those the route names, then others as they come to be known.
    /// An index keeps its meaning, whatever is loaded and unloaded later. Beyond 255 there is one index for all.
    /// </summary>
    public int IndexOf(VersionName version)
    {
        lock (_versions)
        {
            var index = _versions.IndexOf(version);
            if (index < 0 && _versions.Count < Unknown)
            {
                index = _versions.Count;
                _versions.Add(version);
            }

            return index < 0 ? Unknown : index;
        }
    }

    /// <summary>The version of an index; null if it has none.</summary>
    public VersionName? VersionAt(int index)
    {
        lock (_versions)
        {
            return index < _versions.Count ? _versions[index] : null;
        }
    }

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
        var cell = Cell(sample.Version, sample.Choice.SubBucket, sample.Choice.Kind);
        cell.Add(sample, route.Candidates.Count > 0 && sample.Choice.Kind == TrafficKind.Normal && IsFirstSeen(ref _seen, sample));
        if (sample is { Slice: { } slice, Choice.Kind: TrafficKind.Normal })
        {
            _slices.Add(slice, sample.Version, sample.Outcome);
        }
    }

    internal void Add(in PairSample pair)
    {
        var cell = Cell(pair.Mirrored.Version, pair.Mirrored.Choice.SubBucket, pair.Mirrored.Choice.Kind);
        if (pair.Pair.Pairs > 0)
        {
            cell.Add(pair.Mirrored, IsFirstSeen(ref _seenInShadow, pair.Mirrored));
        }

        cell.Add(pair.Pair, pair.StableMicroseconds);
    }

    internal void Add(in FeedbackMark mark)
    {
        Cell(mark.Version, mark.SubBucket, mark.Kind).Add(mark.Score);
        if (mark is { Slice: { } slice, Kind: TrafficKind.Normal })
        {
            _slices.Add(slice, mark.Version, mark.Score);
        }
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
            Leased = route.NeedsLease && !lapsed,
            Cells = [.. _cells.Values.Where(c => !c.IsEmpty).Take(TrafficWindow.MaxCells).Select(c => c.Take())],
            Slices = _slices.Take(),
        };
    }

    private CellCounter Cell(string version, int subBucket, TrafficKind kind)
    {
        var place = (version, subBucket, kind);
        if (!_cells.TryGetValue(place, out var cell))
        {
            _cells[place] = cell = new CellCounter(VersionName.Parse(version), subBucket, kind);
        }

        return cell;
    }

    private static bool IsFirstSeen(ref ulong[]? seen, in Sample sample)
    {
        if (!sample.HasKey)
        {
            return true;
        }

        // The bits that place a key in its sub-bucket and bucket are the lowest and the highest: those between tell keys apart best.
        seen ??= new ulong[SeenBits / 64];
        var bit = (int)((sample.Choice.KeyHash >> 12) & (SeenBits - 1));
        var mask = 1UL << (bit & 63);
        var first = (seen[bit >> 6] & mask) == 0;
        seen[bit >> 6] |= mask;
        return first;
    }
}
