using Microsoft.AspNetCore.Http;
using ModelFlow.Cli.Contracts;
using ModelFlow.Cli.Output;
using ModelFlow.Cli.Tests.Support;
using ModelFlow.Cli.Timeline;
using Spectre.Console;

namespace ModelFlow.Cli.Tests.Timeline;

public sealed class WatchTests : IAsyncLifetime
{
    private const string Route = "GET /api/releases/digits-v1.0.0-1/events";

    private FakeHost _host = null!;
    private Support.Cli _cli = null!;

    public async ValueTask InitializeAsync()
    {
        _host = await FakeHost.StartAsync();
        _cli = Support.Cli.For(_host);
    }

    public async ValueTask DisposeAsync()
    {
        _cli.Dispose();
        await _host.DisposeAsync();
    }

    [Fact]
    public async Task Watch_eventsInSeveralAnswers_areLinesInOrderToTheEnd()
    {
        var polls = 0;
        _host.On(Route, asked => Results.Text(
            (asked.After, polls++) switch
            {
                ("0", _) => Events.Page(2, false, Events.Of(1, "stageEntered", "ramping", "Ramping."), Events.Of(2, "looked", "ramping", "Healthy.")),
                ("2", 1) => Events.Page(2, false),
                ("2", _) => Events.Page(4, true, Events.Of(3, "paused", "ramping", "bob paused it.", by: "bob"), Events.Of(4, "ended", "ended", "Stable.", """{"outcome":"stable"}""", by: "alice")),
                _ => throw new InvalidOperationException(asked.After),
            },
            "application/json"));
        var run = await _cli.RunAsync("watch", "digits-v1.0.0-1");
        Assert.Equal(0, run.Exit);
        Assert.Equal(
            """
            14:29:01  ramping           Ramping.
            14:29:03  ramping           bob paused it.
            14:29:04  ended             Stable. (alice)

            """,
            run.Out);
    }

    [Fact]
    public async Task Watch_throughAPipe_hasTheNumbersUnderWhatTheyDecided()
    {
        const string Look = """
            {"verdict":"harmful","stableRequests":361,"candidateRequests":19,"metrics":[
              {"metric":"errorRateIncrease","verdict":"inconclusive","stable":0.0123,"candidate":0.05,"tolerance":0.12,"message":"","interval":{"low":-0.0215,"high":0.31},"harm":{"value":0.2,"needed":125},"health":{"value":4.47,"needed":20}},
              {"metric":"latencyP50Ratio","verdict":"harmful","stable":1.69,"candidate":8.52,"tolerance":2,"message":"","interval":{"low":3.22},"harm":{"value":539,"needed":200},"health":{"value":0,"needed":20}},
              {"metric":"aMetricOfANewerHost","verdict":"inconclusive","stable":0.5,"candidate":0.25,"tolerance":0.1,"message":""},
              {"metric":"sampleRatio","verdict":"healthy","stable":0.05,"candidate":0.048,"tolerance":0,"message":"","harm":{"value":0.4,"needed":1000}}]}
            """;
        _host.On(Route, _ => Results.Text(
            Events.Page(4, true, Events.Of(1, "stageEntered", "ramping", "Ramping."), Events.Of(2, "looked", "ramping", "Open.", Look), Events.Of(3, "harmFound", "ramping", "Slow.", Look), Events.Ended(4, "rolledBack")),
            "application/json"));

        var run = await _cli.RunAsync("watch", "digits-v1.0.0-1");
        var all = await _cli.RunAsync("watch", "digits-v1.0.0-1", "--all");

        Assert.Equal(
            """
            14:29:01  ramping           Ramping.
            14:29:03  ramping           Slow.
            METRIC           STABLE  CANDID. EFFECT  95 % INTERVAL  LIMIT PROOF
            errors           1.23 %      5 %  +3.77     -2.15..+31    +12 [##....] ok 49 %
            latency p50     1.69 ms  8.52 ms  x5.04         3.22..     x2 [######] harmful
            aMetricOfANewe     50 %     25 %    -25                   +10          open
            sample ratio        5 %    4.8 %   -0.2                       [......] healthy
            14:29:04  ended             rolledBack, by 

            """,
            run.Out);
        Assert.Equal(2, all.Lines.Count(l => l.StartsWith("METRIC", StringComparison.Ordinal)));
        Assert.All(run.Lines.Concat(all.Lines), l => Assert.True(l.Length <= 80, l));
    }

