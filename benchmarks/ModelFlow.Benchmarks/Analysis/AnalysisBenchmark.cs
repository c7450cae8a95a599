using System.Diagnostics;
using System.Globalization;
using ModelFlow.Benchmarks.Analysis.Plots;
using ModelFlow.Benchmarks.Analysis.Rivals;
using ModelFlow.Benchmarks.Reporting;
using ModelFlow.Core.Analysis;
using ModelFlow.Core.Naming;

namespace ModelFlow.Benchmarks.Analysis;

/// <summary>
/// Simulated ramps through the analysis that releases use, looked at every second: how often a version is stopped that is not worse than tolerated, how soon one
/// that is, beside the rules of Flagger and Kayenta on the same requests, and what a look costs.
/// </summary>
internal sealed class AnalysisBenchmark : IBenchmark
{
    private const int DefaultRamps = 20;
    private const int MostDetectionRamps = 200;
    private const int MostHealthRamps = 100;
    private const int MostTuningRamps = 100;
    private const int Chunk = 100;
    private const double LeastPerMinute = 10;
    private const double MostPerMinute = 10_000;
    private const double DetectionPerMinute = 3_000;
    private const string NoDifference = "no difference";
    private static readonly IReadOnlyList<Weight> Steps = [new(500), new(2_500), new(5_000)];

    // Tolerances above 1 only: 1.001 acts as the next edge of the bins, 2 to 4 %.
    private static readonly GuardrailPolicy NothingTolerated = new() { ErrorRateIncrease = 0, LatencyP50Ratio = 1.001, LatencyP95Ratio = 1.001, FeedbackDrop = 0 };
    private static readonly double[] ErrorRates = [0.02, 0.03, 0.1, 1];
    private static readonly double[] Slownesses = [1.1, 1.2, 1.5, 4];
    private static readonly double[] Marks = [0.79, 0.77, 0.7];

    /// <summary>What the benchmark consists of: its parts may run beside each other in processes of their own.</summary>
    public static readonly IReadOnlyList<string> Parts = ["health", "rivals", "alarms"];

    /// <summary>Begins the name of every random sequence; another one gives other ramps.</summary>
    public string Seed { get; set; } = "1";

    /// <summary>Where plots and figures are written; nowhere if null.</summary>
    public string? PlotFolder { get; set; }

    /// <summary>Which of <see cref="Parts"/> runs, or <c>plots</c> to draw the pictures again; all parts if null.</summary>
    public string? Part { get; set; }

    public IReadOnlyList<string> Needs => [];

    public Task RunAsync(Report report, int? rounds, CancellationToken cancellationToken)
    {
        if (Part == "plots" && PlotFolder is { } drawn)
        {
            AnalysisPlots.Redraw(drawn);
            return Task.CompletedTask;
        }

        var ramps = rounds ?? DefaultRamps;
        foreach (var part in Part is { } one ? [one] : Parts)
        {
            var run = new Run(report, part, new AnalysisResults { Seed = Seed }, PlotFolder, cancellationToken);
            switch (part)
            {
                case "alarms":
                    FalseAlarms(run, ramps);
                    break;
                case "rivals":
                    BesideRivals(run, ramps);
                    break;
                default:
                    Cost(run);
                    Example(run);
                    Healthy(run, Math.Min(ramps, MostHealthRamps));
                    break;
            }
        }

        return Task.CompletedTask;
    }

    private static IEnumerable<(string Name, Behaviour Candidate)> Harms() =>
    [
        .. ErrorRates.Select(r => (string.Create(CultureInfo.InvariantCulture, $"errors 1 % → {r * 100:0} %"), new Behaviour(r))),
        .. Slownesses.Select(s => (string.Create(CultureInfo.InvariantCulture, $"durations +{(s - 1) * 100:0} %"), new Behaviour(Slowness: s))),
        .. Marks.Select(m => (string.Create(CultureInfo.InvariantCulture, $"quality −{(0.8 - m) * 100:0} pp"), new Behaviour(Mark: m))),
    ];

