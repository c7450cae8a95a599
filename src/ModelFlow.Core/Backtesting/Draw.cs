using ModelFlow.Core.Evaluation;
using ModelFlow.Core.Traffic;

namespace ModelFlow.Core.Backtesting;

/// <summary>Draws at random from what was counted, without putting back.</summary>
internal static class Draw
{
    /// <summary>A histogram without so many of its durations, each as likely to go as any other.</summary>
    public static LogHistogram? Without(LogHistogram? durations, long gone, SeededGenerator random) =>
        durations is null || gone <= 0 ? durations : Of(durations, Math.Max(0, durations.Count - gone), random);

    /// <summary>So many durations of a histogram.</summary>
    public static LogHistogram Of(LogHistogram durations, long kept, SeededGenerator random)
    {
        if (kept >= durations.Count)
        {
            return durations;
        }

        var (left, wanted) = (durations.Count, Math.Max(0, kept));
        var builder = new LogHistogramBuilder();
        for (var i = 0; i < durations.Bins.Length; i++)
        {
            var taken = 0L;
            for (var n = 0L; n < durations.Counts[i]; n++, left--)
            {
                if (random.NextDouble() * left < wanted)
                {
                    taken++;
                    wanted--;
                }
            }

            builder.AddBin(durations.Bins[i], taken);
        }

        return builder.Build();
    }

    /// <summary>A cell with each of its requests kept with the same chance.</summary>
    public static TrafficCell Thin(TrafficCell cell, double share, SeededGenerator random)
    {
        var good = cell.Requests - cell.Errors - cell.ClientErrors;
        var (upstream, timeouts, connect) = (random.NextBinomial(cell.UpstreamErrors, share), random.NextBinomial(cell.Timeouts, share), random.NextBinomial(cell.ConnectErrors, share));
        var (mistakes, kept) = (random.NextBinomial(cell.ClientErrors, share), random.NextBinomial(good, share));
        var marks = random.NextBinomial(cell.Feedback.Count, share);
        var markShare = cell.Feedback.Count == 0 ? 0 : marks / (double)cell.Feedback.Count;
        return cell with
        {
            Requests = upstream + timeouts + connect + mistakes + kept,
            UpstreamErrors = upstream,
            Timeouts = timeouts,
            ConnectErrors = connect,
            ClientErrors = mistakes,
            ClientAborts = random.NextBinomial(cell.ClientAborts, share),
            Latency = Part(cell.Latency, good + cell.Timeouts, kept + timeouts, random),
            TimeToFirstByte = Part(cell.TimeToFirstByte, good, kept, random),
            TimeToFirstToken = Part(cell.TimeToFirstToken, good, kept, random),
            AbortedAfter = cell.AbortedAfter is { } aborted ? Of(aborted, random.NextBinomial(aborted.Count, share), random) : null,
            PromptTokens = random.NextBinomial(cell.PromptTokens, share),
            CompletionTokens = random.NextBinomial(cell.CompletionTokens, share),
            Feedback = new FeedbackTotals(marks, cell.Feedback.Sum * markShare, cell.Feedback.SumOfSquares * markShare),
            FirstSeenKeys = random.NextBinomial(cell.FirstSeenKeys, share),
        };
    }

    // Where each request has a duration the kept ones keep theirs; where some have none, as many go as by their share.
    private static LogHistogram? Part(LogHistogram? durations, long of, long kept, SeededGenerator random) =>
        durations is null ? null : Of(durations, of <= 0 ? 0 : durations.Count >= of ? kept : (long)Math.Round(durations.Count * (double)kept / of), random);
}
