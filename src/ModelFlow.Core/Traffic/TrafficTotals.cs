using ModelFlow.Core.Naming;

namespace ModelFlow.Core.Traffic;

/// <summary>One version's numbers, summed over windows and groups of keys.</summary>
public sealed record TrafficTotals
{
    /// <summary>Nothing.</summary>
    public static readonly TrafficTotals None = new();

    /// <summary>See <see cref="TrafficCell.Requests"/>.</summary>
    public long Requests { get; init; }

    /// <summary>See <see cref="TrafficCell.Errors"/>.</summary>
    public long Errors { get; init; }

    /// <summary>See <see cref="TrafficCell.ClientErrors"/>.</summary>
    public long ClientErrors { get; init; }

    /// <summary>See <see cref="TrafficCell.ClientAborts"/>.</summary>
    public long ClientAborts { get; init; }

    /// <summary>See <see cref="TrafficCell.Latency"/>.</summary>
    public LogHistogram Latency { get; init; } = LogHistogram.Empty;

    /// <summary>See <see cref="TrafficCell.TimeToFirstByte"/>.</summary>
    public LogHistogram TimeToFirstByte { get; init; } = LogHistogram.Empty;

    /// <summary>See <see cref="TrafficCell.TimeToFirstToken"/>.</summary>
    public LogHistogram TimeToFirstToken { get; init; } = LogHistogram.Empty;

    /// <summary>See <see cref="TrafficCell.AbortedAfter"/>.</summary>
    public LogHistogram AbortedAfter { get; init; } = LogHistogram.Empty;

    /// <summary>See <see cref="TrafficCell.PromptTokens"/>.</summary>
    public long PromptTokens { get; init; }

    /// <summary>See <see cref="TrafficCell.CompletionTokens"/>.</summary>
    public long CompletionTokens { get; init; }

    /// <summary>See <see cref="TrafficCell.Feedback"/>.</summary>
    public FeedbackTotals Feedback { get; init; }

    /// <summary>See <see cref="TrafficCell.FirstSeenKeys"/>.</summary>
    public long FirstSeenKeys { get; init; }

    /// <summary>
    /// Sums what <paramref name="windows"/> hold of <paramref name="version"/> (null: of all versions) and <paramref name="kind"/> (null: of every kind).
    /// The same window given twice counts once.
    /// </summary>
    public static TrafficTotals Of(IEnumerable<TrafficWindow> windows, VersionName? version = null, TrafficKind? kind = null)
    {
        var latency = new LogHistogramBuilder();
        var firstByte = new LogHistogramBuilder();
        var firstToken = new LogHistogramBuilder();
        var aborted = new LogHistogramBuilder();
        var sum = None;
        foreach (var window in Distinct(windows))
        {
            foreach (var cell in window.Cells)
            {
                if ((version is { } v && cell.Version != v) || (kind is { } k && cell.Kind != k))
                {
                    continue;
                }

                latency.Add(cell.Latency ?? LogHistogram.Empty);
                firstByte.Add(cell.TimeToFirstByte ?? LogHistogram.Empty);
                firstToken.Add(cell.TimeToFirstToken ?? LogHistogram.Empty);
                aborted.Add(cell.AbortedAfter ?? LogHistogram.Empty);
                sum = sum with
                {
                    Requests = sum.Requests + cell.Requests,
                    Errors = sum.Errors + cell.Errors,
                    ClientErrors = sum.ClientErrors + cell.ClientErrors,
                    ClientAborts = sum.ClientAborts + cell.ClientAborts,
                    PromptTokens = sum.PromptTokens + cell.PromptTokens,
                    CompletionTokens = sum.CompletionTokens + cell.CompletionTokens,
                    Feedback = sum.Feedback + cell.Feedback,
                    FirstSeenKeys = sum.FirstSeenKeys + cell.FirstSeenKeys,
                };
            }
        }

        return sum with { Latency = latency.Build(), TimeToFirstByte = firstByte.Build(), TimeToFirstToken = firstToken.Build(), AbortedAfter = aborted.Build() };
    }

    /// <summary>Both together.</summary>
    public TrafficTotals Plus(TrafficTotals other)
    {
        ArgumentNullException.ThrowIfNull(other);
        return new TrafficTotals
        {
            Requests = Requests + other.Requests,
            Errors = Errors + other.Errors,
            ClientErrors = ClientErrors + other.ClientErrors,
            ClientAborts = ClientAborts + other.ClientAborts,
            PromptTokens = PromptTokens + other.PromptTokens,
            CompletionTokens = CompletionTokens + other.CompletionTokens,
            Feedback = Feedback + other.Feedback,
            FirstSeenKeys = FirstSeenKeys + other.FirstSeenKeys,
            Latency = Latency.Merge(other.Latency),
            TimeToFirstByte = TimeToFirstByte.Merge(other.TimeToFirstByte),
            TimeToFirstToken = TimeToFirstToken.Merge(other.TimeToFirstToken),
            AbortedAfter = AbortedAfter.Merge(other.AbortedAfter),
        };
    }

    /// <summary>Each window once: the same gateway and number is the same window.</summary>
    public static IEnumerable<TrafficWindow> Distinct(IEnumerable<TrafficWindow> windows) => windows.DistinctBy(w => (w.Gateway, w.Number));
}
