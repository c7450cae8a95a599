using System.Text.Json;
using ModelFlow.Core.Analysis;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Policies;
using ModelFlow.Core.Serialization;
using ModelFlow.Core.Traffic;

namespace ModelFlow.Core.Tests.Analysis;

public sealed class ShadowJudgeTests
{
    private static readonly VersionName Stable = VersionName.Parse("v1.0.0-base");
    private static readonly VersionName Candidate = VersionName.Parse("v1.1.0-mlp");
    private static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly PairTotals Good = new() { Pairs = 100, Compared = 100, Timed = 100, Scored = 100 };

    private readonly ShadowPolicy _policy = new() { MaxScoreDifference = 0.1 };
    private long _number;

    [Fact]
    public void Judge_pairsAgree_isHealthyInEveryMetric()
    {
        var report = Look(Window(Good with { Pairs = 1_000, Compared = 1_000, Timed = 1_000, Scored = 1_000, Disagreement = 20, ScoreDifference = 8, Slower = 100 }));
        Assert.Equal(Verdict.Healthy, report.Verdict);
        Assert.Equal(["shadow.errorRateIncrease", "shadow.maxDisagreement", "shadow.maxScoreDifference", "shadow.latencyRatio", "shadow.minPairs"], report.Metrics.Select(m => m.Metric));
        Assert.All(report.Metrics, m => Assert.Equal(Verdict.Healthy, m.Verdict));
        var disagreement = report.Metrics[1];
        Assert.Equal((0.02, 0.1), (disagreement.Candidate, disagreement.Tolerance));
        Assert.True(disagreement.Interval!.Low < 0.02 && disagreement.Interval.High > 0.02);
        Assert.Equal((1_000, 1_000), (report.StableRequests, report.CandidateRequests));
    }

    public static TheoryData<string, PairTotals> Harms => new()
    {
        { "shadow.errorRateIncrease", Good with { Pairs = 120, CandidateFailed = 20 } },
        { "shadow.maxDisagreement", Good with { Disagreement = 45 } },
        { "shadow.maxScoreDifference", Good with { ScoreDifference = 40 } },
        { "shadow.latencyRatio", Good with { Slower = 85 } },
    };

