using System.Net;
using System.Text.Json.Nodes;
using ModelFlow.Serving.Tests.Support;

namespace ModelFlow.Serving.Tests.Repository;

public sealed class LoadTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Control_withoutOrWithAnotherSecret_is401AndChangesNothing()
    {
        await using var server = await RunningServer.StartAsync();
        using var other = new HttpClient { BaseAddress = server.Client.BaseAddress, DefaultRequestHeaders = { { "Authorization", "Bearer " + RunningServer.Secret + "x" } } };
        foreach (var path in new[] { "index", "models/digits/versions/v1.0.0/load", "models/digits/versions/v1.0.0/unload", "models/digits/load" })
        {
            Assert.Equal(HttpStatusCode.Unauthorized, (await server.SendAsync(server.Client, HttpMethod.Post, "/v2/repository/" + path, "{}")).Status);
            Assert.Equal(HttpStatusCode.Unauthorized, (await server.SendAsync(other, HttpMethod.Post, "/v2/repository/" + path, "{}")).Status);
        }
    }

    [Theory]
    [InlineData("body", "")]
    [InlineData("body", "[]")]
    [InlineData("files", "{}")]
    [InlineData("files", """{"files":[]}""")]
    [InlineData("files[0].path", """{"files":[null]}""")]
    [InlineData("files[0].path", """{"files":[{"path":"../x.onnx","size":1,"sha256":"@","url":"http://h/x"}]}""")]
    [InlineData("files[0].path", """{"files":[{"path":"/x.onnx","size":1,"sha256":"@","url":"http://h/x"}]}""")]
    [InlineData("files[0].path", """{"files":[{"path":"a\\x.onnx","size":1,"sha256":"@","url":"http://h/x"}]}""")]
    [InlineData("files[0].path", """{"files":[{"path":"a\u0000.onnx","size":1,"sha256":"@","url":"http://h/x"}]}""")]
    [InlineData("files[0].size", """{"files":[{"path":"x.onnx","size":-1,"sha256":"@","url":"http://h/x"}]}""")]
    [InlineData("files[0].size", """{"files":[{"path":"x.onnx","size":"1","sha256":"@","url":"http://h/x"}]}""")]
    [InlineData("files[0].sha256", """{"files":[{"path":"x.onnx","size":1,"sha256":"abc","url":"http://h/x"}]}""")]
    [InlineData("files[0].url", """{"files":[{"path":"x.onnx","size":1,"sha256":"@","url":"file:///etc/passwd"}]}""")]
    [InlineData("files[0].url", """{"files":[{"path":"x.onnx","size":1,"sha256":"@"}]}""")]
    [InlineData("files[1].path", """{"files":[{"path":"x.onnx","size":1,"sha256":"@","url":"http://h/x"},{"path":"X.onnx","size":1,"sha256":"@","url":"http://h/x"}]}""")]
    [InlineData("files", """{"files":[{"path":"a","size":1,"sha256":"@","url":"http://h/x"},{"path":"a/x.onnx","size":1,"sha256":"@","url":"http://h/x"}]}""")]
    public async Task Load_malformedBody_is400AndNamesTheField(string field, string body)
    {
        await using var server = await RunningServer.StartAsync();

        var answer = await server.SendAsync(server.Control, HttpMethod.Post, "/v2/repository/models/digits/versions/v1.0.0/load", body.Replace("@", new string('a', 64), StringComparison.Ordinal));

        Assert.True(answer.Status == HttpStatusCode.BadRequest, answer.Error);
        Assert.Equal(field, answer.Field);
    }

    [Fact]
    public async Task Load_withoutVersionOrWithABadName_is400()
    {
        await using var server = await RunningServer.StartAsync();
        foreach (var (path, field) in new[] { ("digits/load", "version"), ("digits/unload", "version"), ("digits/versions/latest/load", "version"), ("Digits/versions/v1.0.0/load", "model"), ("Digits/versions/v1.0.0/unload", "model") })
        {
            var answer = await server.SendAsync(server.Control, HttpMethod.Post, "/v2/repository/models/" + path, "{}");
            Assert.Equal((HttpStatusCode.BadRequest, field), (answer.Status, answer.Field));
        }
    }

    [Fact]
    public async Task Load_again_answersAtOnceWithoutADownload_andOtherBytesConflict()
    {
        await using var server = await RunningServer.StartAsync();
        await server.LoadDigitsAsync("v1.1.0-mlp");
        await server.LoadDigitsAsync("v1.1.0-mlp");

        var other = await server.LoadAsync("digits", "v1.1.0-mlp", ("model.onnx", Digits.Model("v1.0.0-base")));

        Assert.Single(server.Files.Ranges);
        Assert.Equal((HttpStatusCode.Conflict, "conflict"), (other.Status, other.Reason));
        Assert.Equal(Digits.Direct("v1.1.0-mlp", 5).Probabilities, (await server.InferAsync("digits", "v1.1.0-mlp", Digits.Request("v1.1.0-mlp", 5))).Data<float>("probabilities"));
    }

    [Fact]
    public async Task Load_fileThatIsNoModel_isRefusedAndTheServerGoesOn()
    {
        await using var server = await RunningServer.StartAsync();
        var hostile = new (string Name, byte[] Bytes, string Says)[]
        {
            ("v1.6.0-truncated", Digits.Model("v1.6.0-truncated"), "Protobuf parsing failed"),
            ("v0.0.1", "not a model"u8.ToArray(), "ONNX Runtime cannot load it"),
            ("v0.0.2", [], "ONNX Runtime cannot load it"),
            ("v0.0.3", TinyOnnx.Sequence(), "is no tensor"),
            ("v0.0.4", TinyOnnx.Identity(TinyOnnx.BFloat16, 1), "protocol does not know"),
            ("v0.0.5", TinyOnnx.AddExternal("../../../../../../etc/passwd"), "ONNX Runtime cannot load it"),
            ("v0.0.6", TinyOnnx.AddExternal("/etc/passwd"), "ONNX Runtime cannot load it"),
            ("v0.0.8", TinyOnnx.UnknownOperator(), "Exfiltrate"),
            ("v0.0.9", TinyOnnx.Cycle(), "ONNX Runtime cannot load it"),
            ("v0.0.7", TinyOnnx.AddExternal("missing.bin"), "ONNX Runtime cannot load it"),
        };
        foreach (var (version, bytes, says) in hostile)
        {
            var answer = await server.LoadAsync("digits", version, ("model.onnx", bytes));
            Assert.True((HttpStatusCode.UnprocessableEntity, "load") == (answer.Status, answer.Reason), $"{version}: {answer.Status} {answer.Error}");
            Assert.Contains(says, answer.Error, StringComparison.Ordinal);
            Assert.DoesNotContain(server.DataDirectory, answer.Error, StringComparison.Ordinal);
            Assert.Equal(HttpStatusCode.NotFound, (await server.GetAsync($"/v2/models/digits/versions/{version}/ready")).Status);
        }

        Assert.Empty(Directory.GetDirectories(Path.Combine(server.DataDirectory, "cache")));
        await server.LoadDigitsAsync("v1.0.0-base");
        var index = (await server.SendAsync(server.Control, HttpMethod.Post, "/v2/repository/index", """{"ready":false}""")).Body.AsArray();
        Assert.Equal(hostile.Length + 1, index.Count);
        Assert.Equal("READY", (string?)index.Single(m => (string?)m!["version"] == "v1.0.0-base")!["state"]);
        Assert.All(index.Where(m => (string?)m!["version"] != "v1.0.0-base"), m => Assert.Equal("UNAVAILABLE", (string?)m!["state"]));
        Assert.Single((await server.SendAsync(server.Control, HttpMethod.Post, "/v2/repository/index", """{"ready":true}""")).Body.AsArray());
    }

    [Fact]
    public async Task Load_withoutAFileToOpen_isRefused()
    {
        await using var server = await RunningServer.StartAsync();

        Assert.Equal("load", (await server.LoadAsync("digits", "v1.0.0", ("weights.bin", [1, 2]))).Reason);
        Assert.Equal("load", (await server.LoadAsync("digits", "v1.0.0", ("a.onnx", [1, 2]), ("b.onnx", [1, 2]))).Reason);
    }

    [Fact]
    public async Task Load_moreVersionsThanTheBound_isRefusedUntilOneIsUnloaded()
    {
        await using var server = await RunningServer.StartAsync("--Serving:MaxVersions=2");
        await server.LoadDigitsAsync("v1.0.0-base", "v1.1.0-mlp");

        var answer = await server.LoadAsync("digits", "v1.1.1-mlp-tuned", ("m.onnx", Digits.Model("v1.1.1-mlp-tuned")));
        Assert.Equal((HttpStatusCode.InsufficientStorage, "space"), (answer.Status, answer.Reason));
        await server.UnloadAsync("digits", "v1.0.0-base");
        await server.LoadDigitsAsync("v1.1.1-mlp-tuned");
    }

    [Fact]
    public async Task Unload_versionThatIsNotLoaded_isNoError()
    {
        await using var server = await RunningServer.StartAsync();

        Assert.Equal(HttpStatusCode.OK, (await server.UnloadAsync("digits", "v9.0.0")).Status);
        await server.LoadDigitsAsync("v1.0.0-base");
        Assert.True((bool)(await server.UnloadAsync("digits", "v1.0.0-base")).Body["was_loaded"]!);
        Assert.False((bool)(await server.UnloadAsync("digits", "v1.0.0-base")).Body["was_loaded"]!);
        Assert.Equal(HttpStatusCode.NotFound, (await server.InferAsync("digits", "v1.0.0-base", Digits.Request("v1.0.0-base", 1), Cancellation)).Status);
    }
}
