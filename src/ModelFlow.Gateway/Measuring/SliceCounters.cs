using ModelFlow.Core.Naming;
using ModelFlow.Core.Traffic;

namespace ModelFlow.Gateway.Measuring;

/// <summary>Adds up the slices of one route generation; the first that come are told apart, as many as <see cref="SliceName.MaxDistinct"/>. For one thread.</summary>
internal sealed class SliceCounters
{
    private readonly HashSet<string> _known = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Slice, string Version), SliceCell> _cells = [];

    public void Add(string slice, string version, RequestOutcome outcome)
    {
        if (outcome == RequestOutcome.ClientAbort)
        {
            return;
        }

        var failed = outcome is RequestOutcome.UpstreamError or RequestOutcome.Timeout or RequestOutcome.ConnectError;
        var cell = Cell(slice, version);
        _cells[(cell.Slice, version)] = cell with { Requests = cell.Requests + 1, Errors = cell.Errors + (failed ? 1 : 0) };
    }

    public void Add(string slice, string version, double mark)
    {
        var cell = Cell(slice, version);
        _cells[(cell.Slice, version)] = cell with { Feedback = cell.Feedback + new FeedbackTotals(1, mark, mark * mark) };
    }

    /// <summary>What was added since the last time; null for nothing.</summary>
    public IReadOnlyList<SliceCell>? Take()
    {
        if (_cells.Count == 0)
        {
            return null;
        }

        SliceCell[] taken = [.. _cells.Values.Take(SliceCell.MaxCells)];
        _cells.Clear();
        return taken;
    }

    private SliceCell Cell(string slice, string version)
    {
        var name = _known.Contains(slice) ? slice
            : string.Equals(slice, SliceName.Other, StringComparison.Ordinal) || _known.Count >= SliceName.MaxDistinct ? SliceName.Other
            : Know(slice);
        return _cells.GetValueOrDefault((name, version)) ?? new SliceCell { Slice = name, Version = VersionName.Parse(version) };
    }

    private string Know(string slice)
    {
        _known.Add(slice);
        return slice;
    }
}