    [Theory]
    [MemberData(nameof(Harms))]
    public void Judge_oneMetricIsBad_isHarmfulInItAlone(string metric, PairTotals pairs)
    {
        var report = Look(Window(pairs));
        Assert.Equal(Verdict.Harmful, report.Verdict);
        Assert.Equal(metric, Assert.Single(report.Metrics, m => m.Verdict == Verdict.Harmful).Metric);
        Assert.Contains("harm is established", report.Metrics.Single(m => m.Metric == metric).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Judge_bothFailOnTheSameRequests_isNoHarm()
    {
        // Each fails as often alone: that is no difference.
        var report = Look(Window(new PairTotals { Pairs = 20_000, StableFailed = 300, CandidateFailed = 310 }));
        Assert.Equal(Verdict.Healthy, report.Metrics[0].Verdict);
    }

    [Fact]
    public void Judge_noPairsOrNoneThatCanBeCompared_isInconclusive()
    {
        Assert.Equal(Verdict.Inconclusive, Look().Verdict);
        var report = Look(Window(new PairTotals { Pairs = 5_000, NotCompared = 5_000, Timed = 5_000 }));
        Assert.Equal((Verdict.Inconclusive, Verdict.Healthy), (report.Verdict, report.Metrics[0].Verdict));
        Assert.Contains("at least 100 are needed", report.Metrics[1].Message, StringComparison.Ordinal);
        Assert.Contains("5000 pairs of answers could not be read", report.Metrics[^1].Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Judge_nothingWatched_isInconclusiveWhateverIsSeen()
    {
        var off = new ShadowPolicy { MaxDisagreement = null, ErrorRateIncrease = null, LatencyRatio = null };
        var evidence = Begun().Take([Window(Good)], Candidate, Noon);
        Assert.Equal(Verdict.Inconclusive, ShadowJudge.Judge(off, new GuardrailPolicy(), evidence, steps: 4, attempt: 1).Verdict);
    }

    [Fact]
    public void Judge_pairsOfFewUsers_areWorthLess()
    {
        // One user's requests, all in one group, all disagreeing: as good as one pair.
        var one = Look(Window(Good with { Disagreement = 60 }, users: 1, subBucket: 7));
        Assert.Equal(Verdict.Inconclusive, one.Verdict);
    }

    [Fact]
    public void Take_windows_countOnceAndOnlyTheShadowsOfThisGenerationAndVersion()
    {
        var window = Window(Good);
        var normal = Window(Good) with { Cells = [window.Cells[0] with { Kind = TrafficKind.Normal }] };
        var evidence = Begun()
            .Take([window, window, normal, Window(Good) with { Generation = 6 }, Window(Good, version: Stable)], Candidate, Noon)
            .Take([window], Candidate, Noon);
        Assert.Equal(100, evidence.Pairs.Pairs);
        Assert.Equal(100, evidence.Candidate.Requests);
        Assert.Equal(100, evidence.Take([Window(Good) with { Number = window.Number }], Candidate, Noon).Pairs.Pairs);
    }

    [Fact]
    public void Begin_sameStable_goesOn_anotherBeginsAnew()
    {
        var evidence = Begun().Take([Window(Good)], Candidate, Noon);
        Assert.Equal((8, 100), (evidence.Begin(8, Stable).Generation, evidence.Begin(8, Stable).Pairs.Pairs));
        Assert.Empty(evidence.Begin(8, Stable).Gateways);
        Assert.Equal(0, evidence.Begin(8, VersionName.Parse("v1.0.1")).Pairs.Pairs);
    }

    [Fact]
    public void Evidence_isReadBackAsItWasWritten()
    {
        var stable = new LogHistogramBuilder();
        stable.Add(5_000);
        var evidence = Begun().Take([Window(Good with { Slower = 3, StableLatency = stable.Build(), Dropped = 2, TooLarge = 1 })], Candidate, Noon);
        var read = JsonSerializer.Deserialize<ShadowEvidence>(JsonSerializer.Serialize(evidence, CoreJson.Options), CoreJson.Options)!;
        Assert.Equal((evidence.Generation, evidence.Stable, evidence.Pairs, evidence.Candidate.Requests), (read.Generation, read.Stable, read.Pairs, read.Candidate.Requests));
        Assert.Equal(evidence.Gateways, read.Gateways);
        Assert.Equal(evidence.Groups["shadow.latencyRatio"].SumsByGroup, read.Groups["shadow.latencyRatio"].SumsByGroup);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Budget_ofShadowAndRamp_isTheReleases(int attempt)
    {
        var policy = Releases.Examples.Policy with { Ramp = Releases.Examples.Policy.Ramp with { Shadow = _policy } };
        var steps = policy.Ramp.Steps.Count;
        var shadow = ShadowJudge.Judge(_policy, policy.Guardrails, Begun(), steps, attempt).FalseAlarmBudget;
        Assert.Equal(policy.Guardrails.BudgetOf(attempt), shadow + policy.GuardrailsOfRamp().BudgetOf(attempt), 1e-12);
        Assert.Equal(shadow * steps, policy.GuardrailsOfRamp().BudgetOf(attempt), 1e-12);
        Assert.Same(policy.Guardrails, (policy with { Ramp = policy.Ramp with { Shadow = null } }).GuardrailsOfRamp());
    }

    private static ShadowEvidence Begun() => ShadowEvidence.None.Begin(7, Stable);

    private GuardrailReport Look(params TrafficWindow[] windows) =>
        ShadowJudge.Judge(_policy, new GuardrailPolicy(), Begun().Take(windows, Candidate, Noon), steps: 4, attempt: 1);

    private TrafficWindow Window(PairTotals pairs, VersionName? version = null, long? users = null, int subBucket = 0) => new()
    {
        Gateway = "gw-1",
        Model = ModelName.Parse("digits"),
        Generation = 7,
        Start = Noon,
        Length = TimeSpan.FromSeconds(1),
        Number = ++_number,
        Leased = true,
        Cells = [new TrafficCell { Version = version ?? Candidate, SubBucket = subBucket, Kind = TrafficKind.Shadow, Requests = pairs.Pairs, FirstSeenKeys = users ?? pairs.Pairs, Pairs = pairs }],
    };
}
