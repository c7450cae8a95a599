using ModelFlow.Benchmarks.Analysis;
using ModelFlow.Core.Naming;

namespace ModelFlow.Benchmarks.Tests.Analysis;

public sealed class SimulatedTrafficTests
{
    [Theory]
    [InlineData(nameof(TrafficShape.Steady))]
    [InlineData(nameof(TrafficShape.CorrelatedUsers))]
    public void Nobody_is_harmed_by_a_version_like_stable(string shape) => Assert.Equal(0, Play(Enum.Parse<TrafficShape>(shape), new Behaviour()).Harmed);

    [Fact]
    public void Everybody_is_harmed_by_a_slower_version()
    {
        var (requests, harmed) = Play(TrafficShape.Steady, new Behaviour(Slowness: 1.1));

        Assert.Equal(requests, harmed);
    }

    // 30,000 requests a minute, half of them the candidate's: three standard deviations are 3 % of what is expected.
    [Theory]
    [InlineData(0.03, 0.8, 0.02)]
    [InlineData(0.01, 0.7, 0.1)]
    public void Harmed_are_those_whom_stable_would_have_served_better(double errors, double mark, double share)
    {
        var (requests, harmed) = Play(TrafficShape.Steady, new Behaviour(errors, 1, mark));

        Assert.InRange(harmed / (double)requests, share * 0.8, share * 1.2);
    }

    private static (long Requests, long Harmed) Play(TrafficShape shape, Behaviour candidate)
    {
        var end = RampRun.Play("harm", new RampSetting(shape, 30_000, new Behaviour(), candidate, [new Weight(5_000)], 60), new Blind());
        return (end.CandidateRequests, end.Harmed);
    }

    private sealed class Blind : IRampJudge
    {
        public string? Look(Second second, ModelFlow.Benchmarks.Analysis.Rivals.Minute? minute) => null;
    }
}
