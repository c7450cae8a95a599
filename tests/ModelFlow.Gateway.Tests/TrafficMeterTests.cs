using Microsoft.Extensions.Time.Testing;
using ModelFlow.Core.Traffic;
using ModelFlow.Gateway.Measuring;
using ModelFlow.Gateway.Tests.Support;

namespace ModelFlow.Gateway.Tests;

public sealed class TrafficMeterTests
{
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 1, 2, 3, 4, 5, TimeSpan.Zero));

    [Fact]
    public void Cut_youngGeneration_endsAWindowEachTime()
    {
        var meter = new TrafficMeter(_time);
        var counter = Counter();
        for (var i = 0; i < 5; i++)
        {
            meter.Add(Sample(counter));
            _time.Advance(TimeSpan.FromSeconds(1));
            var window = Assert.Single(meter.Cut("gw"));
            Assert.Equal((TimeSpan.FromSeconds(1), 1), (window.Length, window.Cells.Sum(c => c.Requests)));
        }
    }

    [Fact]
    public void Cut_oldGeneration_makesLongerWindowsThatLoseNothing()
    {
        var meter = new TrafficMeter(_time);
        var counter = Counter();
        var windows = new List<TrafficWindow>();
        for (var second = 0; second < 900; second++)
        {
            meter.Add(Sample(counter));
            _time.Advance(TimeSpan.FromSeconds(1));
            windows.AddRange(meter.Cut("gw"));
        }

        windows.AddRange(meter.Cut("gw", all: true));
        Assert.Equal(900, windows.Sum(w => w.Cells.Sum(c => c.Requests)));
        Assert.InRange(windows.Count, 350, 370);
        Assert.All(windows.Zip(windows.Skip(1)), pair => Assert.Equal(pair.First.Start + pair.First.Length, pair.Second.Start));
        Assert.Equal(windows.Count, windows.Select(w => w.Number).Distinct().Count());
    }

    [Fact]
    public async Task Add_fromManyThreads_countsEverySampleOnce()
    {
        var meter = new TrafficMeter(_time);
        var counter = Counter();
        using var done = new CancellationTokenSource();
        var total = 0L;
        var reader = Task.Run(
            () =>
            {
                while (!done.IsCancellationRequested)
                {
                    total += meter.Cut("gw").Sum(w => w.Cells.Sum(c => c.Requests));
                }
            },
            TestContext.Current.CancellationToken);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(
            () =>
            {
                for (var i = 0; i < 50_000; i++)
                {
                    meter.Add(Sample(counter, (ulong)i));
                }
            },
            TestContext.Current.CancellationToken)));
        await done.CancelAsync();
        await reader;
        total += meter.Cut("gw", all: true).Sum(w => w.Cells.Sum(c => c.Requests));
        Assert.Equal(200_000, total);
    }

    [Fact]
    public void Window_manyKeys_countsNearlyEachFirstOnceAndRepeatsNever()
    {
        var meter = new TrafficMeter(_time);
        var counter = Counter(weight: 5_000);
        var seed = Bucketing.SeedOf("s");
        for (var round = 0; round < 3; round++)
        {
            for (var i = 0; i < 20_000; i++)
            {
                meter.Add(Sample(counter, Bucketing.Hash(seed, "user-" + i)));
            }
        }

        Assert.InRange(Assert.Single(meter.Cut("gw")).Cells.Sum(c => c.FirstSeenKeys), 19_500, 20_000);
    }

    [Fact]
    public void Window_manySlices_tellsTheFirstApartForAsLongAsTheGenerationLasts()
    {
        var meter = new TrafficMeter(_time);
        var counter = Counter(weight: 5_000);
        for (var i = 0; i < 100; i++)
        {
            meter.Add(Sample(counter) with { Slice = "s" + i, Outcome = i % 2 == 0 ? RequestOutcome.Timeout : RequestOutcome.Answered });
        }

        var first = Assert.Single(meter.Cut("gw")).Slices!;
        Assert.Equal([.. Enumerable.Range(0, 20).Select(i => "s" + i), "other"], first.Select(c => c.Slice));
        Assert.Equal((100, 50), (first.Sum(c => c.Requests), first.Sum(c => c.Errors)));

        meter.Add(Sample(counter) with { Slice = "s99" });
        meter.Add(Sample(counter) with { Slice = "s19" });
        meter.Add(Sample(counter) with { Slice = "s19", Outcome = RequestOutcome.ClientAbort });
        meter.Add(Sample(counter) with { Slice = "s19", Choice = new RouteChoice(ChoiceOutcome.Chosen, 0, TrafficKind.Pinned, 7) });
        Assert.Equal([("other", 1), ("s19", 1)], Assert.Single(meter.Cut("gw")).Slices!.Select(c => (c.Slice, c.Requests)));
    }

    private static WindowCounter Counter(int weight = 0) =>
        new(RunningGateway.Route(1, new Uri("http://127.0.0.1:1"), weight > 0 ? new Uri("http://127.0.0.1:2") : null, weight).Route);

    private static Sample Sample(WindowCounter counter, ulong hash = 7) =>
        new(counter, "v1.0.0-base", new RouteChoice(ChoiceOutcome.Chosen, 0, TrafficKind.Normal, hash), RequestOutcome.Answered, HasKey: true, 1_000, 900);
}
