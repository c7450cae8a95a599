using ModelFlow.Core.Naming;
using ModelFlow.Core.Traffic;

namespace ModelFlow.Core.Tests.Analysis;

/// <summary>Requests of two versions with known error rates and log-normal latencies, split at random.</summary>
internal sealed class TrafficSimulation(int seed, double candidateShare)
{
    public static readonly VersionName Stable = VersionName.Parse("v1.0.0");
    public static readonly VersionName Candidate = VersionName.Parse("v1.1.0");

    private readonly Random _random = new(seed);
    private readonly Side _stable = new();
    private readonly Side _candidate = new();
    private long _number;

    public Behaviour StableBehaviour { get; init; } = new();

    public Behaviour CandidateBehaviour { get; init; } = new();

    public long CandidateRequests { get; private set; }

    public void Send(int requests)
    {
        for (var i = 0; i < requests; i++)
        {
            var candidate = _random.NextDouble() < candidateShare;
            CandidateRequests += candidate ? 1 : 0;
            (candidate ? _candidate : _stable).Take(_random, candidate ? CandidateBehaviour : StableBehaviour);
        }
    }

    /// <summary>Sends requests in windows of <paramref name="perWindow"/>.</summary>
    public IReadOnlyList<TrafficWindow> Windows(int requests, int perWindow = 20)
    {
        var windows = new List<TrafficWindow>();
        for (var sent = 0; sent < requests; sent += perWindow)
        {
            Send(perWindow);
            windows.Add(Window());
        }

        return windows;
    }

    /// <summary>Everything since the last window.</summary>
    public TrafficWindow Window(long generation = 1) => new()
    {
        Gateway = "g",
        Model = ModelName.Parse("digits"),
        Generation = generation,
        Start = DateTimeOffset.UnixEpoch,
        Length = TimeSpan.FromSeconds(1),
        Number = ++_number,
        Leased = true,
        Cells = [_stable.Cut(Stable), _candidate.Cut(Candidate)],
    };

    internal sealed record Behaviour(double ErrorRate = 0.01, double MedianMs = 5, double Spread = 0.5, double ClientErrorRate = 0);

    private sealed class Side
    {
        private readonly LogHistogramBuilder _latency = new();
        private long _errors;
        private long _clientErrors;

        public long Requests { get; private set; }

        public void Take(Random random, Behaviour behaviour)
        {
            Requests++;
            if (random.NextDouble() < behaviour.ErrorRate)
            {
                _errors++;
            }
            else if (random.NextDouble() < behaviour.ClientErrorRate)
            {
                _clientErrors++;
            }
            else
            {
                var normal = Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
                _latency.Add(1_000 * behaviour.MedianMs * Math.Exp(behaviour.Spread * normal));
            }
        }

        public TrafficCell Cut(VersionName version)
        {
            var cell = new TrafficCell
            {
                Version = version,
                Requests = Requests,
                UpstreamErrors = _errors,
                ClientErrors = _clientErrors,
                Latency = _latency.Build(),
                FirstSeenKeys = Requests,
            };
            _latency.Clear();
            (Requests, _errors, _clientErrors) = (0, 0, 0);
            return cell;
        }
    }
}
