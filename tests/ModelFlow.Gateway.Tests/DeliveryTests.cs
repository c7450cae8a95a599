using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using ModelFlow.Core.Serialization;
using ModelFlow.Core.Traffic;
using ModelFlow.Gateway.Measuring;
using ModelFlow.Gateway.Tests.Support;

namespace ModelFlow.Gateway.Tests;

/// <summary>Windows arrive at most once each, and those that were cut outlast the gateway's death.</summary>
public sealed class DeliveryTests
{
    [Fact]
    public async Task Gateway_killedUnderLoadWhileTheControlPlaneIsAway_deliversEveryWindowThatWasCutOnceAfterItsRestart()
    {
        await using var plane = await ControlPlane.StartAsync();
        await using var server = await Upstream.StartAsync();
        await using var folder = new TemporaryFolder();
        plane.ReportStatus = 503;
        var cut = Path.Combine(folder.Path, "windows.jsonl");
        var answered = 0;
        long onDisk;
        await using (var gateway = await GatewayProcess.StartAsync(folder.Path, plane))
        {
            await gateway.PushAsync(RunningGateway.Route(1, server.Address, server.Address, 5_000));
            using var stop = new CancellationTokenSource();
            var load = Enumerable.Range(0, 4).Select(async caller =>
            {
                for (var i = 0; !stop.IsCancellationRequested; i++)
                {
                    answered += await gateway.InferAsync($"user-{caller}-{i}") is null ? 0 : 1;
                }
            }).ToList();
            await Eventually.TrueAsync(() => Requests(Lines(cut)) > 200 && Lines(cut).Count > 3, "requests in windows on disk", seconds: 60);
            await gateway.KillAsync();
            await stop.CancelAsync();
            await Task.WhenAll(load);
            onDisk = Requests(Lines(cut));
        }

        Assert.Empty(plane.Reports);
        Assert.InRange(onDisk, 200, server.Seen.Count);
        plane.ReportStatus = 204;
        await using (var again = await GatewayProcess.StartAsync(folder.Path, plane))
        {
            await Eventually.TrueAsync(() => plane.Totals(1).Requests >= onDisk, "the windows of before at the control plane");
            await Eventually.TrueAsync(() => new FileInfo(cut).Length == 0, "nothing waits");
            Assert.NotNull(await again.InferAsync());
            await Eventually.TrueAsync(() => plane.Totals(1).Requests > onDisk, "the new window at the control plane");
        }

        Assert.Equal(onDisk + 1, plane.Totals(1).Requests);
        Assert.Equal(plane.Windows.Count(), plane.Windows.Select(w => (w.Start, w.Number)).Distinct().Count());
        Assert.True(answered > 0);
    }

    [Fact]
    public async Task Gateway_killedAfterAReportAndBeforeItsAnswer_sendsTheSameWindowsAgain()
    {
        await using var plane = await ControlPlane.StartAsync();
        await using var server = await Upstream.StartAsync();
        await using var folder = new TemporaryFolder();
        plane.AnswersLost = int.MaxValue;
        await using (var gateway = await GatewayProcess.StartAsync(folder.Path, plane))
        {
            await gateway.PushAsync(RunningGateway.Route(1, server.Address));
            Assert.NotNull(await gateway.InferAsync());
            await Eventually.TrueAsync(() => plane.Totals(1).Requests == 1, "the window stored");
            await gateway.KillAsync();
        }

        plane.AnswersLost = 0;
        plane.Reports.Clear();
        await using (await GatewayProcess.StartAsync(folder.Path, plane))
        {
            await Eventually.TrueAsync(() => plane.Totals(1).Requests == 1, "the same window again");
        }
    }

    [Fact]
    public async Task Answers_areLost_theSameWindowsComeAgainAndCountOnce()
    {
        await using var plane = await ControlPlane.StartAsync();
        await using var server = await Upstream.StartAsync();
        plane.AnswersLost = 5;
        await using var gateway = await RunningGateway.StartAsync(plane: plane);
        await gateway.PushAsync(RunningGateway.Route(1, server.Address));
        for (var i = 0; i < 40; i++)
        {
            await gateway.InferAsync();
        }

        await Eventually.TrueAsync(() => plane.AnswersLost == 0 && plane.Totals(1).Requests == 40, "all requests reported");
        var all = plane.Reports.SelectMany(r => r.Windows).ToList();
        Assert.NotEqual(plane.Windows.Count(), all.Count);
        Assert.All(all.GroupBy(w => w.Number), same => Assert.All(same, w => Assert.Equal(same.First(), w)));
    }

