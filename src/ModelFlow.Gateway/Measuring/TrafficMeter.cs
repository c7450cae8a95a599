using System.Collections.Concurrent;
using ModelFlow.Core.Traffic;
using ModelFlow.Gateway.Telemetry;

namespace ModelFlow.Gateway.Measuring;

/// <summary>
/// Takes samples from requests without a lock and makes windows of them. Each sample is in exactly one window, whole.
/// </summary>
public sealed class TrafficMeter(TimeProvider time, GatewayMetrics? metrics = null)
{
    private readonly ConcurrentQueue<Sample> _samples = new();
    private readonly ConcurrentQueue<FeedbackMark> _marks = new();
    private readonly ConcurrentQueue<PairSample> _pairs = new();
    private readonly List<WindowCounter> _touched = [];
    private DateTimeOffset _lastCut = time.GetUtcNow();

    // Rises across restarts as long as the clock does: the same number would be taken for the same window.
    private long _number = time.GetUtcNow().ToUnixTimeMilliseconds() * 1_000;

    /// <summary>Counts a request. For any number of threads.</summary>
    public void Add(in Sample sample) => _samples.Enqueue(sample);

    /// <summary>Counts a mark. For any number of threads.</summary>
    public void Add(in FeedbackMark mark) => _marks.Enqueue(mark);

    /// <summary>Counts a mirrored request. For any number of threads.</summary>
    public void Add(in PairSample pair) => _pairs.Enqueue(pair);

    /// <summary>Adds up what came in. From one thread; often enough that the queue stays short.</summary>
    public void Drain()
    {
        // At most what is there now: a queue that is filled as fast as it is emptied must not keep the window open.
        for (var left = _samples.Count; left > 0 && _samples.TryDequeue(out var sample); left--)
        {
            Touch(sample.Counter);
            sample.Counter.Add(sample);
            metrics?.Record(sample);
        }

        for (var left = _marks.Count; left > 0 && _marks.TryDequeue(out var mark); left--)
        {
            Touch(mark.Counter);
            mark.Counter.Add(mark);
            metrics?.Record(mark);
        }

        for (var left = _pairs.Count; left > 0 && _pairs.TryDequeue(out var pair); left--)
        {
            Touch(pair.Mirrored.Counter);
            pair.Mirrored.Counter.Add(pair);
            if (pair.Pair.Pairs > 0)
            {
                metrics?.Record(pair.Mirrored);
            }
        }
    }

    /// <summary>Ends the windows that are due. From the thread that drains.</summary>
    /// <param name="gateway">The gateway's name.</param>
    /// <param name="all">Also those that are not due yet: at the end.</param>
    public IReadOnlyList<TrafficWindow> Cut(string gateway, bool all = false)
    {
        Drain();
        var now = time.GetUtcNow();
        var windows = new List<TrafficWindow>();
        _touched.RemoveAll(counter =>
        {
            if (!all && !counter.IsDue(now))
            {
                return false;
            }

            windows.Add(counter.Take(gateway, now, _number++));
            return true;
        });
        _lastCut = now;
        return windows;
    }

    private void Touch(WindowCounter counter)
    {
        if (!counter.Touched)
        {
            counter.Begin(_lastCut);
            _touched.Add(counter);
        }
    }
}
