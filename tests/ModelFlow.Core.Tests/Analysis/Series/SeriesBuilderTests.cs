using ModelFlow.Core.Analysis;
using ModelFlow.Core.Analysis.Replay;
using ModelFlow.Core.Analysis.Series;
using ModelFlow.Core.Evaluation;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Policies;

namespace ModelFlow.Core.Tests.Analysis.Series;

public sealed class SeriesBuilderTests
{
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly DatasetReference Dataset = new("a/b.csv", Sha256Digest.Of("x"));
    private static readonly Policy Policy = new() { Smoke = new(Dataset, TimeSpan.FromMinutes(1)), Evaluation = new() { Dataset = Dataset } };

    [Theory]
    [InlineData(150, 1, 10_000)]
    [InlineData(150, 50, 40)]
    [InlineData(150, 3, 700)]
    [InlineData(5_000, 2, 4_000)]
    [InlineData(300, 4, 20)]
    public void Series_neverHasMorePointsThanAskedFor_andKeepsTheLastLookOfEachStep(int points, int steps, int looks)
    {
        var seen = Enumerable.Range(0, steps).Select(s => Step(s, looks)).ToList();

        var series = SeriesBuilder.Build(Policy, 1, seen, points);

        Assert.Equal(steps * looks, series.Looks);
        Assert.InRange(series.Shown, Math.Min(points / 2, steps * looks), points);
        Assert.Equal(series.Shown, series.Steps.Sum(s => s.Metrics[0].Points.Count));
        Assert.All(series.Steps.Zip(seen), p => Assert.Equal(p.Second.Looks[^1].At, p.First.Metrics[0].Points[^1].At));
        Assert.All(series.Steps, s => Assert.Equal(s.Metrics[0].Points.Select(p => p.At).Order().Distinct(), s.Metrics[0].Points.Select(p => p.At)));
    }

    [Fact]
    public void Changes_ofVerdict_areNotThinnedAway()
    {
        var step = Step(0, 9_000, i => i is >= 4_001 and < 4_003 ? Verdict.Healthy : Verdict.Inconclusive);

        var shown = SeriesBuilder.Build(Policy, 1, [step], 150).Steps[0].Metrics[0].Points;

        Assert.Equal([Verdict.Healthy, Verdict.Inconclusive], shown.Where(p => p.At == Start.AddSeconds(4_001) || p.At == Start.AddSeconds(4_003)).Select(p => p.Verdict));
    }

    [Fact]
    public void Budget_ofAllAttemptsAndSteps_addsUpToTheWhole()
    {
        var steps = Policy.Ramp.Steps.Count;
        var series = SeriesBuilder.Build(Policy, 2, [.. Enumerable.Range(0, steps).Select(s => Step(s, 3))], 300);

        var b = series.Budget;
        Assert.Equal(0.05, b.EarlierAttempts + b.ThisAttempt + b.LaterAttempts, 1e-12);
        Assert.Equal(0.005, b.ThisAttempt, 1e-12);
        Assert.Equal(b.ThisAttempt / 2, b.PerMetric, 1e-12);
        foreach (var name in new[] { "errorRateIncrease", "latencyP95Ratio" })
        {
            var metric = series.Steps.Select(s => s.Metrics.Single(m => m.Metric == name)).ToList();
            Assert.Equal(metric.Select(m => m.BudgetSpent).Order(), metric.Select(m => m.BudgetSpent));
            Assert.All(metric, m => Assert.Equal(b.PerMetric, m.BudgetSpent + m.BudgetLeft, 1e-12));
            Assert.Equal(b.PerMetric, metric[^1].BudgetSpent, 1e-12);
        }

        Assert.All(series.Steps, s => Assert.Equal((0, 0), Spent(s, "clientErrorRateIncrease")));
        Assert.All(series.Steps, s => Assert.Equal((0, 0), Spent(s, "something new")));

        static (double, double) Spent(StepSeries step, string metric) => step.Metrics.Where(m => m.Metric == metric).Select(m => (m.BudgetSpent, m.BudgetLeft)).Single();
    }