    [Fact]
    public async Task ControlPlane_awayForMinutes_losesNothingAndTakesAllInOneTurn()
    {
        await using var plane = await ControlPlane.StartAsync();
        await using var server = await Upstream.StartAsync();
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        plane.ReportStatus = 503;
        await using var gateway = await RunningGateway.StartAsync(s => s["Gateway:ReportEvery"] = "00:00:01", plane, time: time);
        await gateway.PushAsync(RunningGateway.Route(1, server.Address, lease: time.GetUtcNow().AddHours(1)));
        for (var second = 0; second < 200; second++)
        {
            await gateway.InferAsync();
            time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        var refused = plane.Refused;
        plane.ReportStatus = 204;
        await Eventually.TrueAsync(
            () =>
            {
                time.Advance(TimeSpan.FromSeconds(1));
                return plane.Totals(1).Requests == 200;
            },
            "all requests reported");
        Assert.True(refused > 0);
        Assert.All(plane.Reports, r => Assert.InRange(r.Windows.Count, 0, 20));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(1_000)]
    public void Windows_areAsManyWhateverTheTraffic(int requestsPerSecond)
    {
        var time = new FakeTimeProvider(DateTimeOffset.UnixEpoch.AddYears(50));
        var meter = new TrafficMeter(time);
        var counter = new WindowCounter(RunningGateway.Route(1, new Uri("http://127.0.0.1:1"), new Uri("http://127.0.0.1:2"), 5_000).Route);
        var windows = 0;
        for (var second = 0; second < 900; second++)
        {
            for (var i = 0; i < requestsPerSecond; i++)
            {
                meter.Add(new Sample(
                    counter, i % 2 == 0 ? "v1.0.0-base" : "v1.1.0-mlp", new RouteChoice(ChoiceOutcome.Chosen, i % 2, TrafficKind.Normal, (ulong)i), RequestOutcome.Answered, HasKey: true, i, i));
            }

            time.Advance(TimeSpan.FromSeconds(1));
            windows += meter.Cut("gw").Count;
        }

        // 5 minutes of a window each second, then one every 10 s.
        Assert.InRange(windows, 355, 362);
    }

    [Fact]
    public async Task Outbox_keepsWhatWaitsOverADeathInAnyLine()
    {
        await using var folder = new TemporaryFolder();
        var file = Path.Combine(folder.Path, "windows.jsonl");
        using (var outbox = Outbox(folder.Path))
        {
            outbox.Load();
            outbox.Add([Window(1), Window(2)]);
            outbox.Add([Window(3)]);
            outbox.Done(outbox.Next(1));
        }

        // Killed while it wrote a line; what left is still in the file and comes again, with its number.
        await File.AppendAllTextAsync(file, JsonSerializer.Serialize(Window(4), CoreJson.Options)[..50], TestContext.Current.CancellationToken);
        using var again = Outbox(folder.Path);
        again.Load();
        Assert.Equal([Window(1), Window(2), Window(3)], again.Next(10));
        again.Add([Window(5)]);
        Assert.Equal([1L, 2, 3, 5], Lines(file).Select(w => w.Number));
        again.Done(again.Next(10));
        Assert.Equal(0, new FileInfo(file).Length);
    }

    [Fact]
    public async Task Outbox_fullAndNeverEmpty_itsFileStaysSmall()
    {
        await using var folder = new TemporaryFolder();
        var file = Path.Combine(folder.Path, "windows.jsonl");
        using var outbox = Outbox(folder.Path, backlog: 10);
        outbox.Load();
        for (var i = 1; i <= 200; i++)
        {
            outbox.Add([Window(i)]);
            outbox.Done(outbox.Next(outbox.Count > 5 ? 1 : 0));
            Assert.InRange(Lines(file).Count, outbox.Count, 20);
        }

        Assert.Equal(0, outbox.Dropped);
        outbox.Add([.. Enumerable.Range(201, 30).Select(i => Window(i))]);
        Assert.Equal((10, 25), (outbox.Count, outbox.Dropped));
        Assert.Equal(Enumerable.Range(221, 10).Select(i => (long)i), outbox.Next(100).Select(w => w.Number));
    }

    [Fact]
    public async Task Outbox_whoseFolderCannotBeWritten_worksFromMemory()
    {
        await using var folder = new TemporaryFolder();
        var taken = Path.Combine(folder.Path, "a-file");
        await File.WriteAllTextAsync(taken, "", TestContext.Current.CancellationToken);
        using var outbox = Outbox(taken);
        outbox.Load();
        outbox.Add([Window(1)]);
        outbox.Add([Window(2)]);
        Assert.Equal([1L, 2], outbox.Next(10).Select(w => w.Number));
        outbox.Done(outbox.Next(10));
        Assert.Equal(0, outbox.Count);
    }

    private static WindowOutbox Outbox(string folder, int backlog = 600) =>
        new(Options.Create(new GatewayOptions { DataDirectory = folder, Backlog = backlog }), NullLogger<WindowOutbox>.Instance);

    private static TrafficWindow Window(long number)
    {
        var latency = new LogHistogramBuilder();
        latency.Add(number);
        return new TrafficWindow
        {
            Gateway = "gw",
            Model = RunningGateway.Digits,
            Generation = 1,
            Start = DateTimeOffset.UnixEpoch.AddTicks(number),
            Length = TimeSpan.FromSeconds(1),
            Number = number,
            Cells = [new TrafficCell { Version = RunningGateway.Stable, SubBucket = 3, Requests = number, Latency = latency.Build() }],
        };
    }

    private static long Requests(IReadOnlyList<TrafficWindow> windows) => windows.Sum(w => w.Cells.Sum(c => c.Requests));

    // The gateway may be writing: its last line may not be whole.
    private static List<TrafficWindow> Lines(string path)
    {
        if (!File.Exists(path))
        {
            return [];
        }

        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var reader = new StreamReader(file);
        var text = reader.ReadToEnd();
        return [.. text[..(text.LastIndexOf('\n') + 1)].Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonSerializer.Deserialize<TrafficWindow>(l, CoreJson.Options)!)]; // A window is no null.
    }
}
