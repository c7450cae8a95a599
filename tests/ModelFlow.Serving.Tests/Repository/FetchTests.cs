using System.Net;
using System.Text.Json.Nodes;
using ModelFlow.Serving.Tests.Support;

namespace ModelFlow.Serving.Tests.Repository;

public sealed class FetchTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Load_oneVersionByManyAtOnce_downloadsOnce()
    {
        await using var server = await RunningServer.StartAsync();
        await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => server.LoadDigitsAsync("v1.2.0-large")));

        Assert.Single(server.Files.Ranges);
    }

    [Fact]
    public async Task Load_sameFilesUnderTwoNamesAtOnce_downloadsOnceAndServesBoth()
    {
        await using var server = await RunningServer.StartAsync();
        var model = Digits.Model("v1.2.0-large");

        var answers = await Task.WhenAll(server.LoadAsync("digits", "v1.0.0", ("m.onnx", model)), server.LoadAsync("other", "v2.0.0", ("m.onnx", model)));

        Assert.All(answers, a => Assert.True(a.Status == HttpStatusCode.OK, a.Error));
        Assert.Single(server.Files.Ranges);
        await server.UnloadAsync("digits", "v1.0.0");
        Assert.Equal(Digits.Direct("v1.2.0-large", 3).Labels, (await server.InferAsync("other", "v2.0.0", Digits.Request("v1.2.0-large", 3))).Data<long>("label"));
    }

    [Fact]
    public async Task Load_callerThatHangsUp_leavesNothingTaken()
    {
        await using var server = await RunningServer.StartAsync("--Serving:MaxVersions=1");
        var arrived = server.HasPartial(100);
        server.Files.Next.Enqueue(async (context, content) =>
        {
            await context.Response.Body.WriteAsync(content.AsMemory(0, 100));
            await context.Response.Body.FlushAsync();
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        });
        using var hangUp = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var loading = server.LoadAsync("digits", "v1.1.0-mlp", hangUp.Token, ("model.onnx", Digits.Model("v1.1.0-mlp")));
        while (!arrived())
        {
            await Task.Delay(2, Cancellation);
        }

        await hangUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => loading);

        // Waits for the cancelled load to leave, then goes on where it stopped.
        await server.LoadDigitsAsync("v1.1.0-mlp");
        Assert.Equal(["", "bytes=100-"], server.Files.Ranges);
    }

    [Fact]
    public async Task Load_diskThatCannotBeWritten_is507AndWorksOnceItCan()
    {
        await using var server = await RunningServer.StartAsync();

        // A folder where the list of loaded versions is written before it takes its place.
        var obstacle = Directory.CreateDirectory(Path.Combine(server.DataDirectory, "loaded.json.new"));
        var answer = await server.LoadAsync("digits", "v1.1.0-mlp", ("model.onnx", Digits.Model("v1.1.0-mlp")));
        Assert.Equal((HttpStatusCode.InsufficientStorage, "space"), (answer.Status, answer.Reason));
        obstacle.Delete();
        await server.LoadDigitsAsync("v1.1.0-mlp");
    }

    [Fact]
    public async Task Load_weightsInAnotherFile_areFoundBesideTheModel()
    {
        await using var server = await RunningServer.StartAsync();
        byte[] weights = [.. new float[] { 1, 2, 3, 4 }.SelectMany(BitConverter.GetBytes)];

        var loaded = await server.LoadAsync("sum", "v1.0.0", ("net/model.onnx", TinyOnnx.AddExternal("data/w.bin")), ("net/data/w.bin", weights));
        var answer = await server.InferAsync("sum", "v1.0.0", """{"inputs":[{"name":"x","shape":[4],"datatype":"FP32","data":[10,10,10,10]}]}""");

        Assert.True(loaded.Status == HttpStatusCode.OK, loaded.Error);
        Assert.Equal([11f, 12f, 13f, 14f], answer.Data<float>("y"));
    }

    [Fact]
    public async Task Load_otherBytesThanTheDigestNames_areRefused()
    {
        await using var server = await RunningServer.StartAsync();
        var model = Digits.Model("v1.1.0-mlp");
        byte[] flipped = [.. model];
        flipped[^1] ^= 1;
        foreach (var served in new[] { flipped, model[..^1], [.. model, 0], [] })
        {
            server.Files.Files["m"] = served;
            var body = new JsonObject { ["files"] = new JsonArray(RunningServer.File("model.onnx", model, server.Files.Grant("m"))) };
            var answer = await server.SendAsync(server.Control, HttpMethod.Post, "/v2/repository/models/digits/versions/v1.1.0-mlp/load", body.ToJsonString());
            Assert.True((HttpStatusCode.UnprocessableEntity, "digest") == (answer.Status, answer.Reason), answer.Error);
        }

        await server.LoadDigitsAsync("v1.1.0-mlp");
    }

    [Fact]
    public async Task Load_downloadThatBreaksOff_goesOnWhereItStopped()
    {
        await using var server = await RunningServer.StartAsync();
        server.Files.Next.Enqueue(FileServer.CutAfter(500_000, server.HasPartial(500_000)));
        server.Files.Next.Enqueue(FileServer.Status(503));

        await server.LoadDigitsAsync("v1.2.0-large");

        Assert.Equal(["", "bytes=500000-", "bytes=500000-"], server.Files.Ranges);
        Assert.Equal(Digits.Direct("v1.2.0-large", 3).Labels, (await server.InferAsync("digits", "v1.2.0-large", Digits.Request("v1.2.0-large", 3))).Data<long>("label"));
    }

    [Fact]
    public async Task Load_storeThatIgnoresRanges_beginsAgain()
    {
        await using var server = await RunningServer.StartAsync();
        server.Files.Next.Enqueue(FileServer.CutAfter(500_000, server.HasPartial(500_000)));
        server.Files.Next.Enqueue(async (context, content) => await context.Response.Body.WriteAsync(content));

        await server.LoadDigitsAsync("v1.2.0-large");

        Assert.Equal(["", "bytes=500000-"], server.Files.Ranges);
    }

    [Fact]
    public async Task Load_storeThatDoesNotAnswer_is502WithoutTheGrant()
    {
        await using var server = await RunningServer.StartAsync("--Serving:DownloadAttempts=2");
        Func<Microsoft.AspNetCore.Http.HttpContext, byte[], Task>[][] faults =
        [
            [FileServer.Status(403)],
            [FileServer.Status(302)],
            [FileServer.Status(500), FileServer.Status(429)],
            [FileServer.CutAfter(0), FileServer.CutAfter(10)],
        ];
        foreach (var fault in faults)
        {
            Array.ForEach(fault, server.Files.Next.Enqueue);
            var answer = await server.LoadAsync("digits", "v1.1.0-mlp", ("model.onnx", Digits.Model("v1.1.0-mlp")));
            Assert.Empty(server.Files.Next);
            Assert.True((HttpStatusCode.BadGateway, "download") == (answer.Status, answer.Reason), answer.Error);
            Assert.DoesNotContain("do-not-log", answer.Body.ToJsonString(), StringComparison.Ordinal);
        }

        await server.LoadDigitsAsync("v1.1.0-mlp");
    }

    [Fact]
    public async Task Load_storeThatStalls_isTriedAgain()
    {
        await using var server = await RunningServer.StartAsync("--Serving:DownloadStallTimeout=00:00:01");
        server.Files.Next.Enqueue(async (context, content) =>
        {
            await context.Response.Body.WriteAsync(content.AsMemory(0, 100));
            await context.Response.Body.FlushAsync();
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        });

        await server.LoadDigitsAsync("v1.1.0-mlp");

        Assert.Equal(["", "bytes=100-"], server.Files.Ranges);
    }

    [Fact]
    public async Task Load_moreThanTheDiskBound_leavesOutTheLongestUnusedAndKeepsLoadedOnes()
    {
        await using var server = await RunningServer.StartAsync("--Serving:CacheBytes=1300000");
        byte[] a = TinyOnnx.AddLarge(100_000), b = TinyOnnx.AddLarge(100_001), c = TinyOnnx.AddLarge(100_002), d = TinyOnnx.AddLarge(100_003);
        Assert.Equal(HttpStatusCode.OK, (await server.LoadAsync("big", "v1.0.0", ("m.onnx", a))).Status);
        Assert.Equal(HttpStatusCode.OK, (await server.LoadAsync("big", "v1.1.0", ("m.onnx", b))).Status);
        Assert.Equal(HttpStatusCode.OK, (await server.LoadAsync("big", "v1.2.0", ("m.onnx", c))).Status);

        var full = await server.LoadAsync("big", "v1.3.0", ("m.onnx", d));
        Assert.Equal((HttpStatusCode.InsufficientStorage, "space"), (full.Status, full.Reason));
        var tooLarge = await server.LoadAsync("big", "v1.4.0", ("m.onnx", TinyOnnx.AddLarge(400_000)));
        Assert.Equal("space", tooLarge.Reason);

        await server.UnloadAsync("big", "v1.1.0");
        await server.UnloadAsync("big", "v1.0.0");
        Assert.Equal(HttpStatusCode.OK, (await server.LoadAsync("big", "v1.3.0", ("m.onnx", d))).Status);

        // v1.1.0 was unused for longer and had to go; v1.0.0 is still on disk and needs no download.
        var downloads = server.Files.Ranges.Count;
        await server.UnloadAsync("big", "v1.2.0");
        Assert.Equal(HttpStatusCode.OK, (await server.LoadAsync("big", "v1.0.0", ("m.onnx", a))).Status);
        Assert.Equal(downloads, server.Files.Ranges.Count);
        Assert.Equal(HttpStatusCode.OK, (await server.LoadAsync("big", "v1.1.0", ("m.onnx", b))).Status);
        Assert.Equal(downloads + 1, server.Files.Ranges.Count);
    }
}
