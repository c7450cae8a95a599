using ModelFlow.Core.Evaluation;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Traffic;

namespace ModelFlow.Benchmarks.Analysis;

/// <summary>
/// Requests of one ramp, second by second, split by weight as a gateway splits them. The same seed gives the same users, arrivals and luck
/// whatever the versions do.
/// </summary>
internal sealed class SimulatedTraffic
{
    public static readonly VersionName StableName = VersionName.Parse("v1.0.0");
    public static readonly VersionName CandidateName = VersionName.Parse("v1.1.0");

    private const double RequestsPerUser = 20;
    private const double MedianMicroseconds = 50_000;
    private const double FeedbackShare = 0.2;
    private static readonly ModelName Model = ModelName.Parse("model");

    private readonly SeededGenerator _random;
    private readonly TrafficShape _shape;
    private readonly double _perSecond;
    private readonly int _seconds;
    private readonly User[] _users;
    private readonly double[] _activity;
    private readonly Side _stable = new(StableName);
    private readonly Side _candidate = new(CandidateName);
    private double _owed;

    /// <param name="seed">Names the sequence.</param>
    /// <param name="shape">The shape.</param>
    /// <param name="perMinute">Requests a minute, on average.</param>
    /// <param name="seconds">How long the ramp is.</param>
    public SimulatedTraffic(string seed, TrafficShape shape, double perMinute, int seconds)
    {
        (_random, _shape, _perSecond, _seconds) = (new SeededGenerator(seed), shape, perMinute / 60, seconds);
        var users = shape == TrafficShape.CorrelatedUsers ? Math.Max(20, (int)(_perSecond * seconds / RequestsPerUser)) : 0;
        _users = new User[users];
        _activity = new double[users];
        var sum = 0.0;
        for (var i = 0; i < users; i++)
        {
            _users[i] = new User(_random.NextBits(), Math.Exp(1.5 * Normal()) / Math.Exp(1.125), Math.Exp(0.4 * Normal()));
            _activity[i] = sum += Math.Exp(Normal());
        }
    }

    /// <summary>Simulates one second.</summary>
    /// <param name="second">Which, from 0.</param>
    /// <param name="weight">The candidate's weight.</param>
    /// <param name="generation">The route's generation.</param>
    /// <param name="stable">How stable behaves.</param>
    /// <param name="candidate">How the candidate behaves.</param>
    public Second Next(int second, Weight weight, long generation, Behaviour stable, Behaviour candidate)
    {
        var load = LoadAt(second);
        _owed += _perSecond * load;
        var requests = (int)_owed;
        _owed -= requests;
        var slow = _shape is TrafficShape.Bursty or TrafficShape.Diurnal ? 0.75 + (0.25 * load) : 1;
        var failing = _shape == TrafficShape.Diurnal ? load : 1;
        var harmed = 0;
        for (var i = 0; i < requests; i++)
        {
            var user = Pick(out var hash);
            var toCandidate = Bucketing.BucketOf(hash) < weight.BasisPoints;
            var behaviour = toCandidate ? candidate : stable;
            var error = ErrorRate(behaviour, stable, user, failing);
            var microseconds = MedianMicroseconds * Duration() * (user?.Slowness ?? 1) * slow * behaviour.Slowness;
            var (luck, marked, liking) = (_random.NextDouble(), _random.NextDouble() < FeedbackShare, _random.NextDouble());
            var (failed, good) = (luck < error, liking < behaviour.Mark);
            (toCandidate ? _candidate : _stable).Add(Bucketing.SubBucketOf(hash), failed, microseconds, marked, good, FirstSeen(user, generation));

            // With the same luck stable would have answered, sooner, or better.
            harmed += toCandidate
                && (candidate.Slowness > stable.Slowness || (failed && luck >= ErrorRate(stable, stable, user, failing)) || (!good && liking < stable.Mark)) ? 1 : 0;
        }

        return new Second(second, weight, generation, _stable.Cut(), _candidate.Cut(), harmed);
    }

    /// <summary>The window a gateway would report of a second; null when there was no request.</summary>
    public static TrafficWindow? WindowOf(Second second) => second.Stable.Cells.Count + second.Candidate.Cells.Count == 0 ? null : new TrafficWindow
    {
        Gateway = "g",
        Model = Model,
        Generation = second.Generation,
        Start = At(second.Number),
        Length = TimeSpan.FromSeconds(1),
        Number = second.Number + 1,
        Leased = true,
        Cells = [.. second.Stable.Cells, .. second.Candidate.Cells],
    };

    /// <summary>The time of a second.</summary>
    public static DateTimeOffset At(int second) => DateTimeOffset.UnixEpoch.AddSeconds(second);

