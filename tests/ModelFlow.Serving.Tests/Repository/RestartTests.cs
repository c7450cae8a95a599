using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using ModelFlow.Serving.Tests.Support;

namespace ModelFlow.Serving.Tests.Repository;

public sealed class RestartTests : IDisposable
{
    private readonly string _directory = RunningServer.NewDirectory();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string Index => Path.Combine(_directory, "loaded.json");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task Process_killed_loadsAgainWhatWasLoadedAndIsReadyOnlyThen()
    {
        string[] versions = [.. Digits.Working];
        await using (var store = await FileServer.StartAsync(Cancellation))
        await using (var first = await ServerProcess.StartAsync(_directory))
        {
            foreach (var version in versions)
            {
                await LoadAsync(first, store, version);
            }

            Assert.Equal("500\n", await File.ReadAllTextAsync($"/proc/{first.Id}/oom_score_adj", Cancellation));
            var unloaded = await first.Client.PostAsync("/v2/repository/models/digits/versions/v1.0.0-base/unload", null, Cancellation);
            Assert.Equal(HttpStatusCode.OK, unloaded.StatusCode);
            await first.KillAsync();
        }

        // The store is gone: everything comes from disk.
        await using var second = await ServerProcess.StartAsync(_directory);
        await second.WaitUntilReadyAsync();
        foreach (var version in versions)
        {
            using var answer = await second.Client.PostAsync($"/v2/models/digits/versions/{version}/infer", new StringContent(Digits.Request(version, 3)), Cancellation);
            Assert.Equal(version == "v1.0.0-base" ? HttpStatusCode.NotFound : HttpStatusCode.OK, answer.StatusCode);
        }

        var (exitCode, log) = await second.StopAsync();
        Assert.Equal(0, exitCode);
        Assert.Contains("Ready: 6 versions loaded", log, StringComparison.Ordinal);
        Assert.DoesNotContain("do-not-log", log, StringComparison.Ordinal);
        Assert.DoesNotContain(RunningServer.Secret, log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Process_onADirectoryOrPortInUse_endsWithAClearMessage()
    {
        await using var first = await ServerProcess.StartAsync(_directory);
        var (code, errors) = await ServerProcess.RunToEndAsync(_directory);
        Assert.Equal(3, code);
        Assert.Contains("Another model server uses " + _directory, errors, StringComparison.Ordinal);

        var other = RunningServer.NewDirectory();
        (code, errors) = await ServerProcess.RunToEndAsync(other, $"--Serving:Port={first.Client.BaseAddress!.Port}");
        Directory.Delete(other, recursive: true);
        Assert.Equal(3, code);
        Assert.Contains("address already in use", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Process_badOptions_areAllNamed()
    {
        var (code, errors) = await ServerProcess.RunToEndAsync("", "--Serving:Port=70000", "--Serving:Address=example.org", "--Serving:ControlSecret=short");

        Assert.Equal(2, code);
        Assert.Contains("Serving:DataDirectory is needed", errors, StringComparison.Ordinal);
        Assert.Contains("Serving:ControlSecret has fewer than 16", errors, StringComparison.Ordinal);
        Assert.Contains("Port must be between 0 and 65535", errors, StringComparison.Ordinal);
        Assert.Contains("Serving:Address is 'example.org'", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Restart_downloadInHalf_isGoneOnWith()
    {
        await using var store = await FileServer.StartAsync(Cancellation);
        await using (var first = await RunningServer.StartInAsync(_directory, "--Serving:DownloadAttempts=1"))
        {
            first.Files.Next.Enqueue(FileServer.CutAfter(700_000, first.HasPartial(700_000)));
            Assert.Equal("download", (await first.LoadAsync("digits", "v1.2.0-large", ("model.onnx", Digits.Model("v1.2.0-large")))).Reason);
        }

        await using var second = await RunningServer.StartInAsync(_directory);
        await second.LoadDigitsAsync("v1.2.0-large");

        Assert.Equal(["bytes=700000-"], second.Files.Ranges);
    }

    [Fact]
    public async Task Restart_fileDamagedOnDisk_isNotServedAndComesAgainWithTheNextLoad()
    {
        await using (var first = await RunningServer.StartInAsync(_directory))
        {
            await first.LoadDigitsAsync("v1.1.0-mlp", "v1.0.0-base");
        }

        var file = Directory.EnumerateFiles(_directory, "model.onnx", SearchOption.AllDirectories).Single(f => new FileInfo(f).Length == Digits.Model("v1.1.0-mlp").Length);
        var bytes = await File.ReadAllBytesAsync(file, Cancellation);
        bytes[^1] ^= 1;
        await File.WriteAllBytesAsync(file, bytes, Cancellation);

        await using var second = await RunningServer.StartInAsync(_directory);
        await UntilReadyAsync(second);
        Assert.Equal(HttpStatusCode.NotFound, (await second.GetAsync("/v2/models/digits/versions/v1.1.0-mlp/ready")).Status);
        Assert.Equal(HttpStatusCode.OK, (await second.GetAsync("/v2/models/digits/versions/v1.0.0-base/ready")).Status);
        var listing = (await second.SendAsync(second.Control, HttpMethod.Post, "/v2/repository/index", "{}")).Body.AsArray().Single(m => (string?)m!["version"] == "v1.1.0-mlp")!;
        Assert.Contains("damaged", (string?)listing["reason"], StringComparison.Ordinal);

        await second.LoadDigitsAsync("v1.1.0-mlp");
        Assert.Single(second.Files.Ranges);
    }

    [Fact]
    public async Task Restart_modelThatEndedTheProcessAgainAndAgain_isNotTriedForEver()
    {
        await using (var first = await RunningServer.StartInAsync(_directory))
        {
            await first.LoadDigitsAsync("v1.1.0-mlp", "v1.0.0-base");
        }

        // What a process leaves that died three times while it loaded this version.
        var index = JsonNode.Parse(await File.ReadAllTextAsync(Index, Cancellation))!;
        index["versions"]!.AsArray().Single(v => (string?)v!["version"] == "v1.1.0-mlp")!["unfinished"] = 3;
        await File.WriteAllTextAsync(Index, index.ToJsonString(), Cancellation);

        await using var second = await RunningServer.StartInAsync(_directory);
        await UntilReadyAsync(second);
        Assert.Equal(HttpStatusCode.OK, (await second.GetAsync("/v2/models/digits/versions/v1.0.0-base/ready")).Status);
        var refused = await second.LoadAsync("digits", "v1.1.0-mlp", ("model.onnx", Digits.Model("v1.1.0-mlp")));
        Assert.Equal((HttpStatusCode.UnprocessableEntity, "load"), (refused.Status, refused.Reason));
        Assert.Contains("ended 3 times", refused.Error, StringComparison.Ordinal);

        await second.UnloadAsync("digits", "v1.1.0-mlp");
        await second.LoadDigitsAsync("v1.1.0-mlp");
    }

    [Theory]
    [InlineData("")]
    [InlineData("{\"schema\":\"modelflow/serving-index/v1\",\"versions\":[{\"model\":\"")]
    [InlineData("{\"schema\":\"something-else\",\"versions\":[]}")]
    [InlineData("{\"schema\":\"modelflow/serving-index/v1\",\"versions\":[{\"model\":\"NOT A NAME\"}]}")]
    public async Task Restart_listThatCannotBeRead_isSetAsideAndTheServerWorks(string content)
    {
        await File.WriteAllTextAsync(Index, content, Cancellation);

        await using var server = await RunningServer.StartInAsync(_directory);
        await UntilReadyAsync(server);
        await server.LoadDigitsAsync("v1.0.0-base");

        Assert.Equal(content, await File.ReadAllTextAsync(Index + ".bad", Cancellation));
    }

    [Fact]
    public async Task Restart_foldersThatAreNoSets_areRemoved()
    {
        foreach (var name in new[] { ".trash-x", "rubbish", new string('a', 64) })
        {
            Directory.CreateDirectory(Path.Combine(_directory, "cache", name, "files"));
        }

        await using var server = await RunningServer.StartInAsync(_directory);

        Assert.Empty(Directory.GetDirectories(Path.Combine(_directory, "cache")));
    }

    private static async Task LoadAsync(ServerProcess server, FileServer store, string version)
    {
        store.Files[version] = Digits.Model(version);
        var body = new JsonObject { ["files"] = new JsonArray(RunningServer.File("model.onnx", Digits.Model(version), store.Grant(version))) };
        using var answer = await server.Client.PostAsJsonAsync($"/v2/repository/models/digits/versions/{version}/load", body, Cancellation);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    private static async Task UntilReadyAsync(RunningServer server)
    {
        while ((await server.GetAsync("/v2/health/ready")).Status != HttpStatusCode.OK)
        {
            await Task.Delay(5, Cancellation);
        }
    }
}
