using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Traffic;
using ModelFlow.Gateway.Tests.Support;

namespace ModelFlow.Gateway.Tests.Feedback;

public sealed class FeedbackTests
{
    private static readonly byte[] Key = RandomNumberGenerator.GetBytes(32);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Mark_countsOnceForTheVersionGroupAndKindOfItsAnswer()
    {
        await using var plane = await ControlPlane.StartAsync();
        await using var server = await Upstream.StartAsync();
        await using var gateway = await StartAsync(plane);
        await gateway.PushAsync(RunningGateway.Route(1, server.Address, server.Address, 5_000));
        var sums = new Dictionary<VersionName, double>();
        for (var i = 0; i < 20; i++)
        {
            var answer = await gateway.InferAsync("user-" + i);
            var score = i % 2 == 0 ? 1 : 0.25;
            sums[answer.Version!.Value] = sums.GetValueOrDefault(answer.Version.Value) + score;
            Assert.Equal(HttpStatusCode.NoContent, await MarkAsync(gateway, answer.RequestId, score));
            Assert.Equal(HttpStatusCode.Conflict, await MarkAsync(gateway, answer.RequestId, 1));
        }

        var pinned = await gateway.InferAsync("me", "v1.1.0-mlp");
        Assert.Equal(HttpStatusCode.NoContent, await MarkAsync(gateway, pinned.RequestId, 0));
        await Eventually.TrueAsync(() => plane.Totals(1).Feedback.Count == 21, "all marks reported");
        Assert.Equal(sums[RunningGateway.Candidate], plane.Totals(1, RunningGateway.Candidate, TrafficKind.Normal).Feedback.Sum);
        Assert.Equal(sums[RunningGateway.Stable], plane.Totals(1, RunningGateway.Stable, TrafficKind.Normal).Feedback.Sum);
        Assert.Equal((1, 0), (plane.Totals(1, kind: TrafficKind.Pinned).Feedback.Count, plane.Totals(1, kind: TrafficKind.Pinned).Feedback.Sum));
        Assert.All(
            plane.Reports.SelectMany(r => r.Windows).SelectMany(w => w.Cells).Where(c => c.Kind == TrafficKind.Normal).GroupBy(c => (c.Version, c.SubBucket)),
            group => Assert.Equal(group.Sum(c => c.Requests), group.Sum(c => c.Feedback.Count)));
    }

    [Fact]
    public async Task Mark_countsForTheSliceOfItsAnswer_whereVersionsAreCompared()
    {
        await using var plane = await ControlPlane.StartAsync();
        await using var server = await Upstream.StartAsync();
        await using var gateway = await StartAsync(plane);
        await gateway.PushAsync(RunningGateway.Route(1, server.Address, server.Address, 5_000));
        for (var i = 0; i < 30; i++)
        {
            var slice = (i % 3) switch { 0 => "de", 1 => "zwei Worte", _ => null };
            var answer = await gateway.InferAsync("user-" + i, slice: slice);
            Assert.Equal(HttpStatusCode.NoContent, await MarkAsync(gateway, answer.RequestId, slice == "de" ? 1 : 0.5));
        }

        await Eventually.TrueAsync(() => plane.Totals(1).Feedback.Count == 30, "all marks reported");
        var cells = plane.Reports.SelectMany(r => r.Windows).DistinctBy(w => w.Number).SelectMany(w => w.Slices ?? []).ToLookup(c => c.Slice, StringComparer.Ordinal);
        Assert.Equal(["de", "other"], cells.Select(c => c.Key).Order(StringComparer.Ordinal));
        Assert.Equal((10, 10, 10.0), (cells["de"].Sum(c => c.Requests), cells["de"].Sum(c => c.Feedback.Count), cells["de"].Sum(c => c.Feedback.Sum)));
        Assert.Equal((10, 5.0), (cells["other"].Sum(c => c.Requests), cells["other"].Sum(c => c.Feedback.Sum)));
        Assert.Equal([RunningGateway.Stable, RunningGateway.Candidate], cells["de"].Select(c => c.Version).Distinct().Order());

        await gateway.PushAsync(RunningGateway.Route(2, server.Address));
        Assert.Equal(54, (await gateway.InferAsync("user-1", slice: "de")).RequestId!.Length);
        await Eventually.TrueAsync(() => plane.Totals(2).Requests == 1, "the request reported");
        Assert.All(plane.Reports.SelectMany(r => r.Windows).Where(w => w.Generation == 2), w => Assert.Null(w.Slices));
    }

