using ModelFlow.Core.Naming;
using ModelFlow.Core.Traffic;

namespace ModelFlow.Gateway.Measuring;

/// <summary>Adds up one cell of a window. For one thread; kept and used again for the next window.</summary>
internal sealed class CellCounter(VersionName version, int subBucket, TrafficKind kind)
{
    private readonly LogHistogramBuilder _latency = new();
    private readonly LogHistogramBuilder _firstByte = new();
    private readonly LogHistogramBuilder _firstToken = new();
    private readonly LogHistogramBuilder _abortedAfter = new();
    private readonly long[] _outcomes = new long[Enum.GetValues<RequestOutcome>().Length];
    private readonly LogHistogramBuilder _stableLatency = new();
    private PairTotals? _pairs;
    private FeedbackTotals _feedback;
    private long _firstSeen;
    private long _promptTokens;
    private long _completionTokens;

    public bool IsEmpty { get; private set; } = true;

    public void Add(in Sample sample, bool firstSeen)
    {
        IsEmpty = false;
        _outcomes[(int)sample.Outcome]++;
        _firstSeen += firstSeen ? 1 : 0;
        _promptTokens += sample.PromptTokens;
        _completionTokens += sample.CompletionTokens;
        switch (sample.Outcome)
        {
            case RequestOutcome.Answered:
                _latency.Add(sample.Microseconds);
                _firstByte.Add(sample.FirstByteMicroseconds);
                if (sample.FirstTokenMicroseconds > 0)
                {
                    _firstToken.Add(sample.FirstTokenMicroseconds);
                }

                break;
            case RequestOutcome.Timeout:
                _latency.Add(sample.Microseconds);
                break;
            case RequestOutcome.ClientAbort:
                _abortedAfter.Add(sample.Microseconds);
                break;
        }
    }

    public void Add(double mark)
    {
        IsEmpty = false;
        _feedback += new FeedbackTotals(1, mark, mark * mark);
    }

    public void Add(PairTotals pair, long stableMicroseconds)
    {
        IsEmpty = false;
        _pairs = _pairs?.Plus(pair) ?? pair;
        if (pair.Timed > 0)
        {
            _stableLatency.Add(stableMicroseconds);
        }
    }

    public TrafficCell Take()
    {
        var aborts = _outcomes[(int)RequestOutcome.ClientAbort];
        var cell = new TrafficCell
        {
            Version = version,
            SubBucket = subBucket,
            Kind = kind,
            Requests = _outcomes.Sum() - aborts,
            UpstreamErrors = _outcomes[(int)RequestOutcome.UpstreamError],
            Timeouts = _outcomes[(int)RequestOutcome.Timeout],
            ConnectErrors = _outcomes[(int)RequestOutcome.ConnectError],
            ClientErrors = _outcomes[(int)RequestOutcome.ClientError],
            ClientAborts = aborts,
            Latency = Built(_latency),
            TimeToFirstByte = Built(_firstByte),
            TimeToFirstToken = Built(_firstToken),
            AbortedAfter = Built(_abortedAfter),
            PromptTokens = _promptTokens,
            CompletionTokens = _completionTokens,
            Feedback = _feedback,
            FirstSeenKeys = _firstSeen,
            Pairs = _pairs is null ? null : _pairs with { StableLatency = Built(_stableLatency) },
        };
        _pairs = null;
        Array.Clear(_outcomes);
        _firstSeen = _promptTokens = _completionTokens = 0;
        _feedback = default;
        IsEmpty = true;
        return cell;
    }

    private static LogHistogram? Built(LogHistogramBuilder builder)
    {
        if (builder.Count == 0)
        {
            return null;
        }

        var built = builder.Build();
        builder.Clear();
        return built;
    }
}
