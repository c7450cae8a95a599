using System.Text.Json;
using ModelFlow.Core.Analysis;
using ModelFlow.Core.Serialization;
using ModelFlow.Core.Traffic;

namespace ModelFlow.Core.Tests.Analysis;

public sealed class GuardrailJudgeTests
{
    private const int Steps = 4;

    private static readonly GuardrailPolicy Policy = new() { LatencyP50Ratio = 1.5, MinRequests = 50 };

    [Fact]
    public void Judge_identicalVersionsLookedAtAllTheTime_alarmsAtMostAsOftenAsTheBudget()
    {
        const int Runs = 500;
        var policy = new GuardrailPolicy { ErrorRateIncrease = 0, LatencyP50Ratio = 1, LatencyP95Ratio = 1, FalseAlarmBudget = 0.1 };
        var alarms = 0;
        for (var run = 0; run < Runs; run++)
        {
            // No tolerance at all and one step: the least favourable case for the budget.
            var traffic = new TrafficSimulation(run, 0.5) { StableBehaviour = new(0.05), CandidateBehaviour = new(0.05) };
            for (var look = 0; look < 100; look++)
            {
                traffic.Send(20);
                if (Judge(policy, [traffic.Window()], steps: 1).Verdict == Verdict.Harmful)
                {
                    alarms++;
                    break;
                }
            }
        }

        Assert.InRange(alarms, 0, 0.1 * Runs);
    }

    [Theory]
    [InlineData(0.05, 40)]
    [InlineData(0.25, 100)]
    public void Judge_tenTimesSlowerCandidate_isConvictedWithinAHundredOfItsRequests(double share, int atMost)
    {
        var needed = Needed(share, new() { MedianMs = 50 });
        Assert.InRange(needed, 1, atMost);
    }

    [Theory]
    [InlineData(0.05, 30)]
    [InlineData(0.5, 50)]
    public void Judge_candidateThatOnlyFails_isConvictedWithinTens(double share, int atMost) =>
        Assert.InRange(Needed(share, new() { ErrorRate = 1 }), 1, atMost);

    [Fact]
    public void Judge_oneInTenFails_isConvictedBeforeAThousand() => Assert.InRange(Needed(0.25, new() { ErrorRate = 0.1 }), 1, 1_000);

