using System.Collections.Concurrent;
using System.Net;
using System.Text;
using ModelFlow.Serving.Tensors;
using ModelFlow.Serving.Tests.Support;

namespace ModelFlow.Serving.Tests.Http;

public sealed class ConcurrencyTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Infer_whileOtherVersionsComeAndGo_neverFailsAndAnswersRight()
    {
        await using var server = await RunningServer.StartAsync();
        await server.LoadDigitsAsync("v1.1.0-mlp", "v1.2.0-large");
        var expected = new[] { "v1.1.0-mlp", "v1.2.0-large" }.ToDictionary(v => v, v => Digits.Direct(v, 8).Labels, StringComparer.Ordinal);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var answered = 0;
        var callers = Enumerable.Range(0, 6).Select(i => Task.Run(
            async () =>
            {
                var version = i % 2 == 0 ? "v1.1.0-mlp" : "v1.2.0-large";
                while (!stop.IsCancellationRequested)
                {
                    var answer = await server.InferAsync("digits", version, Digits.Request(version, 8));
                    Assert.True(answer.Status == HttpStatusCode.OK, answer.Error);
                    Assert.Equal(expected[version], answer.Data<long>("label"));
                    Interlocked.Increment(ref answered);
                }
            },
            Cancellation)).ToArray();

        for (var i = 0; i < 6; i++)
        {
            string[] others = ["v1.0.0-base", "v1.3.0-broken-labels", "v2.0.0-schema"];
            await Task.WhenAll(others.Select(v => server.LoadDigitsAsync(v)));
            await Task.WhenAll(others.Select(v => server.UnloadAsync("digits", v)));
        }

        await stop.CancelAsync();
        await Task.WhenAll(callers);
        Assert.True(answered > 10, $"{answered} answers");
    }

    [Fact]
    public async Task Unload_underFire_everyRequestIsAnsweredOrToldThatTheVersionIsGone()
    {
        await using var server = await RunningServer.StartAsync();
        var statuses = new ConcurrentDictionary<HttpStatusCode, int>();
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var callers = Enumerable.Range(0, 8).Select(_ => Task.Run(
            async () =>
            {
                while (!stop.IsCancellationRequested)
                {
                    var answer = await server.InferAsync("digits", "v1.2.0-large", Digits.Request("v1.2.0-large", 16));
                    statuses.AddOrUpdate(answer.Status, 1, (_, n) => n + 1);
                }
            },
            Cancellation)).ToArray();
        for (var i = 0; i < 8; i++)
        {
            await server.LoadDigitsAsync("v1.2.0-large");
            Assert.Equal(HttpStatusCode.OK, (await server.UnloadAsync("digits", "v1.2.0-large")).Status);
        }

        await stop.CancelAsync();
        await Task.WhenAll(callers);
        Assert.Equal([HttpStatusCode.OK, HttpStatusCode.NotFound], statuses.Keys.Order());
    }

    [Fact]
    public async Task Unload_waitsForTheRequestInFlight()
    {
        await using var server = await RunningServer.StartAsync();
        await server.LoadDigitsAsync("v1.1.0-mlp");
        var loaded = server.Loaded("digits", "v1.1.0-mlp");
        Assert.True(loaded.TryEnter());

        var unloading = server.UnloadAsync("digits", "v1.1.0-mlp");
        while ((await server.InferAsync("digits", "v1.1.0-mlp", Digits.Request("v1.1.0-mlp", 1))).Status == HttpStatusCode.OK)
        {
            await Task.Delay(2, Cancellation);
        }

        // New requests are turned away, the one inside can still compute, and only its end ends the unload.
        Assert.False(loaded.TryEnter());
        using (var request = InferenceRequestReader.Read(Encoding.UTF8.GetBytes(Digits.Request("v1.1.0-mlp", 1)), loaded.Onnx!.Inputs, loaded.Onnx.Outputs))
        using (var results = loaded.Onnx.Run(request, Cancellation))
        {
            Assert.Equal(Digits.Direct("v1.1.0-mlp", 1).Labels, results[0].GetTensorDataAsSpan<long>().ToArray());
        }

        Assert.False(unloading.IsCompleted);
        loaded.Exit();
        Assert.Equal(HttpStatusCode.OK, (await unloading).Status);
    }

    [Fact]
    public async Task Unload_afterItsPatience_endsTheRunsInFlight()
    {
        await using var server = await RunningServer.StartAsync("--Serving:DrainTimeout=00:00:00", "--Serving:Concurrency=1");
        await server.LoadAsync("slow", "v1.0.0", ("model.onnx", TinyOnnx.Slow(500)));
        var running = server.InferAsync("slow", "v1.0.0", Slow(600));
        var waiting = server.InferAsync("slow", "v1.0.0", Slow(600));
        await UntilAdmittedAsync(server, 2);

        Assert.Equal(HttpStatusCode.OK, (await server.UnloadAsync("slow", "v1.0.0")).Status);

        foreach (var answer in await Task.WhenAll(running, waiting))
        {
            Assert.Equal((HttpStatusCode.ServiceUnavailable, "unloaded", true), (answer.Status, answer.Reason, answer.RetryAfter));
        }
    }

    [Fact]
    public async Task Infer_moreThanMayWait_is503WithRetryAfter_andOtherVersionsGoOn()
    {
        await using var server = await RunningServer.StartAsync("--Serving:Concurrency=1", "--Serving:QueueLength=1");
        await server.LoadAsync("slow", "v1.0.0", ("model.onnx", TinyOnnx.Slow(500)));
        await server.LoadDigitsAsync("v1.1.0-mlp");
        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        var running = server.InferAsync("slow", "v1.0.0", Slow(600), giveUp.Token);
        var waiting = server.InferAsync("slow", "v1.0.0", Slow(600), giveUp.Token);
        await UntilAdmittedAsync(server, 2);

        var third = await server.InferAsync("slow", "v1.0.0", Slow(10));
        var other = await server.InferAsync("digits", "v1.1.0-mlp", Digits.Request("v1.1.0-mlp", 1));

        Assert.Equal((HttpStatusCode.ServiceUnavailable, "busy", true), (third.Status, third.Reason, third.RetryAfter));
        Assert.Equal(HttpStatusCode.OK, other.Status);

        // Callers that hang up give their places back at once, the computing one too.
        await giveUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        await UntilAdmittedAsync(server, 0);
        Assert.Equal(HttpStatusCode.OK, (await server.InferAsync("slow", "v1.0.0", Slow(10))).Status);
    }

    private static string Slow(int size) => $$"""{"inputs":[{"name":"shape","shape":[2],"datatype":"INT64","data":[{{size}},{{size}}]}]}""";

    private static async Task UntilAdmittedAsync(RunningServer server, int requests)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        limit.CancelAfter(TimeSpan.FromSeconds(30));
        while (server.Loaded("slow", "v1.0.0").Turns.Admitted != requests)
        {
            await Task.Delay(2, limit.Token);
        }
    }
}
