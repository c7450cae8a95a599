using System.Text.Json;
using ModelFlow.Core.Analysis;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Serialization;
using ModelFlow.Core.Traffic;

namespace ModelFlow.Core.Tests.Analysis;

public sealed class GuardrailJudgeTests
{
    private const int Steps = 4;

    private static readonly Weight Half = new(5_000);
    private static readonly GuardrailPolicy Policy = new() { LatencyP50Ratio = 1.5, MinRequests = 50 };

    [Theory]
    [InlineData(0.02, 1.0, 1.0)]
    [InlineData(0.05, 0.02, 1.2)]
    public void Judge_candidateExactlyAtTheTolerance_isStoppedAtMostAsOftenAsTheBudget(double errorRate, double increase, double slower)
    {
        const int Runs = 300;
        var policy = new GuardrailPolicy { ErrorRateIncrease = increase == 1.0 ? 0 : increase, LatencyP50Ratio = slower, LatencyP95Ratio = slower, FalseAlarmBudget = 0.1 };
        var candidate = new TrafficSimulation.Behaviour(errorRate + policy.ErrorRateIncrease!.Value, MedianMs: 5 * slower);
        var alarms = 0;
        for (var run = 0; run < Runs; run++)
        {
            var traffic = new TrafficSimulation(run, 0.5) { StableBehaviour = new(errorRate), CandidateBehaviour = candidate };
            var looks = new Looks(policy, steps: 1);
            for (var look = 0; look < 100; look++)
            {
                traffic.Send(20);
                if (looks.Look(traffic.Window()).Verdict == Verdict.Harmful)
                {
                    alarms++;
                    break;
                }
            }
        }

        // The promise is 0.08 · Runs for a first attempt.
        Assert.InRange(alarms, 0, 0.08 * Runs);
    }

    [Fact]
    public void Judge_aLongerTailAlone_isNoHarmToTheMedian()
    {
        var traffic = new TrafficSimulation(7, 0.5) { StableBehaviour = new(Spread: 2), CandidateBehaviour = new(Spread: 2.3) };
        var looks = new Looks(new GuardrailPolicy { ErrorRateIncrease = null, LatencyP50Ratio = 1.1, LatencyP95Ratio = null });

        var report = looks.Look([.. traffic.Windows(60_000)]);

        var median = Assert.Single(report.Metrics, m => m.Metric == "latencyP50Ratio");
        Assert.InRange(median.Candidate, 4.5, 5.5);
        Assert.NotEqual(Verdict.Harmful, median.Verdict);
    }

    [Theory]
    [InlineData(0.05, 40)]
    [InlineData(0.25, 60)]
    public void Judge_tenTimesSlowerCandidate_isConvictedWithinTensOfItsRequests(double share, int atMost)
    {
        var needed = Needed(share, new() { MedianMs = 50 });
        Assert.InRange(needed, 1, atMost);
    }

    [Theory]
    [InlineData(0.05, 15)]
    [InlineData(0.5, 30)]
    public void Judge_candidateThatOnlyFails_isConvictedWithinTens(double share, int atMost) =>
        Assert.InRange(Needed(share, new() { ErrorRate = 1 }), 1, atMost);

    [Fact]
    public void Judge_oneInTenFails_isConvictedBeforeFourHundred() => Assert.InRange(Needed(0.25, new() { ErrorRate = 0.1 }), 1, 400);

    [Fact]
    public void Judge_harmThatBeginsLate_isFoundAllTheSame()
    {
        var good = new TrafficSimulation(1, 0.5);
        var looks = new Looks(Policy);
        foreach (var window in good.Windows(20_000))
        {
            looks.Look(window);
        }

        var bad = new TrafficSimulation(2, 0.5) { CandidateBehaviour = new() { ErrorRate = 0.2 } };
        var needed = 0;
        while (looks.Look(bad.Window() with { Number = 100_000 + needed }).Verdict != Verdict.Harmful && needed < 5_000)
        {
            bad.Send(20);
            needed += 20;
        }

        Assert.InRange(needed, 1, 1_000);
    }

