using System.Text.Json;
using ModelFlow.Core.Analysis;
using ModelFlow.Core.Backtesting;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Serialization;
using ModelFlow.Core.Tests.Analysis;

namespace ModelFlow.Core.Tests.Backtesting;

public sealed class BacktestTests
{
    private static readonly RecordedRelease Good = RecordedRelease.Play(1);

    public static TheoryData<int, double, double> Releases => new() { { 1, 0.01, 5 }, { 2, 0.01, 5 }, { 3, 0.5, 5 }, { 4, 0.01, 30 }, { 5, 0.05, 6 } };

    [Theory]
    [MemberData(nameof(Releases))]
    public void SamePolicy_withoutAFault_givesTheVeryLooksOfThePast(int seed, double errorRate, double medianMs)
    {
        var recorded = RecordedRelease.Play(seed, new TrafficSimulation.Behaviour(errorRate, medianMs));

        var run = Backtest.Play(RecordedRelease.Policy(), recorded.Past, fault: null, "1");

        Assert.Equal(recorded.Looks.Select(Json), run.Steps.Select(s => Json(s.Looks)));
        Assert.Equal(
            recorded.Looks[^1][^1].Verdict switch { Verdict.Harmful => BacktestEnd.Stopped, Verdict.Healthy => BacktestEnd.Passed, _ => BacktestEnd.Inconclusive },
            run.End);
        Assert.All(run.Steps, s => Assert.Equal(s.RecordedWatched, s.Watched));
        Assert.Equal(0, run.HarmedRequests);
    }

    [Fact]
    public void AllRequestsFailing_isAlwaysFound_withinTensOfRequests()
    {
        for (var seed = 1; seed <= 12; seed++)
        {
            var run = Backtest.Play(RecordedRelease.Policy(), Good.Past, new Fault.Errors(100), $"{seed}");

            Assert.Equal(BacktestEnd.Stopped, run.End);
            Assert.InRange(run.HarmedRequests, 1, 120);
            Assert.Equal(0, Assert.Single(run.Steps).Step);
        }
    }

    [Fact]
    public void StrongerFault_isNotFoundLater_onAverage()
    {
        foreach (var faults in new Fault[][]
        {
            [new Fault.Errors(15), new Fault.Errors(40), new Fault.Errors(100)],
            [new Fault.Latency(120), new Fault.Latency(400)],
            [new Fault.Slice(20), new Fault.Slice(60)],
            [new Fault.Quality(45), new Fault.Quality(80)],
        })
        {
            var means = faults.Select(f => Enumerable.Range(1, 6).Average(seed => Requests(Backtest.Play(RecordedRelease.Policy(), Good.Past, f, $"{seed}")))).ToList();

            Assert.Equal(means.OrderDescending(), means);
            Assert.True(means[^1] < means[0], $"{faults[^1]}: {means[^1]}, {faults[0]}: {means[0]}");
        }

        static double Requests(BacktestRun run) => run.End == BacktestEnd.Stopped ? run.CandidateRequests : 1_000_000;
    }

    [Fact]
    public void SameSeed_givesTheSameAnswer_andAnotherOneAnother()
    {
        BacktestRun Play(string seed) => Backtest.Play(RecordedRelease.Policy(), Good.Past, new Fault.Errors(8), seed);

        Assert.Equal(Json(Play("7")), Json(Play("7")));
        Assert.NotEqual(Play("7").HarmedRequests, Play("8").HarmedRequests);
    }

    [Fact]
    public void Traffic_thatEndsBeforeADecision_isSaidToBeTooLittle()
    {
        var strict = RecordedRelease.Policy(RecordedRelease.Rules.Replace("errorRateIncrease: 0.05", "errorRateIncrease: 0.0001", StringComparison.Ordinal));

        var run = Backtest.Play(strict, Good.Past, fault: null, "1");

        Assert.Equal(BacktestEnd.NotEnoughTraffic, run.End);
        Assert.Contains("the recorded traffic ends in step 1", run.Reason, StringComparison.Ordinal);
        Assert.Equal(Good.Looks[0][^1].CandidateRequests, run.CandidateRequests);
    }

    [Fact]
    public void LongerBake_thanWasRecorded_passesInGoodHealthAndSaysThatItWasCutShort()
    {
        var longer = RecordedRelease.Policy(RecordedRelease.Rules.Replace("bake: 20s", "bake: 10m", StringComparison.Ordinal));

        var run = Backtest.Play(longer, Good.Past, fault: null, "1");

        Assert.Equal(BacktestEnd.Passed, run.End);
        Assert.All(run.Steps, s => Assert.True(s.CutShort));
        Assert.All(run.Steps, s => Assert.NotNull(s.HealthyAfter));
    }

    [Fact]
    public void StepsThatShareARecordedOne_useEachWindowOnce_andThinIt()
    {
        var many = RecordedRelease.Policy("""
            ramp:
              steps: [ { weight: 8%, bake: 5s }, { weight: 10%, bake: 5s }, { weight: 100%, bake: 20s } ]
              lookEvery: 1s
              lease: 30s
            guardrails: { errorRateIncrease: 0.3, latencyP95Ratio: 1000, minRequests: 1 }
            """);

        var run = Backtest.Play(many, Good.Past, fault: null, "1");

        Assert.Equal([1_000, 1_000], run.Steps.Take(2).Select(s => s.RecordedWeight.BasisPoints));
        Assert.InRange(run.Steps.Take(2).Sum(s => s.StableRequests), 1, Good.Looks[0][^1].StableRequests);
        Assert.InRange(run.Steps[0].CandidateRequests / (double)(run.Steps[0].CandidateRequests + run.Steps[0].StableRequests), 0.06, 0.1);
        Assert.InRange(run.Steps[0].Watched, TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(19));
    }

    [Fact]
    public void StepWithAllTraffic_needsARecordedOne()
    {
        var harmful = RecordedRelease.Play(3, new TrafficSimulation.Behaviour(0.5));
        var lax = RecordedRelease.Policy("""
            ramp: { steps: [ { weight: 10%, bake: 5s }, { weight: 100%, bake: 5s } ], lookEvery: 5s, lease: 30s }
            guardrails: { errorRateIncrease: 0.9, latencyP95Ratio: 1000, minRequests: 1 }
            """);

        var run = Backtest.Play(lax, harmful.Past, fault: null, "1");

        Assert.Equal(BacktestEnd.NotEnoughTraffic, run.End);
        Assert.Single(run.Steps);
    }

    private static string Json<T>(T value) => JsonSerializer.Serialize(value, CoreJson.Options);
}
