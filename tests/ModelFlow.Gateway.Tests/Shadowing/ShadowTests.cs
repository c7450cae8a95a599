using System.Net;
using System.Text;
using Microsoft.AspNetCore.Http;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Traffic;
using ModelFlow.Gateway.Tests.Support;

namespace ModelFlow.Gateway.Tests.Shadowing;

/// <summary>Requests mirrored by a whole gateway, on real sockets.</summary>
public sealed class ShadowTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Mirrored_requests_areComparedAndTheirAnswersReachNobody()
    {
        await using var stable = await Upstream.StartAsync(c => LabelsAsync(c, 1, 2));
        await using var candidate = await Upstream.StartAsync(c => LabelsAsync(c, 1, 3));
        await using var plane = await ControlPlane.StartAsync();
        await using var gateway = await RunningGateway.StartAsync(plane: plane);
        await gateway.PushAsync(Shadowed(3, stable.Address, candidate.Address));
        for (var i = 0; i < 20; i++)
        {
            var answer = await gateway.InferAsync("user-" + i, body: $"{{\"id\":\"{i}\"}}");
            Assert.Equal((HttpStatusCode.OK, RunningGateway.Stable), (answer.Status, answer.Version));
            Assert.Contains("[1,2]", answer.Body, StringComparison.Ordinal);
        }

        var pairs = await PairsAsync(plane, 3, p => p.Pairs == 20);
        Assert.Equal((20, 10.0, 20), (pairs.Compared, pairs.Disagreement, pairs.Timed));
        Assert.Equal((0, 0, 0, 0, 0), (pairs.StableFailed, pairs.CandidateFailed, pairs.NotCompared, pairs.Dropped, pairs.TooLarge));
        Assert.Equal(20, pairs.StableLatency!.Count);
        var mirrored = plane.Totals(3, RunningGateway.Candidate, TrafficKind.Shadow);
        Assert.Equal((20, 0, 20, 20), (mirrored.Requests, mirrored.Errors, mirrored.Latency.Count, mirrored.FirstSeenKeys));
        Assert.Equal((20, 0), (plane.Totals(3, RunningGateway.Stable, TrafficKind.Normal).Requests, plane.Totals(3, RunningGateway.Candidate, TrafficKind.Normal).Requests));
        Assert.Equal(20, candidate.Seen.Count);
    }

    [Fact]
    public async Task Mirrored_request_isTheSameToTheCandidatesPathAndSaysNothingOfTheClient()
    {
        var bodies = new List<string>();
        await using var stable = await Upstream.StartAsync(c => LabelsAsync(c, 1));
        await using var candidate = await Upstream.StartAsync(async c =>
        {
            bodies.Add(await new StreamReader(c.Request.Body).ReadToEndAsync(Cancelled));
            await LabelsAsync(c, 1);
        });
        await using var plane = await ControlPlane.StartAsync();
        await using var gateway = await RunningGateway.StartAsync(s => s["Gateway:Shadow:Headers:0"] = "x-tenant", plane);
        await gateway.PushAsync(Shadowed(3, stable.Address, candidate.Address));
        using var request = new HttpRequestMessage(HttpMethod.Post, "/models/digits/v2/infer?verbose=1") { Content = new StringContent("{\"inputs\":[]}", Encoding.UTF8, "application/json") };
        request.Headers.Add("Authorization", "Bearer secret");
        request.Headers.Add("Cookie", "session=1");
        request.Headers.Add("x-api-key", "secret");
        request.Headers.Add("x-modelflow-key", "anna");
        request.Headers.Add("x-modelflow-shadow", "1");
        request.Headers.Add("x-tenant", "t1");
        request.Headers.Add("Inference-Header-Content-Length", "13");
        using var answer = await gateway.Http.SendAsync(request, Cancelled);

        await PairsAsync(plane, 3, p => p.Pairs == 1);
        var (path, headers) = Assert.Single(candidate.Seen);
        Assert.Equal("/v2/models/digits/versions/v1.1.0-mlp/infer", path);
        Assert.Equal("{\"inputs\":[]}", Assert.Single(bodies));
        Assert.Equal(["1", "t1", "13", "application/json; charset=utf-8"], new[] { "x-modelflow-shadow", "x-tenant", "Inference-Header-Content-Length", "Content-Type" }.Select(name => headers[name].ToString()));
        Assert.All(["Authorization", "Cookie", "x-api-key", "x-modelflow-key"], name => Assert.False(headers.ContainsKey(name), name));

        // And nobody can make stable's server believe that its answer goes to nobody.
        Assert.False(Assert.Single(stable.Seen).Headers.ContainsKey("x-modelflow-shadow"));
    }

    [Fact]
    public async Task Mirrored_chat_namesTheCandidatesModelAndIsComparedByItsText()
    {
        var bodies = new List<string>();
        await using var stable = await Upstream.StartAsync(c => c.Response.WriteAsJsonAsync(Chat("Hello there")));
        await using var candidate = await Upstream.StartAsync(async c =>
        {
            bodies.Add(await new StreamReader(c.Request.Body).ReadToEndAsync(Cancelled));
            await c.Response.WriteAsJsonAsync(Chat("Hello"));
        });
        await using var plane = await ControlPlane.StartAsync();
        await using var gateway = await RunningGateway.StartAsync(plane: plane);
        await gateway.PushAsync(Shadowed(3, stable.Address, candidate.Address));
        using var answer = await gateway.Http.PostAsync("/models/digits/v1/chat/completions", new StringContent("{\"model\":\"digits\",\"messages\":[]}"), Cancelled);
        Assert.Contains("Hello there", await answer.Content.ReadAsStringAsync(Cancelled), StringComparison.Ordinal);

        var pairs = await PairsAsync(plane, 3, p => p.Pairs == 1);
        Assert.Equal((1, 1.0, 1, 6 / 11.0), (pairs.Compared, pairs.Disagreement, pairs.Scored, pairs.ScoreDifference));
        Assert.Equal("{\"model\":\"v1.1.0-mlp\",\"messages\":[]}", Assert.Single(bodies));

        static object Chat(string text) => new { choices = new[] { new { message = new { role = "assistant", content = text } } } };
    }

    [Fact]
    public async Task Shadow_thatHangs_slowsNobodyAndIsBounded()
    {
        var (under, most) = (0, 0);
        var gone = new TaskCompletionSource();
        await using var stable = await Upstream.StartAsync(c => LabelsAsync(c, 1));
        await using var candidate = await Upstream.StartAsync(async c =>
        {
            InterlockedMax(ref most, Interlocked.Increment(ref under));
            await gone.Task.WaitAsync(c.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            Interlocked.Decrement(ref under);
        });
        await using var plane = await ControlPlane.StartAsync();
        await using var gateway = await RunningGateway.StartAsync(
            s => (s["Gateway:Shadow:Concurrent"], s["Gateway:Shadow:Pending"], s["Gateway:Shadow:Timeout"]) = ("3", "5", "01:00:00"), plane);
        await gateway.PushAsync(Shadowed(3, stable.Address, candidate.Address));

        // With 3 that never end and 2 that wait for them, all the others are answered all the same.
        for (var i = 0; i < 60; i++)
        {
            var answer = await gateway.InferAsync("user-" + i);
            Assert.Equal((HttpStatusCode.OK, RunningGateway.Stable), (answer.Status, answer.Version));
        }

        var pairs = await PairsAsync(plane, 3, p => p.Dropped == 55);
        Assert.Equal((0, 55), (pairs.Pairs, pairs.Dropped));
        Assert.Equal((3, 3), (most, Volatile.Read(ref under)));
        Assert.Equal(60, plane.Totals(3, RunningGateway.Stable, TrafficKind.Normal).Requests);
        gone.SetResult();
    }

    [Theory]
    [InlineData("dead")]
    [InlineData("hangs")]
    [InlineData("breaks off")]
    [InlineData("answers 500")]
    [InlineData("answers 400")]
    public async Task Shadow_thatFails_isChargedWithIt(string how)
    {
        await using var stable = await Upstream.StartAsync(c => LabelsAsync(c, 1));
        await using var candidate = await Upstream.StartAsync(async c =>
        {
            switch (how)
            {
                case "hangs":
                    await Task.Delay(Timeout.Infinite, c.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                    break;
                case "breaks off":
                    c.Response.ContentLength = 100;
                    await c.Response.WriteAsync("{", Cancelled);
                    c.Abort();
                    break;
                default:
                    c.Response.StatusCode = int.Parse(how[^3..]);
                    break;
            }
        });
        await using var plane = await ControlPlane.StartAsync();
        await using var gateway = await RunningGateway.StartAsync(s => s["Gateway:Shadow:Timeout"] = "00:00:00.2", plane);
        await gateway.PushAsync(Shadowed(3, stable.Address, how == "dead" ? Upstream.ClosedPort() : candidate.Address));
        for (var i = 0; i < 5; i++)
        {
            Assert.Equal(HttpStatusCode.OK, (await gateway.InferAsync("user-" + i)).Status);
        }

        var pairs = await PairsAsync(plane, 3, p => p.Pairs == 5);
        Assert.Equal((5, 0, 0, 0), (pairs.CandidateFailed, pairs.StableFailed, pairs.Compared, pairs.NotCompared));

        // One that was waited for took at least that long; of the others nothing is known.
        Assert.Equal(how == "hangs" ? (5, 5) : (0, 0), (pairs.Timed, pairs.Slower));
    }

    [Fact]
    public async Task Stable_failsAlone_countsForTheCandidate()
    {
        await using var stable = await Upstream.StartAsync(c =>
        {
            c.Response.StatusCode = 500;
            return Task.CompletedTask;
        });
        await using var candidate = await Upstream.StartAsync(c => LabelsAsync(c, 1));
        await using var plane = await ControlPlane.StartAsync();
        await using var gateway = await RunningGateway.StartAsync(plane: plane);
        await gateway.PushAsync(Shadowed(3, stable.Address, candidate.Address));
        Assert.Equal(HttpStatusCode.InternalServerError, (await gateway.InferAsync()).Status);
        var pairs = await PairsAsync(plane, 3, p => p.Pairs == 1);
        Assert.Equal((1, 0, 0), (pairs.StableFailed, pairs.CandidateFailed, pairs.Compared));
    }

    [Fact]
    public async Task Bodies_andAnswersBeyondTheLimit_passAndAreCountedAsTooLarge()
    {
        await using var stable = await Upstream.StartAsync(async c =>
        {
            var length = (await new StreamReader(c.Request.Body).ReadToEndAsync(Cancelled)).Length;
            await c.Response.WriteAsync(length == 3 ? new string('x', 5_000) : length.ToString(), Cancelled);
        });
        await using var candidate = await Upstream.StartAsync(c => LabelsAsync(c, 1));
        await using var plane = await ControlPlane.StartAsync();
        await using var gateway = await RunningGateway.StartAsync(s => s["Gateway:Shadow:MaxBytes"] = "2000", plane);
        await gateway.PushAsync(Shadowed(3, stable.Address, candidate.Address));
        Assert.Equal("3000", (await gateway.InferAsync(body: new string('a', 3_000))).Body);
        Assert.Equal(5_000, (await gateway.InferAsync(body: "abc")).Body.Length);

        // Without a length only reading tells.
        using var request = new HttpRequestMessage(HttpMethod.Post, "/models/digits/v2/infer") { Content = new StreamContent(new MemoryStream(new byte[2_500])) };
        request.Headers.TransferEncodingChunked = true;
        using var answer = await gateway.Http.SendAsync(request, Cancelled);
        Assert.Equal("2500", await answer.Content.ReadAsStringAsync(Cancelled));

        var pairs = await PairsAsync(plane, 3, p => p.TooLarge == 3);
        Assert.Equal((0, 0), (pairs.Pairs, pairs.Dropped));
        Assert.Empty(candidate.Seen);
    }

    [Fact]
    public async Task Readiness_metadata_pinned_andFeedback_areNeverMirrored()
    {
        await using var stable = await Upstream.StartAsync();
        await using var candidate = await Upstream.StartAsync();
        await using var plane = await ControlPlane.StartAsync();
        await using var gateway = await RunningGateway.StartAsync(s => s["Gateway:AnonymousMayPin"] = "true", plane);
        await gateway.PushAsync(Shadowed(3, stable.Address, candidate.Address));
        using var ready = await gateway.Http.GetAsync("/models/digits/v2/ready", Cancelled);
        using var metadata = await gateway.Http.GetAsync("/models/digits/v2", Cancelled);
        using var models = await gateway.Http.GetAsync("/models/digits/v1/models", Cancelled);
        Assert.Equal(RunningGateway.Stable, (await gateway.InferAsync(pin: "v1.0.0-base")).Version);
        Assert.Equal(RunningGateway.Candidate, (await gateway.InferAsync(pin: "v1.1.0-mlp")).Version);
        await gateway.InferAsync("last");
        await PairsAsync(plane, 3, p => p.Pairs == 1);

        // The pinned one and the last one's copy.
        Assert.Equal(2, candidate.Seen.Count);
    }

    [Fact]
    public async Task Lease_over_stopsMirroringByItselfAndChangesNothingElse()
    {
        await using var stable = await Upstream.StartAsync(c => LabelsAsync(c, 1));
        await using var candidate = await Upstream.StartAsync(c => LabelsAsync(c, 1));
        await using var plane = await ControlPlane.StartAsync();
        await using var gateway = await RunningGateway.StartAsync(plane: plane);
        await gateway.PushAsync(Shadowed(3, stable.Address, candidate.Address) with { LeaseUntil = DateTimeOffset.UtcNow.AddSeconds(-1) });
        for (var i = 0; i < 10; i++)
        {
            Assert.Equal(RunningGateway.Stable, (await gateway.InferAsync("user-" + i)).Version);
        }

        await Eventually.TrueAsync(() => plane.Totals(3, RunningGateway.Stable, TrafficKind.Normal).Requests == 10, "stable's requests");
        Assert.Empty(candidate.Seen);
        Assert.All(plane.Reports.SelectMany(r => r.Windows), w => Assert.False(w.Leased));
    }

    [Fact]
    public async Task Route_changed_dropsWhatStillWaits()
    {
        var gone = new TaskCompletionSource();
        await using var stable = await Upstream.StartAsync(c => LabelsAsync(c, 1));
        await using var candidate = await Upstream.StartAsync(async c =>
        {
            await gone.Task;
            await LabelsAsync(c, 1);
        });
        await using var plane = await ControlPlane.StartAsync();
        await using var gateway = await RunningGateway.StartAsync(s => s["Gateway:Shadow:Concurrent"] = "1", plane);
        await gateway.PushAsync(Shadowed(3, stable.Address, candidate.Address));
        for (var i = 0; i < 5; i++)
        {
            await gateway.InferAsync("user-" + i);
        }

        await Eventually.TrueAsync(() => candidate.Seen.Count == 1, "the first copy");
        await gateway.PushAsync(RunningGateway.Route(4, stable.Address));
        gone.SetResult();
        await PairsAsync(plane, 3, p => p.Pairs == 1);
        await gateway.InferAsync();
        await Eventually.TrueAsync(() => plane.Totals(4).Requests == 1, "the next generation");
        Assert.Single(candidate.Seen);
    }

    private static ServedRoute Shadowed(long generation, Uri stable, Uri candidate)
    {
        var route = RunningGateway.Route(generation, stable, candidate);
        return route with { Route = route.Route with { Candidates = [], Shadow = new ShadowTarget(RunningGateway.Candidate, Weight.All, 1.5) } };
    }

    private static Task LabelsAsync(HttpContext context, params int[] labels) => context.Response.WriteAsJsonAsync(
        new { model_name = "digits", outputs = new[] { new { name = "label", datatype = "INT64", shape = new[] { labels.Length }, data = labels } } });

    private static async Task<PairTotals> PairsAsync(ControlPlane plane, long generation, Func<PairTotals, bool> until)
    {
        var pairs = PairTotals.None;
        await Eventually.TrueAsync(
            () => until(pairs = plane.Reports.SelectMany(r => r.Windows).Where(w => w.Generation == generation).SelectMany(w => w.Cells)
                .Where(c => c.Kind == TrafficKind.Shadow && c.Version == RunningGateway.Candidate && c.Pairs is not null)
                .Aggregate(PairTotals.None, (sum, c) => sum.Plus(c.Pairs!))), // Those without were left out.
            "pairs");
        Assert.True(pairs.IsPossible);
        return pairs;
    }

    private static void InterlockedMax(ref int most, int value)
    {
        int seen;
        while ((seen = Volatile.Read(ref most)) < value && Interlocked.CompareExchange(ref most, value, seen) != seen)
        {
        }
    }
}
