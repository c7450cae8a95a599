using ModelFlow.Core.Traffic;

namespace ModelFlow.Benchmarks.Analysis.Rivals;

/// <summary>One minute of both versions: what systems see that read a metrics store.</summary>
internal sealed record Minute(int Number, long Generation, SideOfMinute Stable, SideOfMinute Candidate);

/// <summary>One version in one minute. What cannot be computed is not a number.</summary>
internal sealed record SideOfMinute(long Requests, long Errors, LogHistogram Durations, FeedbackTotals Feedback)
{
    public double ErrorRate => Errors / (double)Requests;

    public double LostMarks => 1 - (Feedback.Sum / Feedback.Count);

    public double Milliseconds(double quantile) => Durations.Quantile(quantile) / 1_000 ?? double.NaN;
}

/// <summary>Adds up seconds.</summary>
internal sealed class MinuteCounter
{
    private readonly Side _stable = new();
    private readonly Side _candidate = new();

    /// <summary>Takes in a second; the minute that it ends, if it ends one.</summary>
    public Minute? Add(Second second)
    {
        _stable.Add(second.Stable);
        _candidate.Add(second.Candidate);
        return second.Number % 60 == 59 ? new Minute(second.Number / 60, second.Generation, _stable.Cut(), _candidate.Cut()) : null;
    }

    private sealed class Side
    {
        private readonly LogHistogramBuilder _durations = new();
        private long _requests;
        private long _errors;
        private FeedbackTotals _feedback;

        public void Add(SideOfSecond second)
        {
            foreach (var cell in second.Cells)
            {
                _requests += cell.Requests;
                _errors += cell.Errors;
                _feedback += cell.Feedback;
                if (cell.Latency is { } durations)
                {
                    _durations.Add(durations);
                }
            }
        }

        public SideOfMinute Cut()
        {
            var cut = new SideOfMinute(_requests, _errors, _durations.Build(), _feedback);
            _durations.Clear();
            (_requests, _errors, _feedback) = (0, 0, default);
            return cut;
        }
    }
}
