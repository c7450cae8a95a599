using ModelFlow.Core.Evaluation;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Traffic;

namespace ModelFlow.Core.Backtesting;

/// <summary>
/// Puts a fault into what windows counted of a candidate. Deterministic: the same seed, fault and window give the same window. Requests that were sent stay
/// as many, only what became of them changes.
/// </summary>
internal sealed class FaultInjector
{
    private static readonly double LogGamma = Math.Log((1 + LogHistogram.RelativeError) / (1 - LogHistogram.RelativeError));

    private readonly Fault _fault;
    private readonly VersionName _candidate;
    private readonly string _seed;
    private readonly HashSet<int> _badGroups = [];

    public FaultInjector(Fault fault, VersionName candidate, string seed)
    {
        (_fault, _candidate, _seed) = (fault, candidate, $"{seed}/{fault}");
        if (fault is Fault.Slice slice)
        {
            // A larger slice holds every smaller one.
            var random = new SeededGenerator($"{seed}/slice");
            var groups = Enumerable.Range(0, Bucketing.SubBuckets).OrderBy(_ => random.NextBits()).ToList();
            _badGroups.UnionWith(groups.Take(Math.Max(1, (int)Math.Round(slice.Percent / 100 * groups.Count))));
        }
    }

    /// <summary>How many requests or marks were made worse so far.</summary>
    public long Harmed { get; private set; }

    public TrafficWindow Inject(TrafficWindow window)
    {
        var random = new SeededGenerator($"{_seed}/{window.Gateway}/{window.Number}");
        return window with { Cells = [.. window.Cells.Select(c => c.Version == _candidate && c.Kind == TrafficKind.Normal ? Inject(c, random) : c)] };
    }

    private TrafficCell Inject(TrafficCell cell, SeededGenerator random) => _fault switch
    {
        Fault.Errors errors => Fail(cell, errors.Points / 100, random),
        Fault.Slice => _badGroups.Contains(cell.SubBucket) ? Fail(cell, 1, random) : cell,
        Fault.Latency latency => Slow(cell, 1 + (latency.Percent / 100), random),
        Fault.Quality quality => Lower(cell, quality.Points / 100, random),
        _ => cell,
    };

    private TrafficCell Fail(TrafficCell cell, double share, SeededGenerator random)
    {
        var mistakes = random.NextBinomial(cell.ClientErrors, share);
        var failed = random.NextBinomial(cell.Requests - cell.Errors - cell.ClientErrors, share);
        Harmed += mistakes + failed;
        return cell with
        {
            UpstreamErrors = cell.UpstreamErrors + mistakes + failed,
            ClientErrors = cell.ClientErrors - mistakes,
            Latency = Draw.Without(cell.Latency, failed, random),
            TimeToFirstByte = Draw.Without(cell.TimeToFirstByte, failed, random),
            TimeToFirstToken = Draw.Without(cell.TimeToFirstToken, Math.Min(failed, cell.TimeToFirstToken?.Count ?? 0), random),
        };
    }

    private TrafficCell Slow(TrafficCell cell, double factor, SeededGenerator random)
    {
        Harmed += cell.Latency?.Count ?? 0;
        return cell with
        {
            Latency = Shift(cell.Latency, factor, random),
            TimeToFirstByte = Shift(cell.TimeToFirstByte, factor, random),
            TimeToFirstToken = Shift(cell.TimeToFirstToken, factor, random),
        };
    }

    // By whole bins, one more for the share of durations that the rest asks for.
    private static LogHistogram? Shift(LogHistogram? durations, double factor, SeededGenerator random)
    {
        if (durations is null)
        {
            return null;
        }

        var shift = Math.Log(factor) / LogGamma;
        var (whole, rest) = ((int)Math.Floor(shift), shift - Math.Floor(shift));
        var builder = new LogHistogramBuilder();
        for (var i = 0; i < durations.Bins.Length; i++)
        {
            var further = random.NextBinomial(durations.Counts[i], rest);
            builder.AddBin(Math.Min(durations.Bins[i] + whole, LogHistogram.LastBin), durations.Counts[i] - further);
            builder.AddBin(Math.Min(durations.Bins[i] + whole + 1, LogHistogram.LastBin), further);
        }

        return builder.Build();
    }

    private TrafficCell Lower(TrafficCell cell, double share, SeededGenerator random)
    {
        var marks = cell.Feedback;
        if (marks.Count == 0)
        {
            return cell;
        }

        var lost = Math.Min(marks.Sum, random.NextBinomial(marks.Count, share));
        Harmed += (long)Math.Ceiling(lost);
        var kept = marks.Sum <= 0 ? 0 : (marks.Sum - lost) / marks.Sum;
        return cell with { Feedback = new FeedbackTotals(marks.Count, marks.Sum - lost, marks.SumOfSquares * kept) };
    }
}
