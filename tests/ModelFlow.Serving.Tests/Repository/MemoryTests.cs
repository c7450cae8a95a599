using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using ModelFlow.Serving.Tests.Support;

namespace ModelFlow.Serving.Tests.Repository;

public sealed class MemoryTests(ITestOutputHelper output) : IDisposable
{
    private const long MiB = 1 << 20;

    private readonly string _directory = RunningServer.NewDirectory();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    [Trait("Speed", "Slow")]
    public async Task Unload_largeModel_givesItsMemoryBackToTheSystem()
    {
        await using var store = await FileServer.StartAsync(Cancellation);
        await using var server = await ServerProcess.StartAsync(_directory);
        var model = store.Files["m"] = TinyOnnx.AddLarge(32 << 20);
        var load = new JsonObject { ["files"] = new JsonArray(RunningServer.File("model.onnx", model, store.Grant("m"))) };
        await server.WaitUntilReadyAsync();
        var empty = server.ResidentBytes();

        for (var i = 0; i < 4; i++)
        {
            using var loaded = await server.Client.PostAsJsonAsync("/v2/repository/models/big/versions/v1.0.0/load", load, Cancellation);
            Assert.Equal(HttpStatusCode.OK, loaded.StatusCode);
            var said = (long)(await loaded.Content.ReadFromJsonAsync<JsonNode>(Cancellation))!["memory_bytes"]!;
            using var answer = await server.Client.PostAsync("/v2/models/big/versions/v1.0.0/infer", new StringContent("""{"inputs":[{"name":"x","shape":[1],"datatype":"FP32","data":[1]}]}"""), Cancellation);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            var full = server.ResidentBytes();
            using var unloaded = await server.Client.PostAsync("/v2/repository/models/big/versions/v1.0.0/unload", null, Cancellation);
            var after = server.ResidentBytes();
            output.WriteLine($"file {model.Length / MiB} MiB; empty {empty / MiB}, loaded {full / MiB}, the server says {said / MiB}, unloaded {after / MiB} MiB");

            Assert.True(full - empty > 100 * MiB, "The model's 128 MiB are in memory.");
            Assert.True(said > 100 * MiB, "The load call says how much memory the model took.");
            Assert.True(after - empty < 64 * MiB, $"{(after - empty) / MiB} MiB of {model.Length / MiB} stayed after the unload.");
        }
    }
}