    [Fact]
    public void Judge_alikeWithEnoughRequests_isHealthyAndSaysWhatItCompared()
    {
        var report = Judge(Policy, new TrafficSimulation(1, 0.5).Windows(8_000));
        Assert.Equal(Verdict.Healthy, report.Verdict);
        Assert.Equal(["errorRateIncrease", "clientErrorRateIncrease", "latencyP50Ratio", "latencyP95Ratio", "sampleRatio"], report.Metrics.Select(m => m.Metric), StringComparer.Ordinal);
        Assert.Equal(8_000, report.StableRequests + report.CandidateRequests);
        Assert.Contains("of stable", report.Metrics[0].Message, StringComparison.Ordinal);
        Assert.All(report.Metrics.Take(4), m => Assert.True(m.Interval!.Low <= m.Interval.High));
    }

    [Fact]
    public void Judge_fewRequestsThatLookAlike_isInconclusiveNotHealthy()
    {
        var policy = Policy with { MinRequests = 10 };
        Assert.Equal(Verdict.Inconclusive, Judge(policy, new TrafficSimulation(1, 0.5) { StableBehaviour = new(0), CandidateBehaviour = new(0) }.Windows(60)).Verdict);
    }

    [Theory]
    [InlineData(0.021)]
    [InlineData(0.05)]
    public void Judge_candidateBeyondTheTolerance_isCalledHealthyAtMostAsOftenAsTheMissBudget(double errorRate)
    {
        const int Runs = 200;
        var policy = new GuardrailPolicy { ErrorRateIncrease = 0.01, LatencyP95Ratio = null };
        var missed = 0;
        for (var run = 0; run < Runs; run++)
        {
            var looks = new Looks(policy, steps: 1);
            var traffic = new TrafficSimulation(run, 0.5) { StableBehaviour = new(0.01), CandidateBehaviour = new(errorRate) };
            for (var look = 0; look < 100 && looks.Last?.Verdict != Verdict.Harmful; look++)
            {
                traffic.Send(40);
                if (looks.Look(traffic.Window()).Verdict == Verdict.Healthy)
                {
                    missed++;
                    break;
                }
            }
        }

        Assert.InRange(missed, 0, 0.05 * Runs);
    }

