using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using ModelFlow.Core.Inspection;
using ModelFlow.Core.Ports;

namespace ModelFlow.ModelServers.Tests;

public sealed class WarmUpTests
{
    private const string Path = "/v2/models/digits/versions/v1.1.0-mlp";
    private const string Metadata = """{ "name": "digits", "inputs": [ { "name": "pixels", "datatype": "FP32", "shape": [-1, 2] }, { "name": "text", "datatype": "BYTES", "shape": [-1] } ] }""";

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task WarmUp_onARealServer_isAnsweredByEveryReplica()
    {
        await using var store = await SampleStore.StartAsync();
        await using var first = await RealServer.StartAsync();
        await using var second = await RealServer.StartAsync();
        await using var adapter = new Adapter(store, first.Address, second.Address);
        var version = SampleStore.Version("v1.1.0-mlp");
        var ready = Assert.IsType<LoadModel.Ready>(await adapter.Server.LoadAsync(version, Cancellation));

        var warm = Assert.IsType<WarmUpModel.Warm>(await adapter.WarmUp.WarmUpAsync(version, ready.Endpoints, 5, Cancellation));

        Assert.True(warm.First > TimeSpan.Zero && warm.Last > TimeSpan.Zero);
    }

    [Fact]
    public async Task WarmUp_sendsEachReplicaAsManyRequestsAsAsked_inItsOwnShapes()
    {
        await using var store = await SampleStore.StartAsync();
        await using var first = await StartAsync(200);
        await using var second = await StartAsync(200);
        await using var adapter = new Adapter(store, first.Address, second.Address);

        Assert.IsType<WarmUpModel.Warm>(await adapter.WarmUp.WarmUpAsync(SampleStore.Version("v1.1.0-mlp"), [first.Address, second.Address], 7, Cancellation));

        foreach (var server in new[] { first, second })
        {
            var inferences = server.Calls.Where(c => c.Call == "POST " + Path + "/infer").ToList();
            Assert.Equal(7, inferences.Count);
            Assert.True(JsonNode.DeepEquals(
                JsonNode.Parse("""{ "inputs": [ { "name": "pixels", "datatype": "FP32", "shape": [1, 2], "data": [0, 0] }, { "name": "text", "datatype": "BYTES", "shape": [1], "data": [""] } ] }"""),
                JsonNode.Parse(inferences[0].Body)));
        }
    }

    [Fact]
    public async Task WarmUp_aReplicaFailsARequest_saysWhichOneAndWhy()
    {
        await using var store = await SampleStore.StartAsync();
        await using var good = await StartAsync(200);
        await using var bad = await StartAsync(500, """{ "error": "out of device memory" }""");
        await using var adapter = new Adapter(store, good.Address, bad.Address);

        var failed = Assert.IsType<WarmUpModel.Failed>(await adapter.WarmUp.WarmUpAsync(SampleStore.Version("v1.1.0-mlp"), [good.Address, bad.Address], 3, Cancellation));

        Assert.Equal($"request 1 of 3 failed at {bad.Address}: out of device memory", failed.Reason);
    }

    [Fact]
    public async Task WarmUp_aVersionThatDoesNotTakeZeros_isNotHeldAgainstIt()
    {
        await using var store = await SampleStore.StartAsync();
        await using var server = await StartAsync(400, """{ "error": "sizes do not go together" }""");
        await using var adapter = new Adapter(store, server.Address);

        var not = Assert.IsType<WarmUpModel.NotPossible>(await adapter.WarmUp.WarmUpAsync(SampleStore.Version("v1.1.0-mlp"), [server.Address], 3, Cancellation));

        Assert.Contains("sizes do not go together", not.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task WarmUp_aServerThatIsAway_isBrokenInfrastructure()
    {
        await using var store = await SampleStore.StartAsync();
        await using var server = await StartAsync(503);
        await using var adapter = new Adapter(store, server.Address);

        var error = await Assert.ThrowsAsync<ModelServerException>(() => adapter.WarmUp.WarmUpAsync(SampleStore.Version("v1.1.0-mlp"), [server.Address], 3, Cancellation));

        Assert.True(error.Transient);
    }

    [Fact]
    public void Request_withoutInputsOrTooLarge_cannotBeMadeUp()
    {
        Assert.Null(WarmUpRequest.Of([], out var none));
        Assert.Null(WarmUpRequest.Of([new TensorSignature("image", "FP32", [long.MaxValue, long.MaxValue, 4])], out var large));
        Assert.NotNull(WarmUpRequest.Of([new TensorSignature("scalar", "BOOL", [])], out _));
        Assert.Equal(("the server names no inputs", true), (none, large.Contains("more than 1000000 values", StringComparison.Ordinal)));
    }

    private static Task<ScriptedServer> StartAsync(int status, string answer = "{}") => ScriptedServer.StartAsync((context, call) =>
    {
        context.Response.StatusCode = call == "GET " + Path ? 200 : status;
        return context.Response.WriteAsync(call == "GET " + Path ? Metadata : answer, context.RequestAborted);
    });
}
