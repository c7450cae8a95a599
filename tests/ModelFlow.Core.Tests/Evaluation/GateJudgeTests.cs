using CsCheck;
using ModelFlow.Core.Evaluation;

namespace ModelFlow.Core.Tests.Evaluation;

public sealed class GateJudgeTests
{
    private static readonly GatePolicy Everything = new()
    {
        MinAccuracy = 0.9,
        MinMacroF1 = 0.9,
        MaxCalibrationError = 0.1,
        MaxLatencyP95Ms = 50,
        MaxAccuracyLoss = 0.01,
        MaxSliceRecallLoss = 0.05,
        MaxLatencyRatio = 2,
    };

    [Fact]
    public void Judge_noLimits_noResults() => Assert.Empty(GateJudge.Judge(new GatePolicy(), Report(600, [], [])));

    [Fact]
    public void Judge_everyLimit_oneResultEach()
    {
        var results = GateJudge.Judge(Everything, Report(600, [], []));

        Assert.Equal(
            ["minAccuracy", "minMacroF1", "maxCalibrationError", "maxLatencyP95Ms", "maxAccuracyLoss", "maxSliceRecallLoss", "maxLatencyRatio"],
            results.Select(r => r.Gate),
            StringComparer.Ordinal);
        Assert.All(results, r => Assert.True(r.Passed, r.Message));
    }

    [Fact]
    public void Judge_absoluteLimitMissed_failsWithBothNumbers()
    {
        var result = Single(new GatePolicy { MinAccuracy = 0.9 }, Report(100, candidateWrong: [.. Enumerable.Range(0, 20)], []));

        Assert.False(result.Passed);
        Assert.Equal(0.8, result.Observed);
        Assert.Equal("accuracy is 0.8, at least 0.9 is asked for", result.Message);
    }

    [Theory]
    [InlineData(null)]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void Judge_valueMissingOrNoNumber_fails(double? value)
    {
        var report = Report(100, [], []);
        report = report with { Candidate = report.Candidate with { Accuracy = value, MacroF1 = value, CalibrationError = value, Latency = Reports.Latency(value ?? double.NaN) } };

        var results = GateJudge.Judge(Everything with { MaxAccuracyLoss = null, MaxSliceRecallLoss = null }, report);

        Assert.Equal(5, results.Count);
        Assert.All(results, r => Assert.False(r.Passed, r.Message));
        Assert.All(results, r => Assert.Null(r.Observed));
    }

    [Fact]
    public void Judge_relativeLimitsWithoutBaseline_passAndSaySo()
    {
        var truth = new int[100];
        var results = GateJudge.Judge(Everything with { MinMacroF1 = null }, Reports.Of(truth, truth, null, classes: 1));

        var relative = results.Where(r => r.Gate is "maxAccuracyLoss" or "maxSliceRecallLoss" or "maxLatencyRatio").ToList();
        Assert.Equal(3, relative.Count);
        Assert.All(relative, r => Assert.True(r.Passed));
        Assert.All(relative, r => Assert.Contains("no stable version", r.Message, StringComparison.Ordinal));
    }

    [Fact]
    public void Judge_pairedOutcomesMissingBesideABaseline_fails()
    {
        var report = Report(600, [], []);
        report = report with { Paired = null, Slices = [.. report.Slices.Select(s => s with { Paired = null })] };

        Assert.False(Single(new GatePolicy { MaxAccuracyLoss = 0.5 }, report).Passed);
        Assert.False(Single(new GatePolicy { MaxSliceRecallLoss = 0.5 }, report).Passed);
    }

    [Fact]
    public void Judge_lossWithinNoise_passesEvenAtNoTolerance()
    {
        // Six rows lost and five gained of 597: what two equally good networks do.
        var result = Single(new GatePolicy { MaxAccuracyLoss = 0 }, Report(597, candidateWrong: [0, 1, 2, 3, 4, 5], baselineWrong: [10, 11, 12, 13, 14]));

        Assert.True(result.Passed, result.Message);
        Assert.InRange(result.Observed!.Value, 0.001, 0.002);
    }

