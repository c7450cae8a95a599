using CsCheck;
using ModelFlow.Core.Analysis;
using ModelFlow.Core.Analysis.Replay;
using ModelFlow.Core.Backtesting;
using ModelFlow.Core.Evaluation;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Traffic;

namespace ModelFlow.Core.Tests.Backtesting;

public sealed class FaultTests
{
    private static readonly VersionName Stable = VersionName.Parse("v1.0.0");
    private static readonly VersionName Candidate = VersionName.Parse("v1.1.0");

    private static readonly Gen<TrafficCell> Cells = Gen.Select(Gen.Int[0, 63], Gen.Int[0, 200], Gen.Int[0, 20], Gen.Int[0, 20], Gen.Int[0, 9], Gen.Double[0, 1]).Select((group, good, errors, timeouts, mistakes, mark) =>
    {
        var builder = new LogHistogramBuilder();
        for (var i = 0; i < good + timeouts; i++)
        {
            builder.Add(1_000 * (1 + (i % 17)));
        }

        return new TrafficCell
        {
            Version = Candidate, SubBucket = group, Requests = good + errors + timeouts + mistakes, UpstreamErrors = errors, Timeouts = timeouts, ClientErrors = mistakes,
            Latency = builder.Build(), Feedback = new FeedbackTotals(good, good * mark, good * mark * mark), FirstSeenKeys = good,
        };
    });

    [Theory]
    [InlineData("latency+50%")]
    [InlineData("latency+0.5%")]
    [InlineData("errors+100pp")]
    [InlineData("quality-2.5pp")]
    [InlineData("slice+10%")]
    public void Text_isReadAndWrittenTheSame(string text)
    {
        Assert.True(Fault.TryParse(text, out var fault, out _));
        Assert.Equal(text, fault.ToString());
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("latency+50pp")]
    [InlineData("errors+101pp")]
    [InlineData("errors-5pp")]
    [InlineData("errors+0pp")]
    [InlineData("latency+NaN%")]
    [InlineData("slice+10% ")]
    [InlineData("latency+99999%")]
    public void Text_thatIsNoFault_isRefused(string? text) => Assert.False(Fault.TryParse(text, out _, out var error) || error.Length == 0);

    [Fact]
    public void Errors_failAsManyAsTheyHarm_andLoseTheirDurations() => Gen.Select(Cells, Gen.Double[0.1, 100], Gen.Int).Sample((cell, points, seed) =>
    {
        var injector = new FaultInjector(new Fault.Errors(points), Candidate, $"{seed}");
        var after = injector.Inject(Window(cell)).Cells[0];

        Assert.Equal(cell.Requests, after.Requests);
        Assert.Equal(cell.Errors + injector.Harmed, after.Errors);
        Assert.InRange(after.ClientErrors, 0, cell.ClientErrors);
        Assert.Equal(cell.Latency!.Count - (injector.Harmed - (cell.ClientErrors - after.ClientErrors)), after.Latency!.Count);
        Assert.True(points < 100 || after.Errors == after.Requests);
    });

    [Fact]
    public void Latency_isLongerByItsShare_forEveryQuantile() => Gen.Select(Cells.Where(c => c.Latency!.Count > 0), Gen.Double[1, 500], Gen.Double[0, 1]).Sample((cell, percent, level) =>
    {
        var after = new FaultInjector(new Fault.Latency(percent), Candidate, "1").Inject(Window(cell)).Cells[0];

        Assert.Equal(cell.Latency!.Count, after.Latency!.Count);
        Assert.InRange(after.Latency.Quantile(level)!.Value / cell.Latency.Quantile(level)!.Value, (1 + (percent / 100)) / 1.021, (1 + (percent / 100)) * 1.021);
    });

    [Fact]
    public void Quality_neverLeavesItsBounds() => Gen.Select(Cells, Gen.Double[1, 100]).Sample((cell, points) =>
    {
        var marks = new FaultInjector(new Fault.Quality(points), Candidate, "1").Inject(Window(cell)).Cells[0].Feedback;

        Assert.Equal(cell.Feedback.Count, marks.Count);
        Assert.InRange(marks.Sum, 0, cell.Feedback.Sum);
        Assert.InRange(marks.SumOfSquares, 0, cell.Feedback.SumOfSquares + 1e-9);
    });