    private static IEnumerable<(string Series, double Tolerance, Behaviour Stable, GuardrailPolicy Policy)> Tolerances()
    {
        var nothing = new GuardrailPolicy { ErrorRateIncrease = null, LatencyP95Ratio = null, MinRequests = 1 };
        double[] points = [0.005, 0.01, 0.02, 0.05, 0.12];
        double[] ratios = [1.1, 1.2, 1.5, 2, 3];
        return
        [
            .. points.Select(p => ("errors of 0 %", p, new Behaviour(0), nothing with { ErrorRateIncrease = p })),
            .. points.Select(p => ("errors of 1 %", p, new Behaviour(), nothing with { ErrorRateIncrease = p })),
            .. ratios.Select(r => ("latency p50", r, new Behaviour(), nothing with { LatencyP50Ratio = r })),
            .. ratios.Select(r => ("latency p95", r, new Behaviour(), nothing with { LatencyP95Ratio = r })),
        ];
    }

    private static string Text(FormattableString text) => FormattableString.Invariant(text);

    private static RampSetting Long(TrafficShape shape, Behaviour candidate) =>
        new(shape, DetectionPerMinute, new Behaviour(), candidate, Steps, KayentaJudge.Points * 60);

    // In chunks, so that a run that is cut short has as many ramps of one kind as of another.
    private void FalseAlarms(Run run, int ramps)
    {
        var policy = new GuardrailPolicy { ErrorRateIncrease = 0.01, LatencyP50Ratio = 1.2, LatencyP95Ratio = 1.2, FeedbackDrop = 0.03 };
        run.Results.Budget = policy.FalseAlarmBudget;
        var kinds = Enum.GetValues<TrafficShape>().SelectMany(s => new[]
        {
            (Shape: s, Name: NoDifference, Candidate: new Behaviour()),
            (Shape: s, Name: "exactly at the tolerance", Candidate: new Behaviour(0.02, 1.2, 0.77)),
        }).ToList();
        var alarms = new int[kinds.Count];
        for (var from = 0; from < ramps; from += Chunk)
        {
            var to = Math.Min(ramps, from + Chunk);
            for (var k = 0; k < kinds.Count; k++)
            {
                var kind = kinds[k];
                run.Parallel(to - from, i =>
                {
                    var number = from + i;
                    var perMinute = LeastPerMinute * Math.Pow(MostPerMinute / LeastPerMinute, number % 100 / 99.0);
                    var setting = new RampSetting(kind.Shape, perMinute, new Behaviour(), kind.Candidate, Steps, 300);
                    if (RampRun.Play(Text($"{Seed}-{kind.Shape}-{number}"), setting, new ModelFlowJudge(policy, Steps)).Stopped)
                    {
                        Interlocked.Increment(ref alarms[k]);
                    }
                });
                Run.Say(Text($"{kind.Shape}, {kind.Name}: {alarms[k]} of {to}"));
            }

            run.Results.FalseAlarms.Clear();
            run.Results.FalseAlarms.AddRange(kinds.Select((k, i) => new AlarmCount(k.Shape.ToString(), k.Name, alarms[i], to)));
            run.Save();
        }

        foreach (var count in run.Results.FalseAlarms)
        {
            var (low, high) = count.Interval();
            run.Report.Measure(
                Text($"analysis: {count.What}, {count.Of}: false alarms"),
                Text($"{count.Alarms} of {count.Ramps} ramps, {low * 100:0.0} to {high * 100:0.0} % (95 %)"),
                new Target(AtMost: policy.FalseAlarmBudget),
                count.Share);
        }
    }

    private void BesideRivals(Run run, int ramps)
    {
        var tuning = Math.Min(ramps, MostTuningRamps);
        var (flagger1, flagger5, kayenta) = Tune(run, tuning);
        foreach (var (name, candidate) in Harms())
        {
            Found(run, name, candidate, Math.Min(ramps, MostDetectionRamps), flagger1[TrafficShape.Steady], flagger5[TrafficShape.Steady], kayenta);
        }

        Matched(run, tuning, flagger1, flagger5, kayenta);
    }

