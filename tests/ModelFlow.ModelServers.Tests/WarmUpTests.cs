using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;
using ModelFlow.Core.Inspection;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Testing;

namespace ModelFlow.ModelServers.Tests;

public sealed class WarmUpTests
{
    private const string Version = "/v2/models/digits/versions/v1.1.0-mlp";
    private const string Metadata = """{ "name": "digits", "inputs": [ { "name": "pixels", "datatype": "FP32", "shape": [-1, 2] }, { "name": "text", "datatype": "BYTES", "shape": [-1] } ] }""";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("golden.jsonl")]
    [InlineData("golden.csv")]
    public async Task WarmUp_onARealServer_goldenRowsAreAnsweredByEveryReplica(string file)
    {
        await using var store = await SampleStore.StartAsync();
        await using var first = await RealServer.StartAsync();
        await using var second = await RealServer.StartAsync();
        await using var adapter = new Adapter(store, first.Address, second.Address);
        var version = SampleStore.Version("v1.1.0-mlp");
        var ready = Assert.IsType<LoadModel.Ready>(await adapter.Server.LoadAsync(version, Cancellation));

        var plan = await adapter.PlanAsync(5, await File.ReadAllTextAsync(Path.Combine(RepositoryRoot.Find(), "samples", "digits", file), Cancellation), "digits/" + file);
        var warm = Assert.IsType<WarmUpModel.Warm>(await adapter.WarmUp.WarmUpAsync(version, ready.Endpoints, plan, Cancellation));

        Assert.Equal((5, "rows of digits/" + file), (warm.Requests, warm.What));
        Assert.True(warm.First > TimeSpan.Zero && warm.Last > TimeSpan.Zero);
    }

    [Fact]
    public async Task WarmUp_withoutRows_sendsEachReplicaZerosInItsOwnShapes_andSaysSo()
    {
        await using var store = await SampleStore.StartAsync();
        await using var first = await StartAsync(200);
        await using var second = await StartAsync(200);
        await using var adapter = new Adapter(store, first.Address, second.Address);

        var warm = Assert.IsType<WarmUpModel.Warm>(await adapter.WarmUp.WarmUpAsync(SampleStore.Version("v1.1.0-mlp"), [first.Address, second.Address], await adapter.PlanAsync(7), Cancellation));

        Assert.Equal("zeros, as the rows of digits/golden.jsonl cannot be used: they are not in the container of data sets", warm.What);

        foreach (var server in new[] { first, second })
        {
            var inferences = server.Calls.Where(c => c.Call == "POST " + Version + "/infer").ToList();
            Assert.Equal(7, inferences.Count);
            Assert.True(JsonNode.DeepEquals(
                JsonNode.Parse("""{ "inputs": [ { "name": "pixels", "datatype": "FP32", "shape": [1, 2], "data": [0, 0] }, { "name": "text", "datatype": "BYTES", "shape": [1], "data": [""] } ] }"""),
                JsonNode.Parse(inferences[0].Body)));
        }
    }

    [Theory]
    [InlineData("digits/golden.jsonl", """
        {"id": 7, "label": 1, "pixels": [0.5, 3], "text": "one"}
        {"id": 8, "label": 2, "pixels": [1, -2], "text": "two"}
        """)]
    [InlineData("digits/golden.jsonl", """

        {"text": "one", "pixels": [0.5, 3], "more": {}}
        {"text": "two", "pixels": [1, -2], "more": null}
        """)]
    public async Task WarmUp_withRows_sendsThemInTurn(string path, string content)
    {
        await using var store = await SampleStore.StartAsync();
        await using var server = await StartAsync(200);
        await using var adapter = new Adapter(store, server.Address);

        var warm = Assert.IsType<WarmUpModel.Warm>(await adapter.WarmUp.WarmUpAsync(
            SampleStore.Version("v1.1.0-mlp"), [server.Address], await adapter.PlanAsync(3, content, path), Cancellation));

        Assert.Equal((3, "rows of " + path), (warm.Requests, warm.What));
        string[] bodies = [.. server.Calls.Where(c => c.Call == "POST " + Version + "/infer").Select(c => c.Body)];
        Assert.Equal([Body("[0.5,3]", "one"), Body("[1,-2]", "two"), Body("[0.5,3]", "one")], bodies);

        static string Body(string pixels, string text) =>
            $$"""{"inputs":[{"name":"pixels","datatype":"FP32","shape":[1,2],"data":{{pixels}}},{"name":"text","datatype":"BYTES","shape":[1],"data":["{{text}}"]}]}""";
    }

    [Theory]
    [InlineData("""{"pixels": [1, 2, 3], "text": ""}""", "the input pixels FP32[-1,2] takes 2 values a row, the data set has 3")]
    [InlineData("""{"pixels": [1, 2]}""", "no column is called like the input 'text'")]
    [InlineData("""{"pixels": ["a", 2], "text": ""}""", "holds texts")]
    [InlineData("nonsense", "line 1 is no JSON")]
    [InlineData("", "there are no rows")]
    public async Task WarmUp_rowsThatDoNotFit_zerosAreSentAndTheReasonIsSaid(string content, string reason)
    {
        await using var store = await SampleStore.StartAsync();
        await using var server = await StartAsync(200);
        await using var adapter = new Adapter(store, server.Address);

        var warm = Assert.IsType<WarmUpModel.Warm>(await adapter.WarmUp.WarmUpAsync(
            SampleStore.Version("v1.1.0-mlp"), [server.Address], await adapter.PlanAsync(1, content), Cancellation));

        Assert.StartsWith("zeros, as the rows of digits/golden.jsonl cannot be used: ", warm.What, StringComparison.Ordinal);
        Assert.Contains(reason, warm.What, StringComparison.Ordinal);
        Assert.Contains("[0,0]", server.Calls.Last().Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WarmUp_rowsWithOtherBytesThanThePolicyNames_areNotSent()
    {
        await using var store = await SampleStore.StartAsync();
        await using var server = await StartAsync(200);
        await using var adapter = new Adapter(store, server.Address);
        var plan = await adapter.PlanAsync(1, """{"pixels": [1, 2], "text": ""}""");

        var warm = Assert.IsType<WarmUpModel.Warm>(await adapter.WarmUp.WarmUpAsync(
            SampleStore.Version("v1.1.0-mlp"), [server.Address], plan with { Rows = plan.Rows with { Sha256 = Sha256Digest.Of("others") } }, Cancellation));

        Assert.EndsWith("their bytes are not those that the policy names", warm.What, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WarmUp_rowsThatTheVersionRefuses_zerosAreTried()
    {
        await using var store = await SampleStore.StartAsync();
        var inferences = 0;
        await using var server = await ScriptedServer.StartAsync((context, call) =>
        {
            var isMetadata = call == "GET " + Version;
            context.Response.StatusCode = isMetadata || Interlocked.Increment(ref inferences) > 1 ? 200 : 400;
            return context.Response.WriteAsync(isMetadata ? Metadata : "{}", context.RequestAborted);
        });
        await using var adapter = new Adapter(store, server.Address);

        var warm = Assert.IsType<WarmUpModel.Warm>(await adapter.WarmUp.WarmUpAsync(
            SampleStore.Version("v1.1.0-mlp"), [server.Address], await adapter.PlanAsync(2, """{"pixels": [1, 2], "text": ""}"""), Cancellation));

        Assert.Equal((2, "zeros, as the rows of digits/golden.jsonl cannot be used: the version does not take them"), (warm.Requests, warm.What));
        Assert.Contains("[1,2]", server.Calls.First(c => c.Call.StartsWith("POST", StringComparison.Ordinal)).Body, StringComparison.Ordinal);
        Assert.Contains("[0,0]", server.Calls.Last().Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WarmUp_aSlowVersion_isEndedAfterTwoMinutes()
    {
        var time = new FakeTimeProvider();
        await using var store = await SampleStore.StartAsync();
        await using var server = await ScriptedServer.StartAsync((context, call) =>
        {
            time.Advance(call == "GET " + Version ? TimeSpan.Zero : TimeSpan.FromSeconds(50));
            return context.Response.WriteAsync(call == "GET " + Version ? Metadata : "{}", context.RequestAborted);
        });
        await using var adapter = new Adapter(store, time, server.Address);

        var warm = Assert.IsType<WarmUpModel.Warm>(await adapter.WarmUp.WarmUpAsync(SampleStore.Version("v1.1.0-mlp"), [server.Address], await adapter.PlanAsync(10), Cancellation));

        Assert.Equal((3, TimeSpan.FromSeconds(50)), (warm.Requests, warm.Last));
    }

    [Theory]
    [InlineData("""
        {"id": "p0", "prompt": "It was a very fine morning, and"}
        {"id": "t1", "text": "She could not help"}
        {"id": "q1", "context": "He said", "options": ["a", "b"], "label": 0}
        """, "rows of austen/golden.jsonl", "It was a very fine morning, and|She could not help|He said")]
    [InlineData("""{"id": "p0"}""", "a made-up prompt, as the rows of austen/golden.jsonl cannot be used: no row has a prompt, a text or a context", "Once|Once|Once")]
    [InlineData("[", "a made-up prompt, as the rows of austen/golden.jsonl cannot be used: they are no JSON Lines", "Once|Once|Once")]
    public async Task WarmUp_aLanguageModel_goesOnWithTheRows(string content, string what, string prompts)
    {
        await using var store = await SampleStore.StartAsync();
        await using var server = await StartAsync(200);
        await using var adapter = new Adapter(store, server.Address);
        var plan = (await adapter.PlanAsync(3, content, "austen/golden.jsonl")) with { ServedModel = "austen/v1.0.0" };

        var warm = Assert.IsType<WarmUpModel.Warm>(await adapter.WarmUp.WarmUpAsync(SampleStore.Version("v1.1.0-mlp"), [server.Address], plan, Cancellation));

        Assert.StartsWith(what, warm.What, StringComparison.Ordinal);
        Assert.All(server.Calls, c => Assert.Equal("POST /v1/completions", c.Call));
        Assert.Equal(
            prompts.Split('|').Select(p => $$"""{"model":"austen/v1.0.0","prompt":"{{p}}","max_tokens":16}"""),
            server.Calls.Select(c => c.Body));
    }

    [Fact]
    public async Task WarmUp_aReplicaFailsARequest_saysWhichOneAndWhy()
    {
        await using var store = await SampleStore.StartAsync();
        await using var good = await StartAsync(200);
        await using var bad = await StartAsync(500, """{ "error": "out of device memory" }""");
        await using var adapter = new Adapter(store, good.Address, bad.Address);

        var failed = Assert.IsType<WarmUpModel.Failed>(await adapter.WarmUp.WarmUpAsync(SampleStore.Version("v1.1.0-mlp"), [good.Address, bad.Address], await adapter.PlanAsync(3), Cancellation));

        Assert.Equal($"request 1 of 3 failed at {bad.Address}: out of device memory", failed.Reason);
    }

    [Fact]
    public async Task WarmUp_aVersionThatDoesNotTakeZeros_isNotHeldAgainstIt()
    {
        await using var store = await SampleStore.StartAsync();
        await using var server = await StartAsync(400, """{ "error": "sizes do not go together" }""");
        await using var adapter = new Adapter(store, server.Address);

        var not = Assert.IsType<WarmUpModel.NotPossible>(await adapter.WarmUp.WarmUpAsync(SampleStore.Version("v1.1.0-mlp"), [server.Address], await adapter.PlanAsync(3), Cancellation));

        Assert.Contains("sizes do not go together", not.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WarmUp_aServerThatIsAway_isBrokenInfrastructure()
    {
        await using var store = await SampleStore.StartAsync();
        await using var server = await StartAsync(503);
        await using var adapter = new Adapter(store, server.Address);

        var error = await Assert.ThrowsAsync<ModelServerException>(async () => await adapter.WarmUp.WarmUpAsync(SampleStore.Version("v1.1.0-mlp"), [server.Address], await adapter.PlanAsync(3), Cancellation));

        Assert.True(error.Transient);
    }

    [Fact]
    public void Request_withoutInputsOrTooLarge_cannotBeMadeUp()
    {
        Assert.Null(WarmUpRequest.OfZeros([], out var none));
        Assert.Null(WarmUpRequest.OfZeros([new TensorSignature("image", "FP32", [long.MaxValue, long.MaxValue, 4])], out var large));
        Assert.NotNull(WarmUpRequest.OfZeros([new TensorSignature("scalar", "BOOL", [])], out _));
        Assert.Equal(("the server names no inputs", true), (none, large.Contains("more than 1000000 values", StringComparison.Ordinal)));
    }

    private static Task<ScriptedServer> StartAsync(int status, string answer = "{}") => ScriptedServer.StartAsync((context, call) =>
    {
        context.Response.StatusCode = call == "GET " + Version ? 200 : status;
        return context.Response.WriteAsync(call == "GET " + Version ? Metadata : answer, context.RequestAborted);
    });
}