    [Fact]
    public void Judge_alikeWithEnoughRequests_isHealthyAndSaysWhatItCompared()
    {
        var traffic = new TrafficSimulation(1, 0.5);
        traffic.Send(4_000);
        var report = Judge(Policy, [traffic.Window()]);
        Assert.Equal(Verdict.Healthy, report.Verdict);
        Assert.Equal(["errorRateIncrease", "clientErrorRateIncrease", "latencyP50Ratio", "latencyP95Ratio"], report.Metrics.Select(m => m.Metric), StringComparer.Ordinal);
        Assert.Equal(4_000, report.StableRequests + report.CandidateRequests);
        Assert.Contains("of stable", report.Metrics[0].Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Judge_noWindows_isInconclusive()
    {
        var report = Judge(Policy, []);
        Assert.Equal(Verdict.Inconclusive, report.Verdict);
        Assert.All(report.Metrics, m => Assert.Equal(Verdict.Inconclusive, m.Verdict));
        Assert.Contains("\"verdict\":\"inconclusive\"", JsonSerializer.Serialize(report, CoreJson.Options), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Judge_onlyOneSideHasRequests_isInconclusive(double share)
    {
        var traffic = new TrafficSimulation(3, share) { CandidateBehaviour = new(1) };
        traffic.Send(5_000);
        Assert.Equal(Verdict.Inconclusive, Judge(Policy, [traffic.Window()]).Verdict);
    }

    [Fact]
    public void Judge_oneRequestEach_isInconclusive()
    {
        var window = Window(Cell(TrafficSimulation.Stable, 1, 0, 1_000), Cell(TrafficSimulation.Candidate, 1, 1, 0));
        Assert.Equal(Verdict.Inconclusive, Judge(Policy, [window]).Verdict);
    }

    [Fact]
    public void Judge_nothingWatched_isInconclusive()
    {
        var traffic = new TrafficSimulation(4, 0.5);
        traffic.Send(1_000);
        var report = Judge(new GuardrailPolicy { ErrorRateIncrease = null, LatencyP95Ratio = null }, [traffic.Window()]);
        Assert.Equal(Verdict.Inconclusive, report.Verdict);
        Assert.Empty(report.Metrics);
    }

    [Fact]
    public void Judge_sameWindowTwice_countsItOnce()
    {
        var traffic = new TrafficSimulation(5, 0.5);
        traffic.Send(90);
        var once = Judge(Policy, [traffic.Window()]);
        Assert.Equal(JsonSerializer.Serialize(once, CoreJson.Options), JsonSerializer.Serialize(Judge(Policy, [traffic.Window(), traffic.Window()]), CoreJson.Options));
    }

    [Fact]
    public void Judge_windowsOfAnOlderGeneration_areLeftOut()
    {
        var old = new TrafficSimulation(6, 0.5) { CandidateBehaviour = new(1) };
        old.Send(1_000);
        var traffic = new TrafficSimulation(7, 0.5);
        traffic.Send(4_000);
        var report = Judge(Policy, [old.Window(1), traffic.Window(2, generation: 2)]);
        Assert.Equal((Verdict.Healthy, 4_000), (report.Verdict, report.StableRequests + report.CandidateRequests));
    }

    [Fact]
    public void Judge_windowsWithoutALease_areNoComparison()
    {
        var traffic = new TrafficSimulation(8, 0.5) { CandidateBehaviour = new(1) };
        traffic.Send(1_000);
        var report = Judge(Policy, [traffic.Window() with { Leased = false }]);
        Assert.Equal((Verdict.Inconclusive, 0), (report.Verdict, report.CandidateRequests));
    }

    [Fact]
    public void Judge_pinnedShadowAndFallback_areLeftOut()
    {
        var cells = Enum.GetValues<TrafficKind>().Select(kind => Cell(TrafficSimulation.Candidate, 1_000, 1_000, 0) with { Kind = kind });
        var window = Window([Cell(TrafficSimulation.Stable, 1_000, 0, 5_000), .. cells.Skip(1)]);
        Assert.Equal(0, Judge(Policy, [window]).CandidateRequests);
    }

    [Fact]
    public void Judge_candidateHasAllTraffic_comparesWithStableInTheStepBefore()
    {
        var before = new TrafficSimulation(9, 0.5);
        before.Send(2_000);
        var all = new TrafficSimulation(10, 1) { CandidateBehaviour = new() { MedianMs = 50 } };
        all.Send(200);
        var window = all.Window(2, generation: 2);
        Assert.Equal(Verdict.Inconclusive, Judge(Policy, [window]).Verdict);
        var report = GuardrailJudge.Judge(Policy, [window], TrafficSimulation.Stable, TrafficSimulation.Candidate, Steps, [before.Window()]);
        Assert.Equal(Verdict.Harmful, report.Verdict);
        Assert.Contains("of stable in the step before", report.Metrics[^1].Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Judge_clientsGiveUpOnTheCandidate_countsTheirWaitAsSlow()
    {
        var stable = Cell(TrafficSimulation.Stable, 1_000, 0, 5_000);
        var candidate = new TrafficCell { Version = TrafficSimulation.Candidate, ClientAborts = 60, AbortedAfter = Times(60, 1_000_000) };
        Assert.Equal(Verdict.Harmful, Judge(Policy, [Window(stable, candidate)]).Verdict);
    }

    [Fact]
    public void Judge_clientsGiveUpOnStable_neverMakesStableLookFast()
    {
        var stable = Cell(TrafficSimulation.Stable, 500, 0, 5_000) with { ClientAborts = 500, AbortedAfter = Times(500, 5_000) };
        var candidate = Cell(TrafficSimulation.Candidate, 1_000, 0, 50_000);
        var p95 = Judge(Policy, [Window(stable, candidate)]).Metrics.Single(m => string.Equals(m.Metric, "latencyP95Ratio", StringComparison.Ordinal));
        Assert.Equal(Verdict.Inconclusive, p95.Verdict);
    }

    [Fact]
    public void Judge_candidateRefusesClearlyMoreRequests_isNotHealthyAndNotHarmful()
    {
        var traffic = new TrafficSimulation(11, 0.5) { CandidateBehaviour = new() { ClientErrorRate = 0.5 } };
        traffic.Send(4_000);
        var report = Judge(Policy, [traffic.Window()]);
        Assert.Equal(Verdict.Inconclusive, report.Verdict);
        Assert.Contains("4xx", report.Metrics.Single(m => m.Verdict == Verdict.Inconclusive).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void Judge_toleranceIsNoNumber_isInconclusiveAndCanBeStored(double tolerance)
    {
        var traffic = new TrafficSimulation(12, 0.5);
        traffic.Send(1_000);
        var report = Judge(new GuardrailPolicy { ErrorRateIncrease = tolerance, LatencyP95Ratio = tolerance }, [traffic.Window()]);
        Assert.Equal(Verdict.Inconclusive, report.Verdict);
        Assert.NotEmpty(JsonSerializer.Serialize(report, CoreJson.Options));
    }

    private static GuardrailReport Judge(GuardrailPolicy policy, IReadOnlyCollection<TrafficWindow> windows, int steps = Steps) =>
        GuardrailJudge.Judge(policy, windows, TrafficSimulation.Stable, TrafficSimulation.Candidate, steps);

    /// <summary>The most candidate requests that any of 50 runs needed until the verdict was harmful.</summary>
    private static long Needed(double share, TrafficSimulation.Behaviour candidate)
    {
        var most = 0L;
        for (var run = 0; run < 50; run++)
        {
            var traffic = new TrafficSimulation(run, share) { CandidateBehaviour = candidate };
            do
            {
                traffic.Send(5);
            }
            while (Judge(Policy, [traffic.Window()]).Verdict != Verdict.Harmful && traffic.CandidateRequests < 10_000);
            most = Math.Max(most, traffic.CandidateRequests);
        }

        return most;
    }

    private static TrafficWindow Window(params TrafficCell[] cells) => new TrafficSimulation(0, 0.5).Window() with { Cells = cells };

    private static TrafficCell Cell(Core.Naming.VersionName version, int requests, int errors, double microseconds) =>
        new() { Version = version, Requests = requests, UpstreamErrors = errors, Latency = Times(requests - errors, microseconds) };

    private static LogHistogram Times(int count, double microseconds)
    {
        var latency = new LogHistogramBuilder();
        for (var i = 0; i < count; i++)
        {
            latency.Add(microseconds);
        }

        return latency.Build();
    }
}
