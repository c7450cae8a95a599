namespace ModelFlow.Benchmarks.Analysis.Rivals;

/// <summary>
/// Kayenta's judge on a ramp: each metric gives one value a minute for either version, and after <see cref="Points"/> of them, "at least 50 pieces of time series data per
/// metric" (spinnaker.io, Best practices for configuring canary), the run is judged by <see cref="KayentaMetric"/>. The score is the share of metrics that pass; below
/// <c>pass</c> (95 in the project's <c>json-formats.md</c>) the canary is rolled back, and half of the metrics without data is a score of 0
/// (<c>WeightedSumScorer.scala</c>, <c>GenerateCanaryAnalysisResultTask.java</c>, commit a69573b). A step of the ramp is a run of its own, as its weight is another. The baseline here is all
/// of stable's traffic of the same minutes: more than the instance of the canary's size that its documentation asks for.
/// </summary>
/// <param name="z">The quantile of the confidence.</param>
internal sealed class KayentaJudge(double z = KayentaMetric.DefaultZ) : IRampJudge
{
    /// <summary>Values of each metric in one run.</summary>
    public const int Points = 50;

    private const double PassScore = 95;

    // What makes a metric: worse is more of each.
    private static readonly (string Name, Func<SideOfMinute, double> Value)[] Metrics =
    [
        ("error rate", s => s.ErrorRate * 100),
        ("latency p50", s => s.Milliseconds(0.5)),
        ("latency p95", s => s.Milliseconds(0.95)),
        ("lost marks", s => s.LostMarks * 100),
    ];

    private readonly List<Minute> _run = [];

    /// <summary>The least z with which no run so far would have been stopped.</summary>
    public double PassesFrom { get; private set; }

    public string? Look(Second second, Minute? minute)
    {
        if (minute is null)
        {
            return null;
        }

        if (_run.Count > 0 && _run[0].Generation != minute.Generation)
        {
            _run.Clear();
        }

        _run.Add(minute);
        if (_run.Count < Points)
        {
            return null;
        }

        var pairs = Metrics.Select(m => (m.Name, Ours: _run.ConvertAll(r => m.Value(r.Candidate)), Theirs: _run.ConvertAll(r => m.Value(r.Stable)))).ToList();
        _run.Clear();
        var classes = pairs.ConvertAll(p => KayentaMetric.Classify(p.Ours, p.Theirs, z));

        // One failing metric of four is a score of 75: the greatest of them decides.
        PassesFrom = Math.Max(PassesFrom, pairs.Max(p => KayentaMetric.PassesFrom(p.Ours, p.Theirs)));
        return Score(classes) >= PassScore ? null : pairs[Math.Max(0, classes.IndexOf(KayentaClass.High))].Name;
    }

    /// <summary>The score of a run, 0 to 100.</summary>
    public static double Score(IReadOnlyList<KayentaClass> classes)
    {
        var judged = classes.Count(c => c != KayentaClass.NoData);
        return 2 * (classes.Count - judged) >= classes.Count ? 0 : Math.Round(100.0 * classes.Count(c => c == KayentaClass.Pass) / judged, 2);
    }
}