    [Fact]
    public void Slice_failsWholeGroups_andALargerOneHoldsTheSmaller()
    {
        var window = Window([.. Enumerable.Range(0, 64).Select(g => new TrafficCell { Version = Candidate, SubBucket = g, Requests = 10 })]);

        HashSet<int> Bad(double percent) =>
            [.. new FaultInjector(new Fault.Slice(percent), Candidate, "s").Inject(window).Cells.Where(c => c.Errors == 10).Select(c => c.SubBucket)];

        Assert.Single(Bad(0.1));
        Assert.Equal(16, Bad(25).Count);
        Assert.Superset(Bad(25), Bad(50));
        Assert.Equal(64, Bad(100).Count);
    }

    [Fact]
    public void Fault_leavesStableAndOtherKindsOfTraffic_alone()
    {
        TrafficCell[] cells = [new() { Version = Stable, Requests = 10 }, new() { Version = Candidate, Kind = TrafficKind.Shadow, Requests = 10 }, new() { Version = Candidate, Kind = (TrafficKind)99, Requests = 10 }];

        Assert.Equal(cells, new FaultInjector(new Fault.Errors(100), Candidate, "s").Inject(Window(cells)).Cells);
    }

    [Fact]
    public void Thinned_cellIsAPartOfTheWhole() => Gen.Select(Cells, Gen.Double[0, 1], Gen.Int).Sample((cell, share, seed) =>
    {
        var part = Draw.Thin(cell, share, new SeededGenerator($"{seed}"));

        Assert.InRange(part.Requests, 0, cell.Requests);
        Assert.InRange(part.Errors, 0, Math.Min(cell.Errors, part.Requests));
        Assert.Equal(part.Requests - part.UpstreamErrors - part.ClientErrors, part.Latency!.Count);
        Assert.InRange(part.Feedback.Sum, 0, part.Feedback.Count);
        Assert.Equal(cell.Requests, Draw.Thin(cell, 1, new SeededGenerator("1")).Requests);
    });

    [Theory]
    [InlineData(1_000, 1_000, 1, 1)]
    [InlineData(500, 1_000, 1, 0.4737)]
    [InlineData(2_000, 1_000, 0.4444, 1)]
    [InlineData(9_000, 5_000, 0.1111, 1)]
    public void Mapping_takesTheNearestStep_andThinsOneSide(int weight, int recorded, double stable, double candidate)
    {
        var mapping = StepMapping.Of(new Weight(weight), [Step(1_000), Step(5_000), Step(10_000)])!;

        Assert.Equal((recorded, stable, candidate), (mapping.Recorded.Weight.BasisPoints, Math.Round(mapping.StableKept, 4), Math.Round(mapping.CandidateKept, 4)));
    }

    [Theory]
    [InlineData("errors+5pp", FaultStanding.Harmful)]
    [InlineData("errors+0.5pp", FaultStanding.Tolerated)]
    [InlineData("slice+10%", FaultStanding.Harmful)]
    [InlineData("latency+50%", FaultStanding.Tolerated)]
    [InlineData("latency+60%", FaultStanding.Harmful)]
    [InlineData("quality-50pp", FaultStanding.NotWatched)]
    public void Standing_saysWhatThePolicyMakesOfIt(string text, FaultStanding standing)
    {
        Assert.True(Fault.TryParse(text, out var fault, out _));
        Assert.Equal(standing, fault.StandingUnder(new GuardrailPolicy(), 0.01));
    }

    private static RecordedStep Step(int weight) => new() { Step = 0, Weight = new Weight(weight), Generation = weight, From = DateTimeOffset.UnixEpoch, Stable = Stable };

    private static TrafficWindow Window(params TrafficCell[] cells) => new()
    {
        Gateway = "g", Model = ModelName.Parse("digits"), Generation = 1, Start = DateTimeOffset.UnixEpoch, Length = TimeSpan.FromSeconds(1), Number = 1, Leased = true, Cells = cells,
    };
}