    [Fact]
    public async Task Mark_forAnAnswerOfAnEarlierGeneration_countsThere()
    {
        await using var plane = await ControlPlane.StartAsync();
        await using var server = await Upstream.StartAsync();
        await using var gateway = await StartAsync(plane);
        await gateway.PushAsync(RunningGateway.Route(1, server.Address, server.Address, 10_000));
        var answer = await gateway.InferAsync();
        await gateway.PushAsync(RunningGateway.Route(2, server.Address));
        Assert.Equal(HttpStatusCode.NoContent, await MarkAsync(gateway, answer.RequestId, 0.5));
        await Eventually.TrueAsync(() => plane.Totals(1, RunningGateway.Candidate).Feedback.Count == 1, "the mark reported");
        Assert.Equal(0, plane.Totals(2).Feedback.Count);

        var last = await gateway.InferAsync();
        for (var generation = 3; generation < 30; generation++)
        {
            await gateway.PushAsync(RunningGateway.Route(generation, server.Address));
        }

        Assert.Equal(HttpStatusCode.Gone, await MarkAsync(gateway, last.RequestId, 1));
    }

    [Fact]
    public async Task Mark_thatNobodyMayGive_isRefused()
    {
        await using var plane = await ControlPlane.StartAsync();
        await using var server = await Upstream.StartAsync();
        await using var gateway = await StartAsync(plane);
        await gateway.PushAsync(RunningGateway.Route(1, server.Address));
        using var signer = new RequestIdSigner(Key);
        using var stranger = new RequestIdSigner(RandomNumberGenerator.GetBytes(32));
        string Id(double minutesAgo, RequestIdSigner by, string model = "digits", long generation = 1, int version = 0) =>
            by.Sign(ModelName.Parse(model), new RequestId(DateTimeOffset.UtcNow.AddMinutes(-minutesAgo), (ulong)Random.Shared.NextInt64(), generation, version, 0));

        Assert.Equal(HttpStatusCode.NotFound, await MarkAsync(gateway, Id(0, stranger), 1));
        Assert.Equal(HttpStatusCode.NotFound, await MarkAsync(gateway, Id(0, signer, "other"), 1));
        Assert.Equal(HttpStatusCode.NotFound, await MarkAsync(gateway, Id(-5, signer), 1));
        Assert.Equal(HttpStatusCode.NotFound, await MarkAsync(gateway, "nonsense", 1));
        Assert.Equal(HttpStatusCode.Gone, await MarkAsync(gateway, Id(61, signer), 1));
        Assert.Equal(HttpStatusCode.Gone, await MarkAsync(gateway, Id(10, signer), 1)); // Before the gateway's start.
        Assert.Equal(HttpStatusCode.Gone, await MarkAsync(gateway, Id(-0.1, signer, generation: 7), 1));
        Assert.Equal(HttpStatusCode.Gone, await MarkAsync(gateway, Id(-0.1, signer, version: 9), 1));
        using var ready = await gateway.Http.GetAsync("/models/digits/v2/ready", Cancelled);
        Assert.False(ready.Headers.Contains("x-modelflow-request-id"));
        Assert.Equal(HttpStatusCode.NoContent, await MarkAsync(gateway, Id(-0.1, signer), 1));
        await Eventually.TrueAsync(() => plane.Totals(1).Feedback.Count == 1, "the one mark reported");
    }