    [Fact]
    public void Judge_lossBeyondNoise_failsWithTheInterval()
    {
        var result = Single(new GatePolicy { MaxAccuracyLoss = 0.01 }, Report(600, candidateWrong: [.. Enumerable.Range(0, 60)], []));

        Assert.False(result.Passed);
        Assert.StartsWith("accuracy fell from 1 to 0.9: 0.1 lost on 600 rows (95 % interval of the loss 0.07", result.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Judge_oneSliceLost_namesItAndOnlyIt()
    {
        // Rows alternate between the classes 0 and 1: the even ones are class 0.
        var result = Single(new GatePolicy { MaxSliceRecallLoss = 0.05 }, Report(600, candidateWrong: [.. Enumerable.Range(0, 120).Select(i => (2 * i) + 1)], []));

        Assert.False(result.Passed);
        Assert.Equal(0.4, result.Observed!.Value, 3);
        Assert.StartsWith("recall of label=1 fell from 1 to 0.6: 0.4 lost on 300 rows (97.5 % interval", result.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("label=0", result.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Judge_sliceBelowTheLeastRows_notGatedButMentioned()
    {
        var report = Report(30, candidateWrong: [1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29], []);

        Assert.True(Single(new GatePolicy { MaxSliceRecallLoss = 0.05, MinSliceRows = 16 }, report).Passed);
        Assert.False(Single(new GatePolicy { MaxSliceRecallLoss = 0.05, MinSliceRows = 15 }, report).Passed);
    }

    [Fact]
    public void Judge_oneRowSliceLost_isNoProof() =>
        Assert.True(Single(new GatePolicy { MaxSliceRecallLoss = 0.05, MinSliceRows = 1 }, Reports.Of([0, 1], [0, 0], [0, 1])).Passed);

    [Fact]
    public void Judge_slowerThanAllowedOnEveryBatch_fails()
    {
        var report = Report(600, [], []);
        report = report with { Candidate = report.Candidate with { Latency = Reports.Latency(3, 3, 3) } };

        var result = Single(new GatePolicy { MaxLatencyRatio = 2 }, report);

        Assert.False(result.Passed);
        Assert.Equal(3, result.Observed);
    }

    [Fact]
    public void Judge_oneSlowBatchOfMany_isNoProofOfSlowness()
    {
        var report = Report(600, [], []);
        double[] samples = [.. Enumerable.Repeat(1.0, 19), 30];
        report = report with
        {
            Candidate = report.Candidate with { Latency = Reports.Latency(samples) with { P95Ms = 30 } },
            Baseline = report.Baseline! with { Latency = Reports.Latency([.. Enumerable.Repeat(1.0, 20)]) },
        };

        Assert.True(Single(new GatePolicy { MaxLatencyRatio = 2 }, report).Passed);
    }

    [Fact]
    public void Judge_sameReport_sameWords() =>
        Gen.Int[0, 200].Sample(
            lost =>
            {
                var report = Report(400, [.. Enumerable.Range(0, lost)], []);
                Assert.Equal(GateJudge.Judge(Everything, report), GateJudge.Judge(Everything, report));
            },
            iter: 10);

    [Fact]
    public void Judge_candidateNowhereWorse_neverFailsARelativeGate() =>
        Gen.Select(Gen.Int[40, 400], Gen.Int[0, 39], Gen.Double[0, 0.2]).Sample(
            (rows, gained, tolerance) =>
            {
                var report = Report(rows, [], [.. Enumerable.Range(0, gained)]);
                var policy = new GatePolicy { MaxAccuracyLoss = tolerance, MaxSliceRecallLoss = tolerance };
                Assert.All(GateJudge.Judge(policy, report), r => Assert.True(r.Passed, r.Message));
            },
            iter: 30);

    [Fact]
    public void Judge_moreTolerance_neverTurnsAPassIntoAFail() =>
        Gen.Select(Gen.Int[0, 150], Gen.Double[0, 0.3], Gen.Double[0, 0.3]).Sample(
            (lost, a, b) =>
            {
                var report = Report(300, [.. Enumerable.Range(0, lost)], []);
                var strict = Single(new GatePolicy { MaxAccuracyLoss = Math.Min(a, b) }, report).Passed;
                var lax = Single(new GatePolicy { MaxAccuracyLoss = Math.Max(a, b) }, report).Passed;
                Assert.True(lax || !strict);
            },
            iter: 30);

    private static GateResult Single(GatePolicy policy, EvaluationReport report) => Assert.Single(GateJudge.Judge(policy, report));

    // Two classes by turns; each version answers every row rightly but the ones named.
    private static EvaluationReport Report(int rows, int[] candidateWrong, int[] baselineWrong)
    {
        var truth = Enumerable.Range(0, rows).Select(i => i % 2).ToArray();
        return Reports.Of(truth, Answers(candidateWrong), Answers(baselineWrong));

        int[] Answers(int[] wrong) => [.. truth.Select((t, i) => wrong.Contains(i) ? 1 - t : t)];
    }
}