    private (IReadOnlyDictionary<TrafficShape, FlaggerRule> Flagger1, IReadOnlyDictionary<TrafficShape, FlaggerRule> Flagger5, double Kayenta) Tune(Run run, int ramps)
    {
        var shapes = Enum.GetValues<TrafficShape>();
        var harmless = new HarmlessRamp[shapes.Length * ramps];
        run.Parallel(harmless.Length, i =>
        {
            var shape = shapes[i % shapes.Length];
            var (kayenta, minutes) = (new KayentaJudge(double.PositiveInfinity), new MinuteRecorder());
            var ends = RampRun.Play(Text($"{Seed}-tuning-{i}"), Long(shape, new Behaviour()), [new ModelFlowJudge(NothingTolerated, Steps), kayenta, minutes]);
            harmless[i] = new HarmlessRamp(shape, ends[0].Stopped, kayenta.PassesFrom, minutes.Minutes);
        });
        var alarms = harmless.Count(h => h.OursStopped);
        var z = RivalTuning.Kayenta(harmless, alarms);
        var (flagger1, flagger5) = (RivalTuning.Flagger(harmless, alarms, 1), RivalTuning.Flagger(harmless, alarms, 5));
        run.Results.Tuning.Add(Text($"{alarms} of {harmless.Length} ramps without a difference stopped by ModelFlow"));
        run.Results.Tuning.Add(Text($"Kayenta: z = {z:0.###}"));
        run.Results.Tuning.AddRange(flagger1.Concat(flagger5).Select(f => Text(
            $"Flagger, {f.Value.FailedChecks} failed checks, {f.Key}: errors {f.Value.MostErrors * 100:0.##} %, p99 {f.Value.MostP99:0} ms, lost marks {f.Value.MostLostMarks * 100:0.#} %")));
        foreach (var line in run.Results.Tuning)
        {
            Run.Say(line);
        }

        return (flagger1, flagger5, z);
    }

    private void Matched(
        Run run, int ramps, IReadOnlyDictionary<TrafficShape, FlaggerRule> flagger1, IReadOnlyDictionary<TrafficShape, FlaggerRule> flagger5, double kayenta)
    {
        foreach (var shape in Enum.GetValues<TrafficShape>())
        {
            var ends = Play(run, "matched", Long(shape, new Behaviour()), ramps, flagger1[shape], flagger5[shape], kayenta);
            foreach (var (rule, of) in ends)
            {
                run.Results.Matched.Add(new AlarmCount(shape.ToString(), rule, of.Count(e => e.Stopped), ramps));
            }

            Run.Say(Text($"{shape}: {string.Join(", ", ends.Select(e => Text($"{e.Rule} {e.Ends.Count(x => x.Stopped)}")))} of {ramps} without a difference"));
            run.Save();
        }

        foreach (var rule in run.Results.Matched.GroupBy(m => m.Of, StringComparer.Ordinal))
        {
            run.Report.Measure(
                Text($"analysis: {rule.Key}: false alarms without a difference, six traffics at {DetectionPerMinute:0} a minute"),
                Text($"{rule.Sum(r => r.Alarms)} of {rule.Sum(r => r.Ramps)} ramps"));
        }
    }

    private void Found(Run run, string harm, Behaviour candidate, int ramps, FlaggerRule flagger1, FlaggerRule flagger5, double kayenta)
    {
        foreach (var (rule, ends) in Play(run, "found", Long(TrafficShape.Steady, candidate), ramps, flagger1, flagger5, kayenta))
        {
            var found = Detection.Of(harm, rule, ends);
            run.Results.Detections.Add(found);
            run.Report.Measure(
                Text($"analysis: {harm}: {rule}"),
                Text($"found in {found.Found} of {ramps}; requests {found.Requests.Median:0}, 90 % within {found.Requests.P90:0}; harmed {found.Harmed.Median:0}, 90 % within {found.Harmed.P90:0}"));
        }

        run.Save();
    }

    // The same requests before every rule.
    private List<(string Rule, RampEnd[] Ends)> Play(
        Run run, string name, RampSetting setting, int ramps, FlaggerRule flagger1, FlaggerRule flagger5, double kayenta)
    {
        var rules = new List<(string Name, Func<IRampJudge> Judge)>
        {
            (Rules.Ours, () => new ModelFlowJudge(NothingTolerated, Steps)),
            (Rules.Flagger, () => new FlaggerJudge(FlaggerRule.Documented)),
            (Rules.FlaggerTuned5, () => new FlaggerJudge(flagger5)),
            (Rules.FlaggerTuned1, () => new FlaggerJudge(flagger1)),
            (Rules.Kayenta, () => new KayentaJudge()),
            (Rules.KayentaTuned, () => new KayentaJudge(kayenta)),
        };
        var ends = rules.ConvertAll(_ => new RampEnd[ramps]);
        run.Parallel(ramps, i =>
        {
            var of = RampRun.Play(Text($"{Seed}-{name}-{setting.Shape}-{i}"), setting, rules.ConvertAll(r => r.Judge()));
            for (var r = 0; r < of.Count; r++)
            {
                ends[r][i] = of[r];
            }
        });
        return [.. rules.Select((r, i) => (r.Name, ends[i]))];
    }

