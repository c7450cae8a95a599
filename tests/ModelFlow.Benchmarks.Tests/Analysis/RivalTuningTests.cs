using ModelFlow.Benchmarks.Analysis;
using ModelFlow.Benchmarks.Analysis.Rivals;
using ModelFlow.Core.Evaluation;

namespace ModelFlow.Benchmarks.Tests.Analysis;

public sealed class RivalTuningTests
{
    [Theory]
    [InlineData(0, 3.5)]
    [InlineData(1, 2.5)]
    [InlineData(2, 1.5)]
    public void Confidence_lets_as_many_alarms_pass_as_are_allowed(int alarms, double z)
    {
        HarmlessRamp[] ramps = [Ramp(1.5), Ramp(3.5), Ramp(2.5)];

        Assert.Equal(z, RivalTuning.Kayenta(ramps, alarms));
        Assert.Equal(alarms, ramps.Count(r => r.KayentaPassesFrom > z));
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(3, 1)]
    [InlineData(3, 5)]
    public void Constants_let_no_more_alarms_pass_than_are_allowed_and_hardly_fewer(int alarms, int failedChecks)
    {
        var random = new SeededGenerator("flagger");
        var ramps = Enumerable.Range(0, 50)
            .Select(_ => new HarmlessRamp(TrafficShape.Steady, false, 0, [.. Enumerable.Range(0, 30).Select(_ => new FlaggerRule(random.NextDouble(), random.NextDouble(), random.NextDouble(), 1))]))
            .ToList();

        var rule = RivalTuning.Flagger(ramps, alarms, failedChecks)[TrafficShape.Steady];

        Assert.Equal(failedChecks, rule.FailedChecks);
        Assert.InRange(ramps.Count(r => r.Minutes.Count(m => m.MostErrors > rule.MostErrors || m.MostP99 > rule.MostP99 || m.MostLostMarks > rule.MostLostMarks) >= failedChecks), Math.Max(0, alarms - 2), alarms);
    }

    private static HarmlessRamp Ramp(double passesFrom) => new(TrafficShape.Steady, false, passesFrom, []);
}