    private static bool FirstSeen(User? user, long generation)
    {
        if (user is null)
        {
            return true;
        }

        var first = user.SeenIn != generation;
        user.SeenIn = generation;
        return first;
    }

    // Harm comes to every user alike: what a candidate fails beyond stable is the same for each.
    private static double ErrorRate(Behaviour behaviour, Behaviour stable, User? user, double failing)
    {
        var own = stable.ErrorRate * failing * (user?.Failing ?? 1);
        return Math.Clamp(own + behaviour.ErrorRate - stable.ErrorRate, 0, 1);
    }

    private double LoadAt(int second) => _shape switch
    {
        TrafficShape.Bursty => second % 10 == 0 ? 10 / 1.9 : 1 / 1.9,
        TrafficShape.Diurnal => 1 + (0.5 * Math.Sin(2 * Math.PI * second / _seconds)),
        _ => 1,
    };

    private double Duration() => _shape switch
    {
        TrafficShape.HeavyTailed => Math.Pow(_random.NextDouble(), -1 / 1.5),
        TrafficShape.Bimodal => Math.Exp(0.2 * Normal()) * (_random.NextDouble() < 0.2 ? 10 : 1),
        _ => Math.Exp(0.5 * Normal()),
    };

    private User? Pick(out ulong hash)
    {
        if (_users.Length == 0)
        {
            hash = _random.NextBits();
            return null;
        }

        var at = Array.BinarySearch(_activity, _random.NextDouble() * _activity[^1]);
        var user = _users[at < 0 ? ~at : at];
        hash = user.Hash;
        return user;
    }

    private double Normal() => Math.Sqrt(-2 * Math.Log(_random.NextDouble())) * Math.Cos(2 * Math.PI * _random.NextDouble());

    private sealed record User(ulong Hash, double Failing, double Slowness)
    {
        public long SeenIn { get; set; }
    }

    private sealed class Side(VersionName version)
    {
        private readonly LogHistogramBuilder[] _durations = [.. Enumerable.Range(0, Bucketing.SubBuckets).Select(_ => new LogHistogramBuilder())];
        private readonly int[] _requests = new int[Bucketing.SubBuckets];
        private readonly int[] _errors = new int[Bucketing.SubBuckets];
        private readonly int[] _marks = new int[Bucketing.SubBuckets];
        private readonly int[] _good = new int[Bucketing.SubBuckets];
        private readonly int[] _firstSeen = new int[Bucketing.SubBuckets];

        public void Add(int group, bool failed, double microseconds, bool marked, bool good, bool firstSeen)
        {
            _requests[group]++;
            _firstSeen[group] += firstSeen ? 1 : 0;
            if (failed)
            {
                _errors[group]++;
                return;
            }

            _durations[group].Add(microseconds);
            if (marked)
            {
                _marks[group]++;
                _good[group] += good ? 1 : 0;
            }
        }

        public SideOfSecond Cut()
        {
            var cells = new List<TrafficCell>();
            for (var g = 0; g < Bucketing.SubBuckets; g++)
            {
                if (_requests[g] == 0)
                {
                    continue;
                }

                cells.Add(new TrafficCell
                {
                    Version = version,
                    SubBucket = g,
                    Requests = _requests[g],
                    UpstreamErrors = _errors[g],
                    Latency = _durations[g].Count == 0 ? null : _durations[g].Build(),
                    Feedback = new FeedbackTotals(_marks[g], _good[g], _good[g]),
                    FirstSeenKeys = _firstSeen[g],
                });
                _durations[g].Clear();
                (_requests[g], _errors[g], _marks[g], _good[g], _firstSeen[g]) = (0, 0, 0, 0, 0);
            }

            return new SideOfSecond(cells);
        }
    }
}

/// <summary>One second of both versions.</summary>
/// <param name="Number">Which, from 0.</param>
/// <param name="Weight">The candidate's weight.</param>
/// <param name="Generation">The route's generation.</param>
/// <param name="Stable">Stable's numbers.</param>
/// <param name="Candidate">The candidate's numbers.</param>
/// <param name="Harmed">Requests of the candidate that failed, took longer or pleased less where with the same luck stable's answer would not have.</param>
internal sealed record Second(int Number, Weight Weight, long Generation, SideOfSecond Stable, SideOfSecond Candidate, int Harmed);

/// <summary>One version in one second.</summary>
/// <param name="Cells">As the gateway counts.</param>
internal sealed record SideOfSecond(IReadOnlyList<TrafficCell> Cells)
{
    public long Requests => Cells.Sum(c => c.Requests);
}