    private void Healthy(Run run, int ramps)
    {
        foreach (var (series, tolerance, behaviour, policy) in Tolerances())
        {
            var ends = new RampEnd[ramps];
            var setting = new RampSetting(TrafficShape.Steady, 6_000, behaviour, behaviour, [Steps[0]], 7_200);
            run.Parallel(ramps, i => ends[i] = RampRun.Play(Text($"{Seed}-healthy-{i}"), setting, new HealthJudge(new ModelFlowJudge(policy, Steps))));
            var healthy = new UntilHealthy(series, tolerance, ramps, ends.Count(e => e.Stopped), Spread.Of(ends.Select(e => e.CandidateRequests)));
            run.Results.Health.Add(healthy);
            run.Report.Measure(
                Text($"analysis: {series}, tolerance {tolerance}: a good candidate's requests until it is healthy"),
                Text($"{(healthy.Found == ramps ? "" : Text($"in {healthy.Found} of {ramps}; "))}median {healthy.Requests.Median:0}, 90 % within {healthy.Requests.P90:0}"));
            run.Save();
        }
    }

    // The ramp of the picture: three in a hundred fail instead of one.
    private void Example(Run run)
    {
        var judge = new ModelFlowJudge(NothingTolerated, Steps);
        var traffic = new SimulatedTraffic(Text($"{Seed}-example"), TrafficShape.Steady, DetectionPerMinute, 9_000);
        var requests = 0L;
        for (var second = 0; second < 3_000; second++)
        {
            var next = traffic.Next(second, Steps[0], 1, new Behaviour(), new Behaviour(0.03));
            var stop = judge.Look(next, minute: null) is not null;
            requests += next.Candidate.Requests;
            if (judge.Last?.Metrics.FirstOrDefault(m => m.Metric == "errorRateIncrease") is { Interval: { High: { } high } interval, Harm: { } harm } errors)
            {
                run.Results.Example.Add(new ExampleLook(second + 1, requests, errors.Candidate - errors.Stable, interval.Low, high, harm.Value, harm.Needed));
            }

            if (stop)
            {
                break;
            }
        }

        run.Save();
    }

    // A million requests taken in before; every metric there is.
    private void Cost(Run run)
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
            judge.Look(WithFirstByte(traffic.Next(second, Steps[1], 1, new Behaviour(), new Behaviour())), minute: null);
        }

        var took = new List<double>();
        for (var second = 1_000; second < 1_000 + Looks; second++)
        {
            var next = WithFirstByte(traffic.Next(second, Steps[1], 1, new Behaviour(), new Behaviour()));
            var from = Stopwatch.GetTimestamp();
            judge.Look(next, minute: null);
            took.Add(Stopwatch.GetElapsedTime(from).TotalMilliseconds);
        }

        var milliseconds = new Samples(took);
        var cost = new LookCost(Text($"a look with {judge.Last!.Metrics.Count} metrics after a million requests"), milliseconds.Median, milliseconds.Quantile(0.9));
        run.Results.Costs.Add(cost);
        run.Report.Measure($"analysis: {cost.What}", Text($"median {cost.Median:0.00} ms, 90 % within {cost.P90:0.00} ms"), new Target(AtMost: 1), milliseconds.Median);
        run.Save();
    }

    private static Second WithFirstByte(Second second)
    {
        return second with { Stable = Side(second.Stable), Candidate = Side(second.Candidate) };

        static SideOfSecond Side(SideOfSecond side) => new([.. side.Cells.Select(c => c with { TimeToFirstByte = c.Latency })]);
    }

    private sealed record Run(Report Report, string Part, AnalysisResults Results, string? PlotFolder, CancellationToken CancellationToken)
    {
        public void Parallel(int count, Action<int> body) =>
            System.Threading.Tasks.Parallel.For(0, count, new ParallelOptions { CancellationToken = CancellationToken, MaxDegreeOfParallelism = Environment.ProcessorCount }, body);

        public static void Say(string line) => Console.Error.WriteLine($"  {line}");

        // After every part: a long run that is cut short has not run for nothing.
        public void Save()
        {
            if (PlotFolder is { } folder)
            {
                AnalysisPlots.Write(folder, Part, Results);
            }
        }
    }
}
