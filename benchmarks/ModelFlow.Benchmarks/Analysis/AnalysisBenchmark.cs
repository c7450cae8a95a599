using System.Diagnostics;
using System.Globalization;
using ModelFlow.Benchmarks.Reporting;
using ModelFlow.Core.Analysis;
using ModelFlow.Core.Naming;

namespace ModelFlow.Benchmarks.Analysis;

/// <summary>
/// Simulated ramps through the analysis that releases use, looked at every second: how often a version is stopped that is not worse than tolerated, how soon one
/// that is, and what a look costs.
/// </summary>
internal sealed class AnalysisBenchmark : IBenchmark
{
    private const int DefaultRamps = 2_000;
    private const int DetectionRamps = 100;
    private const double LeastPerMinute = 10;
    private const double MostPerMinute = 10_000;
    private static readonly IReadOnlyList<Weight> Steps = [new(500), new(2_500), new(5_000)];

    private static readonly double[] ErrorRates = [0.02, 0.03, 0.1, 1];
    private static readonly double[] Slownesses = [1.1, 1.2, 1.5, 4];
    private static readonly double[] Marks = [0.79, 0.77, 0.7];

    /// <summary>Begins the name of every random sequence; another one gives other ramps.</summary>
    public string Seed { get; set; } = "1";

    public IReadOnlyList<string> Needs => [];

    public Task RunAsync(Report report, int? rounds, CancellationToken cancellationToken)
    {
        foreach (var shape in Enum.GetValues<TrafficShape>())
        {
            FalseAlarms(report, shape, "no difference", new Behaviour(), rounds ?? DefaultRamps, cancellationToken);
            FalseAlarms(report, shape, "exactly at the tolerance", new Behaviour(0.02, 1.2, 0.77), rounds ?? DefaultRamps, cancellationToken);
        }

        foreach (var (name, candidate) in Harms())
        {
            Detection(report, name, candidate, Math.Min(rounds ?? DetectionRamps, DetectionRamps), cancellationToken);
        }

        foreach (var (name, stable, policy) in Tolerances())
        {
            UntilHealthy(report, name, stable, policy, Math.Min(rounds ?? DetectionRamps, DetectionRamps), cancellationToken);
        }

        CostOfALook(report);
        return Task.CompletedTask;
    }

    private static IEnumerable<(string Name, Behaviour Candidate)> Harms() =>
    [
        .. ErrorRates.Select(r => (string.Create(CultureInfo.InvariantCulture, $"errors 1 % → {r * 100:0} %"), new Behaviour(r))),
        .. Slownesses.Select(s => (string.Create(CultureInfo.InvariantCulture, $"durations +{(s - 1) * 100:0} %"), new Behaviour(Slowness: s))),
        .. Marks.Select(m => (string.Create(CultureInfo.InvariantCulture, $"quality −{(0.8 - m) * 100:0} pp"), new Behaviour(Mark: m))),
    ];

    private static IEnumerable<(string Name, Behaviour Stable, GuardrailPolicy Policy)> Tolerances()
    {
        var nothing = new GuardrailPolicy { ErrorRateIncrease = null, LatencyP95Ratio = null, MinRequests = 1 };
        return
        [
            ("errors of 0 %, tolerance 12 points", new Behaviour(0), nothing with { ErrorRateIncrease = 0.12 }),
            ("errors of 0 %, tolerance 1 point", new Behaviour(0), nothing with { ErrorRateIncrease = 0.01 }),
            ("errors of 1 %, tolerance 1 point", new Behaviour(0.01), nothing with { ErrorRateIncrease = 0.01 }),
            ("p50 within 2 times", new Behaviour(), nothing with { LatencyP50Ratio = 2 }),
            ("p95 within 1.5 times", new Behaviour(), nothing with { LatencyP95Ratio = 1.5 }),
        ];
    }

    // Wilson's interval: right also when nothing was found.
    private static (double Low, double High) Interval(int hits, int of)
    {
        const double Z = 1.96;
        var share = hits / (double)of;
        var middle = (share + (Z * Z / (2 * of))) / (1 + (Z * Z / of));
        var half = Z * Math.Sqrt((share * (1 - share) / of) + (Z * Z / (4.0 * of * of))) / (1 + (Z * Z / of));
        return (Math.Max(0, middle - half), middle + half);
    }