    [Fact]
    public void Points_compareSharesByDifference_andDurationsByRatio_withHowFarEvidenceHasCome()
    {
        var metrics = SeriesBuilder.Build(Policy, 1, [Step(0, 1)], 300).Steps[0].Metrics.ToDictionary(m => m.Metric, m => m, StringComparer.Ordinal);

        Assert.Equal((ComparedAs.Difference, 0.02), (metrics["errorRateIncrease"].ComparedAs, Math.Round(metrics["errorRateIncrease"].Points[0].Effect!.Value, 6)));
        Assert.Equal((ComparedAs.Ratio, 3.0), (metrics["latencyP95Ratio"].ComparedAs, metrics["latencyP95Ratio"].Points[0].Effect!.Value));
        Assert.Equal(0.5, metrics["latencyP95Ratio"].Points[0].TowardHarm!.Value, 1e-9);
        Assert.Equal(0, metrics["latencyP95Ratio"].Points[0].TowardHealth);
        Assert.Null(metrics["something new"].Points[0].TowardHarm);
    }

    [Fact]
    public void Notes_sayWhichHealthyMetricsHaveAnIntervalPastTheTolerance_andWhatDecides()
    {
        var healthy = SeriesBuilder.Build(Policy, 1, [Step(0, 2, _ => Verdict.Healthy)], 300);
        var open = SeriesBuilder.Build(Policy, 1, [Step(0, 2)], 300);
        var ratio = SeriesBuilder.Build(Policy with { Guardrails = new GuardrailPolicy { ErrorRateRatio = 1.5 } }, 1, [Step(0, 2, _ => Verdict.Healthy)], 300);

        Assert.StartsWith("Step 1: errorRateIncrease is healthy by the evidence, though the 95 % interval still reaches past the tolerance", Assert.Single(healthy.Notes), StringComparison.Ordinal);
        Assert.True(healthy.Complete);
        Assert.Empty(open.Notes);
        Assert.Empty(ratio.Notes);
    }

    [Fact]
    public void Shadow_comesBeforeTheSteps_withItsOwnShareOfTheBudget()
    {
        var policy = Policy with { Ramp = new RampPolicy { Shadow = new ShadowPolicy() } };
        var shadow = new SeenStep(
            new RecordedStep { Step = 0, Weight = new Weight(1_000), Generation = 1, From = Start, Stable = VersionName.Parse("v1.0.0") },
            LookSource.Replayed,
            [new ReplayedLook(Start, new(Verdict.Healthy, [new("shadow.latencyRatio", Verdict.Healthy, 2, 6, 1.5, "", null, new(1, 1_000), new(30, 20)), new("shadow.minPairs", Verdict.Healthy, 0, 250, 100, "")], 250, 260))],
            3,
            3,
            Note: null);

        var series = SeriesBuilder.Build(policy, 1, [Step(0, 2)], 300, [shadow]);

        Assert.Equal((250L, 1, 3, 1_000), (series.Shadow!.Pairs, series.Shadow.Looks, series.Looks, series.Shadow.Share.BasisPoints));
        var latency = series.Shadow.Metrics[0];
        Assert.Equal((ComparedAs.Ratio, 0.001, 0.0), (latency.ComparedAs, latency.BudgetSpent, latency.BudgetLeft));
        Assert.Equal((250L, 3.0), (latency.Points[0].Pairs, latency.Points[0].Effect));
        Assert.Equal(0.04, series.Budget.ThisAttempt + series.Budget.Shadow!.Value, 1e-12);
        Assert.Single(series.Steps);
    }

    private static SeenStep Step(int step, int looks, Func<int, Verdict>? verdict = null) => new(
        new RecordedStep { Step = step, Weight = new Weight(500), Generation = step + 1, From = Start, Stable = VersionName.Parse("v1.0.0") },
        LookSource.Replayed,
        [.. Enumerable.Range(0, looks).Select(i => new ReplayedLook(Start.AddSeconds(i), Report(verdict?.Invoke(i) ?? Verdict.Inconclusive)))],
        looks,
        looks,
        Note: null);

    private static GuardrailReport Report(Verdict verdict) => new(
        verdict,
        [
            new("errorRateIncrease", verdict, 0.01, 0.03, 0.01, "", new MetricInterval(0, 0.1), new(10, 100), new(1, 20)),
            new("clientErrorRateIncrease", Verdict.Healthy, 0.01, 0.03, 0.01, "", null, new(10, 100), new(1, 20)),
            new("latencyP95Ratio", verdict, 2, 6, 1.5, "", null, new(10, 100), new(0.3, 20)),
            new("something new", verdict, 0, 0, 0, ""),
        ],
        100,
        5);
}