    [Fact]
    public void Judge_noWindows_isInconclusive()
    {
        var report = Judge(Policy, []);
        Assert.Equal(Verdict.Inconclusive, report.Verdict);
        Assert.All(report.Metrics.SkipLast(1), m => Assert.Equal(Verdict.Inconclusive, m.Verdict));
        Assert.Contains("\"verdict\":\"inconclusive\"", JsonSerializer.Serialize(report, CoreJson.Options), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Judge_onlyOneSideHasRequests_isInconclusive(double share)
    {
        var traffic = new TrafficSimulation(3, share) { CandidateBehaviour = new(1) };
        Assert.Equal(Verdict.Inconclusive, Judge(Policy, traffic.Windows(5_000)).Verdict);
    }

    [Fact]
    public void Judge_oneRequestEach_isInconclusive()
    {
        var window = Window(Cell(TrafficSimulation.Stable, 1, 0, 1_000), Cell(TrafficSimulation.Candidate, 1, 1, 0));
        Assert.Equal(Verdict.Inconclusive, Judge(Policy, [window]).Verdict);
    }

    [Fact]
    public void Judge_bothOnlyFail_isNotHarmful()
    {
        var traffic = new TrafficSimulation(3, 0.5) { StableBehaviour = new(1), CandidateBehaviour = new(1) };
        var report = Judge(Policy, traffic.Windows(2_000));
        Assert.NotEqual(Verdict.Harmful, report.Verdict);
        Assert.NotEmpty(JsonSerializer.Serialize(report, CoreJson.Options));
    }

    [Theory]
    [InlineData(7_000, Verdict.Healthy)]
    [InlineData(20_000, Verdict.Harmful)]
    public void Judge_allDurationsEqual_isDecided(double candidateMicroseconds, Verdict expected)
    {
        var windows = Enumerable.Range(1, 50).Select(i =>
            Window(Cell(TrafficSimulation.Stable, 20, 0, 7_000), Cell(TrafficSimulation.Candidate, 20, 0, candidateMicroseconds)) with { Number = i }).ToList();
        Assert.Equal(expected, Judge(Policy, windows).Verdict);
    }

    [Fact]
    public void Judge_nothingWatched_isInconclusive()
    {
        var report = Judge(new GuardrailPolicy { ErrorRateIncrease = null, LatencyP95Ratio = null }, new TrafficSimulation(4, 0.5).Windows(1_000));
        Assert.Equal(Verdict.Inconclusive, report.Verdict);
        Assert.Empty(report.Metrics);
    }

    [Fact]
    public void Judge_candidateHasAllTraffic_comparesWithStableInTheStepBefore()
    {
        var looks = new Looks(Policy);
        foreach (var window in new TrafficSimulation(9, 0.5).Windows(2_000))
        {
            looks.Look(window);
        }

        var all = new TrafficSimulation(10, 1) { CandidateBehaviour = new() { MedianMs = 50 } };
        looks.BeginStep(2, alone: true);
        all.Send(200);
        var report = looks.Look(all.Window(generation: 2));
        Assert.Equal(Verdict.Harmful, report.Verdict);
        Assert.Contains("of stable in the step before", report.Metrics.First(m => m.Verdict == Verdict.Harmful).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0.01, Verdict.Healthy)]
    [InlineData(0.2, Verdict.Harmful)]
    public void Judge_errorsWhenTheCandidateHasAllTraffic_areComparedWithTheStepBefore(double errorRate, Verdict expected)
    {
        var looks = new Looks(new GuardrailPolicy { ErrorRateIncrease = 0.02, LatencyP95Ratio = null });
        foreach (var window in new TrafficSimulation(9, 0.5).Windows(8_000))
        {
            looks.Look(window);
        }

        looks.BeginStep(2, alone: true);
        var report = looks.Last!;
        foreach (var window in new TrafficSimulation(10, 1) { CandidateBehaviour = new(errorRate) }.Windows(4_000))
        {
            report = looks.Look(window with { Generation = 2 });
        }

        Assert.Equal(expected, report.Verdict);
    }

    [Fact]
    public void Judge_clientsGiveUpOnTheCandidate_countsTheirWaitAsSlow()
    {
        var stable = Cell(TrafficSimulation.Stable, 1_000, 0, 5_000);
        var candidate = new TrafficCell { Version = TrafficSimulation.Candidate, ClientAborts = 60, AbortedAfter = Times(60, 1_000_000) };
        var fast = Cell(TrafficSimulation.Candidate, 1, 0, 5_000);
        Assert.Equal(Verdict.Harmful, Judge(Policy, [Window(stable, candidate, fast)]).Verdict);
    }

    [Fact]
    public void Judge_clientsGiveUpOnStable_neverMakesStableLookFast()
    {
        var stable = Cell(TrafficSimulation.Stable, 500, 0, 5_000) with { ClientAborts = 500, AbortedAfter = Times(500, 5_000) };
        var candidate = Cell(TrafficSimulation.Candidate, 1_000, 0, 50_000);
        var p95 = Judge(Policy, [Window(stable, candidate)]).Metrics.Single(m => string.Equals(m.Metric, "latencyP95Ratio", StringComparison.Ordinal));
        Assert.Equal(Verdict.Inconclusive, p95.Verdict);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Judge_clientsGoAwayInTheMiddleOfStreams_saysNothingOfTheFirstByte(bool ofTheCandidate)
    {
        // Most clients leave after a minute of answers that began at once: how long they stayed is no bound of when the first byte came.
        var policy = new GuardrailPolicy { ErrorRateIncrease = null, LatencyP95Ratio = null, FirstByteP50Ratio = 1.5 };
        var streams = Windows(ofTheCandidate ? TrafficSimulation.Candidate : TrafficSimulation.Stable);
        Assert.Equal(Verdict.Inconclusive, Judge(policy, [.. streams]).Verdict);

        static IEnumerable<TrafficWindow> Windows(VersionName left) => Enumerable.Range(1, 20).Select(i => Window(
            Streams(TrafficSimulation.Stable, left), Streams(TrafficSimulation.Candidate, left)) with { Number = i });

        static TrafficCell Streams(VersionName version, VersionName left) => new()
        {
            Version = version,
            Requests = 20,
            TimeToFirstByte = Times(20, 5_000),
            ClientAborts = version == left ? 40 : 0,
            AbortedAfter = version == left ? Times(40, 60_000_000) : null,
            FirstSeenKeys = 20,
        };
    }

    [Fact]
    public void Judge_candidateRefusesClearlyMoreRequests_isNotHealthyAndNotHarmful()
    {
        var traffic = new TrafficSimulation(11, 0.5) { CandidateBehaviour = new() { ClientErrorRate = 0.5 } };
        var report = Judge(Policy, traffic.Windows(8_000));
        Assert.Equal(Verdict.Inconclusive, report.Verdict);
        Assert.Contains("4xx", report.Metrics.Single(m => m.Verdict == Verdict.Inconclusive).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Judge_splitIsNotTheWeight_isNotHealthy()
    {
        var report = Judge(Policy, new TrafficSimulation(13, 0.4).Windows(8_000));
        Assert.Equal(Verdict.Inconclusive, report.Verdict);
        Assert.Contains("cannot be trusted", report.Metrics.Single(m => m.Verdict == Verdict.Inconclusive).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Judge_oneUserOfTheCandidateFailsAgainAndAgain_isNoHarm()
    {
        // Forty users of the candidate are served well; one repeats a request that fails.
        var windows = Enumerable.Range(1, 40).Select(i => Window(
            [
                .. Groups(TrafficSimulation.Stable, 2),
                .. Groups(TrafficSimulation.Candidate, 1),
                new TrafficCell { Version = TrafficSimulation.Candidate, SubBucket = 63, Requests = 5, UpstreamErrors = 5, FirstSeenKeys = i == 1 ? 1 : 0 },
            ]) with { Number = i });
        var policy = new GuardrailPolicy { LatencyP95Ratio = null };
        Assert.NotEqual(Verdict.Harmful, Judge(policy, [.. windows]).Verdict);

        static IEnumerable<TrafficCell> Groups(VersionName version, int requests) =>
            Enumerable.Range(0, 40).Select(g => new TrafficCell { Version = version, SubBucket = g, Requests = requests, FirstSeenKeys = 1 });
    }

    [Fact]
    public void Judge_laterAttempt_hasLessOfTheBudget()
    {
        var budgets = Enumerable.Range(1, 30).Select(a => GuardrailJudge.Judge(Policy, RampEvidence.None, Steps, Half, a).FalseAlarmBudget).ToList();
        Assert.All(budgets.Zip(budgets.Skip(1)), pair => Assert.True(pair.Second < pair.First));
        Assert.InRange(budgets.Sum(), 0.0499, 0.05);
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void Judge_toleranceIsNoNumber_isInconclusiveAndCanBeStored(double tolerance)
    {
        var traffic = new TrafficSimulation(12, 0.5);
        var report = Judge(new GuardrailPolicy { ErrorRateIncrease = tolerance, LatencyP95Ratio = tolerance }, traffic.Windows(1_000));
        Assert.Equal(Verdict.Inconclusive, report.Verdict);
        Assert.NotEmpty(JsonSerializer.Serialize(report, CoreJson.Options));
    }

    private static GuardrailReport Judge(GuardrailPolicy policy, IReadOnlyCollection<TrafficWindow> windows)
    {
        var looks = new Looks(policy);
        return looks.Look([.. windows]);
    }

    /// <summary>The most candidate requests that any of 50 runs needed until the verdict was harmful.</summary>
    private static long Needed(double share, TrafficSimulation.Behaviour candidate)
    {
        var most = 0L;
        for (var run = 0; run < 50; run++)
        {
            var traffic = new TrafficSimulation(run, share) { CandidateBehaviour = candidate };
            var looks = new Looks(Policy, weight: new Weight((int)(share * 10_000)));
            do
            {
                traffic.Send(5);
            }
            while (looks.Look(traffic.Window()).Verdict != Verdict.Harmful && traffic.CandidateRequests < 10_000);
            most = Math.Max(most, traffic.CandidateRequests);
        }

        return most;
    }

    private static TrafficWindow Window(params TrafficCell[] cells) => new TrafficSimulation(0, 0.5).Window() with { Cells = cells };

    private static TrafficCell Cell(VersionName version, int requests, int errors, double microseconds) =>
        new() { Version = version, Requests = requests, UpstreamErrors = errors, Latency = Times(requests - errors, microseconds), FirstSeenKeys = requests };

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