    private void FalseAlarms(Report report, TrafficShape shape, string name, Behaviour candidate, int ramps, CancellationToken cancellationToken)
    {
        var policy = new GuardrailPolicy { ErrorRateIncrease = 0.01, LatencyP50Ratio = 1.2, LatencyP95Ratio = 1.2, FeedbackDrop = 0.03 };
        var alarms = 0;
        Parallel.For(0, ramps, new ParallelOptions { CancellationToken = cancellationToken }, i =>
        {
            var perMinute = LeastPerMinute * Math.Pow(MostPerMinute / LeastPerMinute, i % 100 / 99.0);
            var end = RampRun.Play($"{Seed}-{shape}-{i}", new RampSetting(shape, perMinute, new Behaviour(), candidate, Steps, 300), new ModelFlowJudge(policy, Steps));
            if (end.Stopped)
            {
                Interlocked.Increment(ref alarms);
            }
        });
        var (low, high) = Interval(alarms, ramps);
        report.Measure(
            $"analysis: {shape}, {name}: false alarms",
            string.Create(CultureInfo.InvariantCulture, $"{alarms} of {ramps} ramps, {low * 100:0.0} to {high * 100:0.0} % (95 %)"),
            new Target(AtMost: policy.FalseAlarmBudget),
            alarms / (double)ramps);
    }

    private void Detection(Report report, string name, Behaviour candidate, int ramps, CancellationToken cancellationToken)
    {
        var policy = new GuardrailPolicy { ErrorRateIncrease = 0, LatencyP50Ratio = 1.05, LatencyP95Ratio = 1.05, FeedbackDrop = 0 };
        var ends = new RampEnd[ramps];
        Parallel.For(0, ramps, new ParallelOptions { CancellationToken = cancellationToken }, i =>
            ends[i] = RampRun.Play($"{Seed}-found-{i}", new RampSetting(TrafficShape.Steady, 3_000, new Behaviour(), candidate, Steps, 300), new ModelFlowJudge(policy, Steps)));
        var requests = new Samples([.. ends.Select(e => (double)e.CandidateRequests)]);
        var found = ends.Count(e => e.Stopped);
        report.Measure(
            $"analysis: {name}: the candidate's requests until it is stopped",
            string.Create(CultureInfo.InvariantCulture, $"{(found == ramps ? "" : $"found in {found} of {ramps}; ")}median {requests.Median:0}, 90 % within {requests.Quantile(0.9):0}"));
    }

    private void UntilHealthy(Report report, string name, Behaviour behaviour, GuardrailPolicy policy, int ramps, CancellationToken cancellationToken)
    {
        var ends = new RampEnd[ramps];
        Parallel.For(0, ramps, new ParallelOptions { CancellationToken = cancellationToken }, i =>
            ends[i] = RampRun.Play(
                $"{Seed}-healthy-{i}",
                new RampSetting(TrafficShape.Steady, 1_200, behaviour, behaviour, [Steps[0]], 7_200),
                new HealthJudge(new ModelFlowJudge(policy, Steps))));
        var requests = new Samples([.. ends.Select(e => (double)e.CandidateRequests)]);
        var found = ends.Count(e => e.Stopped);
        report.Measure(
            $"analysis: {name}: a good candidate's requests until it is healthy",
            string.Create(CultureInfo.InvariantCulture, $"{(found == ramps ? "" : $"in {found} of {ramps}; ")}median {requests.Median:0}, 90 % within {requests.Quantile(0.9):0}"));
    }

    // A million requests taken in before; every metric there is.
    private void CostOfALook(Report report)
    {
        const int Looks = 200;
        var policy = new GuardrailPolicy
        {
            LatencyP50Ratio = 1.5, LatencyP99Ratio = 2, FirstByteP50Ratio = 1.5, FirstByteP95Ratio = 2, FeedbackDrop = 0.05,
        };
        var traffic = new SimulatedTraffic(Seed, TrafficShape.Steady, 60_000, 1_000 + Looks);
        var judge = new ModelFlowJudge(policy, Steps);
        for (var second = 0; second < 1_000; second++)
        {
            judge.Look(traffic.Next(second, Steps[1], 1, new Behaviour(), new Behaviour()));
        }

        var took = new List<double>();
        for (var second = 1_000; second < 1_000 + Looks; second++)
        {
            var next = traffic.Next(second, Steps[1], 1, new Behaviour(), new Behaviour());
            var from = Stopwatch.GetTimestamp();
            judge.Look(next);
            took.Add(Stopwatch.GetElapsedTime(from).TotalMilliseconds);
        }

        var milliseconds = new Samples(took);
        report.Measure(
            $"analysis: a look with {judge.Last!.Metrics.Count} metrics after a million requests",
            string.Create(CultureInfo.InvariantCulture, $"median {milliseconds.Median:0.00} ms, 90 % within {milliseconds.Quantile(0.9):0.00} ms"),
            new Target(AtMost: 1),
            milliseconds.Median);
    }
}
