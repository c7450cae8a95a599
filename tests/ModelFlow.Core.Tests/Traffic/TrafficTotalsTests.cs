using System.Text.Json;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Serialization;
using ModelFlow.Core.Traffic;

namespace ModelFlow.Core.Tests.Traffic;

public sealed class TrafficTotalsTests
{
    private static readonly VersionName V1 = VersionName.Parse("v1.0.0");
    private static readonly VersionName V2 = VersionName.Parse("v2.0.0");

    [Fact]
    public void Of_windowsOfTwoGateways_sumsAndCountsADuplicateOnce()
    {
        var a = Window("a", 1, Cell(V1, 3, requests: 10, errors: 1), Cell(V2, 3, requests: 5, errors: 0));
        var b = Window("b", 1, Cell(V1, 7, requests: 1, errors: 1), Cell(V1, 7, requests: 100, errors: 9) with { Kind = TrafficKind.Pinned });
        var totals = TrafficTotals.Of([a, b, a], V1, TrafficKind.Normal);
        Assert.Equal((11, 2), (totals.Requests, totals.Errors));
        Assert.Equal(11, totals.Latency.Count);
        Assert.Equal(116, TrafficTotals.Of([a, b, a]).Requests);
    }

    [Fact]
    public void Window_throughJson_comesBackTheSame()
    {
        var window = Window("a", 9, Cell(V1, 3, requests: 10, errors: 1) with { Feedback = new(2, 1.5, 1.25), FirstSeenKeys = 4 });
        var json = JsonSerializer.Serialize(window, CoreJson.Options);
        Assert.Equal(window, JsonSerializer.Deserialize<TrafficWindow>(json, CoreJson.Options));
        Assert.DoesNotContain("clientAborts", json, StringComparison.Ordinal);
    }

    private static TrafficWindow Window(string gateway, long number, params TrafficCell[] cells) => new()
    {
        Gateway = gateway,
        Model = ModelName.Parse("digits"),
        Generation = 1,
        Start = new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero),
        Length = TimeSpan.FromSeconds(1),
        Number = number,
        Cells = cells,
    };

    private static TrafficCell Cell(VersionName version, int subBucket, long requests, long errors)
    {
        var latency = new LogHistogramBuilder();
        for (var i = 0; i < requests; i++)
        {
            latency.Add(1_000 + i);
        }

        return new TrafficCell { Version = version, SubBucket = subBucket, Requests = requests, UpstreamErrors = errors, Latency = latency.Build() };
    }

    [Fact]
    public void Plus_everyNumber_isAddedUp()
    {
        var durations = new LogHistogramBuilder();
        durations.Add(1_000);
        var one = new TrafficTotals
        {
            Requests = 1,
            Errors = 1,
            ClientErrors = 1,
            ClientAborts = 1,
            Latency = durations.Build(),
            TimeToFirstByte = durations.Build(),
            TimeToFirstToken = durations.Build(),
            AbortedAfter = durations.Build(),
            PromptTokens = 1,
            CompletionTokens = 1,
            Feedback = new FeedbackTotals(1, 1, 1),
            FirstSeenKeys = 1,
        };
        var two = one.Plus(one);
        Assert.All(typeof(TrafficTotals).GetProperties(), p =>
        {
            Assert.NotEqual(p.GetValue(TrafficTotals.None), p.GetValue(one));
            Assert.NotEqual(p.GetValue(one), p.GetValue(two));
            Assert.NotEqual(p.GetValue(TrafficTotals.None), p.GetValue(two));
        });
    }
}
