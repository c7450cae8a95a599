using System.Collections.Concurrent;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;

namespace ModelFlow.ModelServers.Tests;

public sealed class OpenInferenceModelServerTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Load_onTwoReplicas_isReadyOnBothAndListed()
    {
        await using var store = await SampleStore.StartAsync();
        await using var first = await RealServer.StartAsync();
        await using var second = await RealServer.StartAsync();
        await using var adapter = new Adapter(store, first.Address, second.Address);
        var version = SampleStore.Version("v1.1.0-mlp");

        var ready = Assert.IsType<LoadModel.Ready>(await adapter.Server.LoadAsync(version, Cancellation));

        Assert.Equal([first.Address, second.Address], ready.Endpoints);
        Assert.True(ready.Took > TimeSpan.Zero);
        Assert.Equal(2, store.Reads);
        using var http = new HttpClient();
        foreach (var endpoint in ready.Endpoints)
        {
            var answer = await http.PostAsJsonAsync(
                new Uri(endpoint, "v2/models/digits/versions/v1.1.0-mlp/infer"),
                new { inputs = new[] { new { name = "pixels", datatype = "FP32", shape = new[] { 1, 64 }, data = new float[64] } } },
                Cancellation);
            Assert.True(answer.IsSuccessStatusCode);
        }

        Assert.Equal(
            [new ServedVersion(SampleStore.Model, version.Version, first.Address), new ServedVersion(SampleStore.Model, version.Version, second.Address)],
            await adapter.Server.ListAsync(Cancellation));
    }

    [Fact]
    public async Task Load_underASecondName_bothAnswerAndEachIsUnloadedAlone()
    {
        await using var store = await SampleStore.StartAsync();
        await using var server = await RealServer.StartAsync();
        await using var adapter = new Adapter(store, server.Address);
        var version = SampleStore.Version("v1.1.0-mlp");
        var instance = VersionName.Parse("v1.1.0-baseline.kqmvjrhg");
        Assert.IsType<LoadModel.Ready>(await adapter.Server.LoadAsync(version, Cancellation));

        var ready = Assert.IsType<LoadModel.Ready>(await adapter.Server.LoadAsync(version, instance, Cancellation));

        Assert.Equal([instance, version.Version], (await adapter.Server.ListAsync(Cancellation)).Select(s => s.Version).OrderBy(v => v.Value, StringComparer.Ordinal));
        Assert.IsType<WarmUpModel.Warm>(await adapter.WarmUp.WarmUpAsync(version, ready.Endpoints, (await adapter.PlanAsync(2)) with { Instance = instance }, Cancellation));
        await adapter.Server.UnloadAsync(version.Model, instance, Cancellation);
        Assert.Equal([version.Version], (await adapter.Server.ListAsync(Cancellation)).Select(s => s.Version));
        Assert.IsType<WarmUpModel.Warm>(await adapter.WarmUp.WarmUpAsync(version, ready.Endpoints, await adapter.PlanAsync(2), Cancellation));
    }

    [Fact]
    public async Task Load_again_readsNothing_andUnloadTwiceIsNoError()
    {
        await using var store = await SampleStore.StartAsync();
        await using var server = await RealServer.StartAsync();
        await using var adapter = new Adapter(store, server.Address);
        var version = SampleStore.Version("v1.1.0-mlp");

        await adapter.Server.LoadAsync(version, Cancellation);
        Assert.IsType<LoadModel.Ready>(await adapter.Server.LoadAsync(version, Cancellation));
        Assert.Equal(1, store.Reads);

        await adapter.Server.UnloadAsync(version.Model, version.Version, Cancellation);
        await adapter.Server.UnloadAsync(version.Model, version.Version, Cancellation);
        Assert.Empty(await adapter.Server.ListAsync(Cancellation));
    }

    [Fact]
    public async Task Load_bytesThatAreNoModel_isRefusedWithTheReasonAtTheFirstTry()
    {
        await using var store = await SampleStore.StartAsync();
        await using var server = await RealServer.StartAsync();
        await using var adapter = new Adapter(store, server.Address);

        var refused = Assert.IsType<LoadModel.Refused>(await adapter.Server.LoadAsync(SampleStore.Version("v1.6.0-truncated"), Cancellation));

        Assert.Contains("Protobuf parsing failed", refused.Reason, StringComparison.Ordinal);
        Assert.Equal(1, store.Grants);
    }

    [Fact]
    public async Task Load_nameThatHasOtherBytesLoaded_replacesThem()
    {
        await using var store = await SampleStore.StartAsync();
        await using var server = await RealServer.StartAsync();
        await using var adapter = new Adapter(store, server.Address);
        await adapter.Server.LoadAsync(SampleStore.Version("v1.0.0", bytesOf: "v1.0.0-base"), Cancellation);

        Assert.IsType<LoadModel.Ready>(await adapter.Server.LoadAsync(SampleStore.Version("v1.0.0", bytesOf: "v2.0.0-schema"), Cancellation));

        using var http = new HttpClient();
        var metadata = await http.GetStringAsync(new Uri(server.Address, "v2/models/digits/versions/v1.0.0"), Cancellation);
        Assert.Contains("image", metadata, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Load_failuresInPassing_areTriedAgainWithNewGrants()
    {
        await using var store = await SampleStore.StartAsync();
        var answers = new ConcurrentQueue<int>([502, 503, 200, 200]);
        await using var server = await ScriptedServer.StartAsync((context, _) => Results.Json(new { error = "no" }, statusCode: answers.TryDequeue(out var status) ? status : 500).ExecuteAsync(context));
        await using var adapter = new Adapter(store, server.Address);

        Assert.IsType<LoadModel.Ready>(await adapter.Server.LoadAsync(SampleStore.Version("v1.1.0-mlp"), Cancellation));

        Assert.Equal(3, store.Grants);
        Assert.Equal("GET /v2/models/digits/versions/v1.1.0-mlp/ready", server.Calls.Last().Call);
        using var body = JsonDocument.Parse(server.Calls.First().Body);
        var file = body.RootElement.GetProperty("files")[0];
        Assert.Equal("v1.1.0-mlp.onnx", file.GetProperty("path").GetString());
        Assert.Equal(19_716, file.GetProperty("size").GetInt64());
        Assert.Equal(64, file.GetProperty("sha256").GetString()!.Length);
        Assert.EndsWith("?sig=secret", file.GetProperty("url").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(503, 3, "no")]
    [InlineData(401, 1, "no")]
    [InlineData(507, 1, "no")]
    public async Task Load_failuresThatGoOn_throwWithTheServersReasonAfterBoundedTries(int status, int tries, string says)
    {
        await using var store = await SampleStore.StartAsync();
        await using var server = await ScriptedServer.StartAsync((context, _) => Results.Json(new { error = "no", reason = "why" }, statusCode: status).ExecuteAsync(context));
        await using var adapter = new Adapter(store, server.Address);

        var thrown = await Assert.ThrowsAsync<ModelServerException>(() => adapter.Server.LoadAsync(SampleStore.Version("v1.1.0-mlp"), Cancellation));

        Assert.Equal((says, "why", status), (thrown.Message, thrown.Reason, (int)thrown.Status!));
        Assert.Equal(tries, server.Calls.Count);
    }

    [Fact]
    public async Task Load_oneReplicaThatRefuses_isRefusedAndTakenBackFromTheOthers()
    {
        await using var store = await SampleStore.StartAsync();
        await using var good = await RealServer.StartAsync();
        await using var old = await ScriptedServer.StartAsync((context, call) => Results.Json(
            new { error = "an operator is unknown", reason = "load" }, statusCode: call.EndsWith("/load", StringComparison.Ordinal) ? 422 : 200).ExecuteAsync(context));
        await using var adapter = new Adapter(store, good.Address, old.Address);

        var refused = Assert.IsType<LoadModel.Refused>(await adapter.Server.LoadAsync(SampleStore.Version("v1.1.0-mlp"), Cancellation));

        Assert.Equal("an operator is unknown", refused.Reason);
        await using var one = new Adapter(store, good.Address);
        Assert.Empty(await one.Server.ListAsync(Cancellation));
    }

    [Fact]
    public async Task List_oneReplicaDown_namesTheOthersVersions_andAllDownThrows()
    {
        await using var store = await SampleStore.StartAsync();
        await using var server = await RealServer.StartAsync();
        var down = new Uri("http://127.0.0.1:1/");
        await using var adapter = new Adapter(store, server.Address);
        await using var half = new Adapter(store, 1, down, server.Address);
        await using var none = new Adapter(store, 1, down);
        await adapter.Server.LoadAsync(SampleStore.Version("v1.1.0-mlp"), Cancellation);

        Assert.Equal(server.Address, Assert.Single(await half.Server.ListAsync(Cancellation)).Endpoint);
        await Assert.ThrowsAsync<ModelServerException>(() => none.Server.ListAsync(Cancellation));
        await Assert.ThrowsAsync<ModelServerException>(() => half.Server.UnloadAsync(SampleStore.Model, VersionName.Parse("v1.1.0-mlp"), Cancellation));
    }

    [Fact]
    public async Task List_foreignNames_areLeftOut()
    {
        await using var store = await SampleStore.StartAsync();
        await using var server = await ScriptedServer.StartAsync((context, _) => Results.Text(
            """[{"name":"resnet","version":"1","state":"READY"},{"name":"digits","version":"v1.0.0","state":"READY"},{"name":"digits","version":"v1.1.0","state":"LOADING"},{"name":"x"}]""").ExecuteAsync(context));
        await using var adapter = new Adapter(store, server.Address);

        Assert.Equal("v1.0.0", Assert.Single(await adapter.Server.ListAsync(Cancellation)).Version.Value);
    }

    [Fact]
    public async Task Load_cancelled_stops()
    {
        await using var store = await SampleStore.StartAsync();
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        await using var server = await ScriptedServer.StartAsync(async (context, _) =>
        {
            await cancel.CancelAsync();
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        });
        await using var adapter = new Adapter(store, server.Address);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => adapter.Server.LoadAsync(SampleStore.Version("v1.1.0-mlp"), cancel.Token));
    }

    [Fact]
    public async Task Options_withoutEndpoints_areRefusedWithARemedy()
    {
        await using var store = await SampleStore.StartAsync();

        var failure = Assert.Throws<OptionsValidationException>(() => new Adapter(store, []));


        Assert.Contains("ModelServers:Endpoints is empty", failure.Message, StringComparison.Ordinal);
    }
}