    [Theory]
    [InlineData("{\"requestId\":\"ID\",\"score\":1.01}")]
    [InlineData("{\"requestId\":\"ID\",\"score\":-0.1}")]
    [InlineData("{\"requestId\":\"ID\",\"score\":\"NaN\"}")]
    [InlineData("{\"requestId\":\"ID\"}")]
    [InlineData("{\"score\":1}")]
    [InlineData("{\"requestId\":\"ID\",\"score\":1")]
    [InlineData("null")]
    [InlineData("")]
    [InlineData("LONG")]
    [InlineData("COMMENT")]
    public async Task Body_thatIsNoMark_isRefusedAndTheAnswerMayStillGetOne(string body)
    {
        await using var server = await Upstream.StartAsync();
        await using var gateway = await StartAsync(null);
        await gateway.PushAsync(RunningGateway.Route(1, server.Address));
        var id = (await gateway.InferAsync()).RequestId;
        var sent = body switch
        {
            "LONG" => new string(' ', 20_000) + $"{{\"requestId\":\"{id}\",\"score\":1}}",
            "COMMENT" => $"{{\"requestId\":\"{id}\",\"score\":1,\"comment\":\"{new string('x', 2_001)}\"}}",
            _ => body.Replace("ID", id, StringComparison.Ordinal),
        };
        using var answer = await gateway.Http.PostAsync("/models/digits/feedback", new StringContent(sent, Encoding.UTF8, "application/json"), Cancelled);
        Assert.Equal(body == "LONG" ? HttpStatusCode.RequestEntityTooLarge : HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        Assert.Equal(HttpStatusCode.NoContent, await MarkAsync(gateway, id, 1));
    }

    [Fact]
    public async Task Mark_obeysTheRulesOfRequests()
    {
        await using var server = await Upstream.StartAsync();
        await using var gateway = await StartAsync(null, s =>
        {
            s["Gateway:Anonymous"] = "false";
            s["Gateway:ClientKeys:0:Name"] = "shop";
            s["Gateway:ClientKeys:0:Sha256"] = Sha256Digest.Of("shop key").ToString();
            s["Gateway:ClientKeys:0:Limits:RequestsPerSecond"] = "1";
            s["Gateway:ClientKeys:0:Limits:Burst"] = "2";
        });
        await gateway.PushAsync(RunningGateway.Route(1, server.Address));
        var id = (await gateway.InferAsync(bearer: "shop key")).RequestId;
        Assert.Equal(HttpStatusCode.Unauthorized, await MarkAsync(gateway, id, 1));
        gateway.Http.DefaultRequestHeaders.Authorization = new("Bearer", "shop key");
        Assert.Equal(HttpStatusCode.NoContent, await MarkAsync(gateway, id, 1));
        await Eventually.TrueAsync(async () => await MarkAsync(gateway, id, 1) == HttpStatusCode.TooManyRequests, "the limit");
        using var get = await gateway.Http.GetAsync("/models/none/feedback", Cancelled);
        Assert.Contains(get.StatusCode, new[] { HttpStatusCode.MethodNotAllowed, HttpStatusCode.TooManyRequests });
    }

    private static Task<RunningGateway> StartAsync(ControlPlane? plane, Action<Dictionary<string, string?>>? settings = null) => RunningGateway.StartAsync(
        s =>
        {
            s["Gateway:SigningKey"] = Convert.ToBase64String(Key);
            s["Gateway:AnonymousMayPin"] = "true";
            settings?.Invoke(s);
        },
        plane);

    private static async Task<HttpStatusCode> MarkAsync(RunningGateway gateway, string? id, double score)
    {
        using var body = new StringContent(FormattableString.Invariant($"{{\"requestId\":\"{id}\",\"score\":{score},\"comment\":\"fine\"}}"), Encoding.UTF8, "application/json");
        using var answer = await gateway.Http.PostAsync("/models/digits/feedback", body, Cancelled);
        return answer.StatusCode;
    }
}