    [Fact]
    public async Task Look_onATerminalWithoutColours_isTheSameLines()
    {
        await using var text = new StringWriter();
        var terminal = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(text), ColorSystem = ColorSystemSupport.NoColors, Ansi = AnsiSupport.No });
        terminal.Profile.Width = 80;
        var look = new LookItem("healthy", [new("errorRateIncrease", "healthy", 0, 0, 0.01, "") { Interval = new(-1, null), Harm = new(1e-9, 125), Health = new(1e12, 20) }], 123_456_789, 98_765_432);

        terminal.Write(LiveLook.Panel(new ReleaseDetail { Id = "r", Model = "m", Version = "v", Stage = "ramping", Weight = 500, LastLook = look }));

        Assert.Equal(
            [
                "5 % of traffic: healthy after 98765432 requests of the candidate and 123456789",
                "of stable",
                LookTable.Header,
                "errors              0 %      0 %      0     -100..+100     +1 [######] healthy",
            ],
            text.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => l.TrimEnd()));
    }

    [Fact]
    public async Task Analysis_printsTheLastLookOfEachStep_andWhatIsMissing()
    {
        _host.On("GET /api/releases/digits-v1.0.0-1/analysis", """
            {"release":"digits-v1.0.0-1","model":"digits","version":"v1.0.0","attempt":1,"baseline":"v0.9.0","stage":"ended","outcome":"rolledBack","policy":"sha256:00","series":{
              "budget":{"whole":0.05,"earlierAttempts":0,"thisAttempt":0.04,"laterAttempts":0.01,"perMetric":0.008},"looks":7,"shown":2,"complete":false,"notes":["Step 1: something is gone."],
              "shadow":{"share":1000,"generation":2,"from":"2026-11-23T14:28:00+00:00","source":"replayed","windowsFound":9,"looks":5,"pairs":250,"verdict":"healthy","metrics":[
                {"metric":"shadow.maxDisagreement","comparedAs":"difference","tolerance":0.1,"harmNeeded":300,"healthNeeded":20,"budgetSpent":0.003,"budgetLeft":0,"message":"answers disagree in 2 %",
                 "points":[{"at":"2026-11-23T14:28:30+00:00","verdict":"healthy","pairs":250,"stableRequests":250,"candidateRequests":250,"stable":0,"candidate":0.02,"effect":0.02,"interval":{"low":0.004,"high":0.07},"harm":0.1,"health":25}]},
                {"metric":"shadow.minPairs","comparedAs":"difference","tolerance":100,"budgetSpent":0,"budgetLeft":0,"message":"250 requests were mirrored",
                 "points":[{"at":"2026-11-23T14:28:30+00:00","verdict":"healthy","pairs":250,"stableRequests":250,"candidateRequests":250,"stable":0,"candidate":250,"effect":250}]}]},
              "steps":[{"step":0,"weight":500,"generation":3,"from":"2026-11-23T14:29:00+00:00","source":"events","windowsFound":0,"looks":7,"verdict":"harmful","metrics":[
                {"metric":"errorRateIncrease","comparedAs":"difference","tolerance":0.01,"harmNeeded":125,"healthNeeded":20,"budgetSpent":0.005,"budgetLeft":0.003,"message":"m","points":[
                  {"at":"2026-11-23T14:29:01+00:00","verdict":"inconclusive","stableRequests":1,"candidateRequests":1,"stable":0,"candidate":0,"effect":0,"harm":1,"health":1},
                  {"at":"2026-11-23T14:29:02+00:00","verdict":"harmful","stableRequests":90,"candidateRequests":6,"stable":0,"candidate":1,"effect":1,"interval":{"low":0.4,"high":1},"harm":200,"health":0}]}]}]}}
            """);

        var run = await _cli.RunAsync("analysis", "digits-v1.0.0-1");

        Assert.Equal(0, run.Exit);
        Assert.Contains("Shadow step: 10 % of the requests mirrored from 2026-11-23 14:28:00Z, healthy, 250 pairs of answers in 5 look(s)", run.Out, StringComparison.Ordinal);
        Assert.Contains("disagreement        0 %      2 %     +2       +0.4..+7    +10 [######] healthy", run.Out, StringComparison.Ordinal);
        Assert.Contains("pairs                        250                          100          healthy", run.Out, StringComparison.Ordinal);
        Assert.Contains("Step 1: 5 % of traffic from 2026-11-23 14:29:00Z, harmful, 6 requests of the candidate and 90 of stable in 7 look(s)", run.Out, StringComparison.Ordinal);
        Assert.Contains("errors              0 %    100 %   +100      +40..+100     +1 [######] harmful", run.Out, StringComparison.Ordinal);
        Assert.Contains("7, not all that there were", run.Out, StringComparison.Ordinal);
        Assert.Equal("Step 1: something is gone.\n", run.Error);
    }

    [Fact]
    public async Task Watch_streamThatBreaks_isTakenUpAfterTheLastEvent()
    {
        _host.On(Route, asked => asked.After switch
        {
            // A connection that dies in the middle of an event, one that ends in good order, and the rest.
            "0" => Broken(Events.Streamed("stageEntered", 1, Events.Of(1, "stageEntered", "ramping", "Ramping.")), "event: paused\nid: 2\ndata: {\"se"),
            "1" => Streamed(Events.Streamed("paused", 2, Events.Of(2, "paused", "ramping", "Paused."))),
            "2" => Streamed(Events.Streamed("ended", 3, Events.Ended(3, "stable"))),
            _ => throw new InvalidOperationException(asked.After),
        });
        var run = await _cli.RunAsync("watch", "digits-v1.0.0-1");
        Assert.Equal((0, ""), (run.Exit, run.Error));
        Assert.Equal(["14:29:01  ramping           Ramping.", "14:29:02  ramping           Paused.", "14:29:03  ended             It is over."], run.Lines);
        Assert.Equal(["0", "1", "2"], _host.Requests.Select(r => r.After));
        Assert.DoesNotContain(_host.Requests, r => r.Query.Contains("wait=", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Watch_streamOfAReleaseThatEndedMeanwhile_asksHowItEnded()
    {
        _host.On(Route, asked => asked.After == "0" ? Streamed(Events.Streamed("looked", 1, Events.Of(1, "looked", "ramping", "Healthy."))) : Results.NoContent());
        _host.On("GET /api/releases/digits-v1.0.0-1", """{"id":"digits-v1.0.0-1","model":"digits","version":"v1.0.0","stage":"ended","outcome":"rejected"}""");
        Assert.Equal(1, (await _cli.RunAsync("watch", "digits-v1.0.0-1")).Exit);
    }

    [Fact]
    public async Task Watch_failure_isToldOnce()
    {
        _host.On(Route, Events.Page(2, true, Events.Of(1, "failed", "smokeTesting", "It is not finite."), Events.Of(2, "ended", "ended", "It is not finite.", """{"outcome":"rejected","by":"smoke"}""")));
        Assert.Equal(
            """
            14:29:01  smokeTesting      It is not finite.
            14:29:02  ended             rejected, by smoke

            """,
            (await _cli.RunAsync("watch", "digits-v1.0.0-1")).Out);
    }

    [Fact]
    public async Task Watch_json_isOneEventALineAsItCame()
    {
        _host.On(Route, Events.Page(2, true, Events.Of(1, "looked", "ramping", "Healthy.", """{"x":1}"""), Events.Ended(2, "stable")));
        var run = await _cli.RunAsync("watch", "digits-v1.0.0-1", "--json");
        Assert.Equal([Events.Of(1, "looked", "ramping", "Healthy.", """{"x":1}"""), Events.Ended(2, "stable")], run.Lines);
    }

    [Fact]
    public async Task Watch_hostGoesAwayForAMoment_goesOn()
    {
        var away = 4;
        _host.On(Route, _ => away-- > 0 ? Results.StatusCode(503) : Results.Text(Events.Page(1, true, Events.Ended(1, "stable")), "application/json"));
        var run = await _cli.RunAsync("watch", "digits-v1.0.0-1");
        Assert.Equal(0, run.Exit);
        Assert.Contains("Trying on.", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Watch_endedBeforeAfter_asksHowItEnded()
    {
        _host.On(Route, Events.Page(9, true));
        _host.On("GET /api/releases/digits-v1.0.0-1", """{"id":"digits-v1.0.0-1","model":"digits","version":"v1.0.0","stage":"ended","outcome":"rejected"}""");
        Assert.Equal(1, (await _cli.RunAsync("watch", "digits-v1.0.0-1", "--after", "9")).Exit);
    }

    [Fact]
    public async Task Watch_noFollow_endsWithTheEventsThereAre()
    {
        _host.On(Route, asked => Results.Text(asked.After == "0" ? Events.Page(1, false, Events.Of(1, "started", "registering", "Started.")) : Events.Page(1, false), "application/json"));
        var run = await _cli.RunAsync("watch", "digits-v1.0.0-1", "--no-follow");
        Assert.Equal((0, 1), (run.Exit, run.Lines.Count));
        Assert.DoesNotContain("wait=", _host.Requests.First().Query, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Approve_plain_showsWhatCameOfIt()
    {
        _host.On("POST /api/releases/digits-v1.0.0-1/decisions", """{"release":"digits-v1.0.0-1","signal":"approve-1","kind":"approve","repeated":false,"eventsAfter":5}""", 202);
        _host.On(Route, Events.Page(6, false, Events.Of(6, "approved", "awaitingApproval", "carol approved it.", by: "carol")));
        var run = await _cli.RunAsync("approve", "digits-v1.0.0-1");
        Assert.Equal("14:29:06  awaitingApproval  carol approved it.\n", run.Out);
        Assert.Equal("5", _host.Requests.Last().After);
    }

    private static IResult Streamed(params string[] parts) => Results.Text("retry: 1\n\n: still here\n\n" + string.Concat(parts), "text/event-stream");

    private static IResult Broken(params string[] parts) => Results.Stream(
        async body =>
        {
            await body.WriteAsync(System.Text.Encoding.UTF8.GetBytes("retry: 1\n\n" + string.Concat(parts)), TestContext.Current.CancellationToken);
            await body.FlushAsync(TestContext.Current.CancellationToken);
            throw new IOException("The network died.");
        },
        "text/event-stream");

    [Theory]
    [InlineData("ended", "stable", Tone.Good)]
    [InlineData("ended", "rolledBack", Tone.Bad)]
    [InlineData("harmFound", null, Tone.Bad)]
    [InlineData("somethingNew", null, Tone.Plain)]
    internal void ToneOf_event_saysHowThingsGo(string kind, string? outcome, Tone tone) =>
        Assert.Equal(tone, TimelineWriter.ToneOf(new EventItem(1, kind, default, "modelflow", "ramping", "", outcome is null ? null : new() { ["outcome"] = outcome })));
}
