using System.Net;
using ModelFlow.Serving.Tests.Support;

namespace ModelFlow.Serving.Tests.Http;

public sealed class InferenceTests
{
    [Theory]
    [InlineData(1, false)]
    [InlineData(7, true)]
    [InlineData(256, false)]
    [InlineData(256, true)]
    public async Task Infer_everyVersionSideBySide_answersWhatTheRuntimeAnswers(int rows, bool nested)
    {
        await using var server = await RunningServer.StartAsync();
        await server.LoadDigitsAsync([.. Digits.Working]);
        await Parallel.ForEachAsync(Digits.Working, TestContext.Current.CancellationToken, async (version, _) =>
        {
            var answer = await server.InferAsync("digits", version, Digits.Request(version, rows, skip: 20, nested: nested && version != "v2.0.0-schema"));

            var (labels, probabilities) = Digits.Direct(version, rows, skip: 20);
            Assert.Equal(HttpStatusCode.OK, answer.Status);
            Assert.Equal(version, answer.Version);
            Assert.Equal(version, (string?)answer.Body["model_version"]);
            Assert.Equal("digits", (string?)answer.Body["model_name"]);
            Assert.Equal(labels, answer.Data<long>("label"));
            Assert.Equal(probabilities, answer.Data<float>("probabilities"));
            Assert.Equal("FP32", (string?)answer.Output("probabilities")["datatype"]);
            Assert.Equal([rows, 10L], answer.Output("probabilities")["shape"]!.AsArray().Select(d => d!.GetValue<long>()));
        });
    }

    [Fact]
    public async Task Infer_someOutputsAsked_answersThoseInTheOrderAskedWithTheId()
    {
        await using var server = await RunningServer.StartAsync();
        await server.LoadDigitsAsync("v1.1.0-mlp");
        var request = Digits.Request("v1.1.0-mlp", 1)[..^1] + """,  "id":"a \"7\" é", "parameters":{"x":1}, "outputs":[{"name":"probabilities"},{"name":"label","parameters":{"binary_data":false}}]}""";

        var answer = await server.InferAsync("digits", "v1.1.0-mlp", request);

        Assert.Equal("a \"7\" é", (string?)answer.Body["id"]);
        Assert.Equal(["probabilities", "label"], answer.Body["outputs"]!.AsArray().Select(o => (string?)o!["name"]));
    }

    [Fact]
    public async Task Infer_dataBeforeShapeAndType_isReadAfterwards()
    {
        await using var server = await RunningServer.StartAsync();
        await server.LoadDigitsAsync("v1.1.0-mlp");
        var pixels = string.Join(',', Digits.Rows[3]);

        var answer = await server.InferAsync("digits", "v1.1.0-mlp", $$"""{"inputs":[{"data":[{{pixels}}],"extra":{"data":[]},"datatype":"FP32","shape":[1,64],"name":"pixels"}]}""");

        Assert.Equal(Digits.Direct("v1.1.0-mlp", 1, 3).Labels, answer.Data<long>("label"));
    }

    [Fact]
    public async Task Infer_modelThatAnswersNaN_isTheModelsFailure()
    {
        await using var server = await RunningServer.StartAsync();
        await server.LoadDigitsAsync("v1.5.0-nan");

        var answer = await server.InferAsync("digits", "v1.5.0-nan", Digits.Request("v1.5.0-nan", 1));

        Assert.Equal(HttpStatusCode.InternalServerError, answer.Status);
        Assert.Equal("non-finite", answer.Reason);
        Assert.Contains("'probabilities'", answer.Error, StringComparison.Ordinal);
        Assert.Equal("v1.5.0-nan", answer.Version);
    }

    [Fact]
    public async Task Infer_versionNotLoaded_is404AndNoVersionIs400()
    {
        await using var server = await RunningServer.StartAsync();
        await server.LoadDigitsAsync("v1.1.0-mlp");

        Assert.Equal((HttpStatusCode.NotFound, "not-loaded"), Of(await server.InferAsync("digits", "v1.0.0-base", "{}")));
        Assert.Equal((HttpStatusCode.NotFound, "not-loaded"), Of(await server.InferAsync("letters", "v1.1.0-mlp", "{}")));
        var latest = await server.InferAsync("digits", "latest", "{}");
        Assert.Equal((HttpStatusCode.BadRequest, "version"), (latest.Status, latest.Field));
        foreach (var (method, path) in new[] { (HttpMethod.Post, "/v2/models/digits/infer"), (HttpMethod.Get, "/v2/models/digits"), (HttpMethod.Get, "/v2/models/digits/ready") })
        {
            var answer = await server.SendAsync(server.Client, method, path, null);
            Assert.Equal((HttpStatusCode.BadRequest, "version"), (answer.Status, answer.Field));
            Assert.Contains("/versions/", answer.Error, StringComparison.Ordinal);
        }

        static (HttpStatusCode, string?) Of(Answer answer) => (answer.Status, answer.Reason);
    }

    [Fact]
    public async Task Infer_bodyLongerThanTheBound_is413()
    {
        await using var server = await RunningServer.StartAsync("--Serving:MaxRequestBytes=4096");
        await server.LoadDigitsAsync("v1.1.0-mlp");

        Assert.Equal(HttpStatusCode.OK, (await server.InferAsync("digits", "v1.1.0-mlp", Digits.Request("v1.1.0-mlp", 1))).Status);
        var declared = await server.InferAsync("digits", "v1.1.0-mlp", Digits.Request("v1.1.0-mlp", 100));
        Assert.Equal((HttpStatusCode.RequestEntityTooLarge, "body"), (declared.Status, declared.Field));

        using var chunked = new HttpRequestMessage(HttpMethod.Post, "/v2/models/digits/versions/v1.1.0-mlp/infer") { Content = new StringContent(Digits.Request("v1.1.0-mlp", 100)), Headers = { TransferEncodingChunked = true } };
        using var answer = await server.Client.SendAsync(chunked, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, answer.StatusCode);
    }

    [Fact]
    public async Task Infer_answerLongerThanTheBound_isAClearFailure()
    {
        await using var server = await RunningServer.StartAsync("--Serving:MaxResponseBytes=1024");
        await server.LoadDigitsAsync("v1.1.0-mlp");

        Assert.Equal(HttpStatusCode.OK, (await server.InferAsync("digits", "v1.1.0-mlp", Digits.Request("v1.1.0-mlp", 1))).Status);
        var answer = await server.InferAsync("digits", "v1.1.0-mlp", Digits.Request("v1.1.0-mlp", 64));

        Assert.Equal((HttpStatusCode.InternalServerError, "too-large"), (answer.Status, answer.Reason));
    }

    [Fact]
    public async Task Infer_compressedBody_is415()
    {
        await using var server = await RunningServer.StartAsync();
        await server.LoadDigitsAsync("v1.1.0-mlp");
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v2/models/digits/versions/v1.1.0-mlp/infer") { Content = new ByteArrayContent([1, 2, 3]) { Headers = { { "Content-Encoding", "gzip" } } } };

        using var answer = await server.Client.SendAsync(request, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.UnsupportedMediaType, answer.StatusCode);
    }

    [Fact]
    public async Task Infer_inputsThatDoNotGoTogether_isTheCallersMistake()
    {
        await using var server = await RunningServer.StartAsync();
        await server.LoadAsync("sum", "v1.0.0", ("model.onnx", TinyOnnx.Add(sized: true)));
        await server.LoadAsync("sum", "v1.1.0", ("model.onnx", TinyOnnx.Add(sized: false)));
        const string Unequal = """{"inputs":[{"name":"a","shape":[2],"datatype":"FP32","data":[1,2]},{"name":"b","shape":[3],"datatype":"FP32","data":[1,2,3]}]}""";
        const string Alike = """{"inputs":[{"name":"b","shape":[2],"datatype":"FP32","data":[1,2]},{"name":"a","shape":[2],"datatype":"FP32","data":[10,20]}]}""";

        Assert.Equal(new[] { 11f, 22f }, (await server.InferAsync("sum", "v1.0.0", Alike)).Data<float>("y"));
        Assert.Equal(new[] { 11f, 22f }, (await server.InferAsync("sum", "v1.1.0", Alike)).Data<float>("y"));
        var declared = await server.InferAsync("sum", "v1.0.0", Unequal);
        Assert.Equal((HttpStatusCode.BadRequest, "inputs"), (declared.Status, declared.Field));
        Assert.Contains("'n' is 2 in 'a' and 3 in 'b'", declared.Error, StringComparison.Ordinal);

        // A model that declares nothing fails only when it runs, and nobody can tell whose fault it is.
        var undeclared = await server.InferAsync("sum", "v1.1.0", Unequal);
        Assert.Equal((HttpStatusCode.InternalServerError, "run"), (undeclared.Status, undeclared.Reason));
    }

    [Fact]
    public async Task Infer_modelThatAsksForMoreMemoryThanThereIs_failsAndTheServerGoesOn()
    {
        await using var server = await RunningServer.StartAsync();
        await server.LoadDigitsAsync("v1.1.0-mlp");
        await server.LoadAsync("huge", "v1.0.0", ("model.onnx", TinyOnnx.HugeConstant(1L << 50)));

        var answer = await server.InferAsync("huge", "v1.0.0", """{"inputs":[{"name":"x","shape":[1],"datatype":"FP32","data":[1]}]}""");

        Assert.Equal((HttpStatusCode.InternalServerError, "run"), (answer.Status, answer.Reason));
        Assert.Equal(HttpStatusCode.OK, (await server.InferAsync("digits", "v1.1.0-mlp", Digits.Request("v1.1.0-mlp", 1))).Status);
    }

    [Fact]
    public async Task Metadata_andHealth_areTheProtocols()
    {
        await using var server = await RunningServer.StartAsync();
        await server.LoadDigitsAsync("v1.1.0-mlp", "v2.0.0-schema");

        var metadata = await server.GetAsync("/v2/models/digits/versions/v2.0.0-schema");
        Assert.Equal("""{"name":"digits","versions":["v1.1.0-mlp","v2.0.0-schema"],"platform":"onnx_onnxv1","inputs":[{"name":"image","datatype":"FP32","shape":[-1,1,8,8]}],"outputs":[{"name":"label","datatype":"INT64","shape":[-1]},{"name":"probabilities","datatype":"FP32","shape":[-1,10]}]}""", metadata.Body.ToJsonString());
        Assert.True((bool)(await server.GetAsync("/v2/health/live")).Body["live"]!);
        Assert.True((bool)(await server.GetAsync("/v2/health/ready")).Body["ready"]!);
        Assert.Equal("modelflow-serving", (string?)(await server.GetAsync("/v2")).Body["name"]);
        Assert.True((bool)(await server.GetAsync("/v2/models/digits/versions/v1.1.0-mlp/ready")).Body["ready"]!);
        Assert.Equal(HttpStatusCode.NotFound, (await server.GetAsync("/v2/models/digits/versions/v1.0.0-base/ready")).Status);
        Assert.Equal(HttpStatusCode.NotFound, (await server.GetAsync("/v3/models")).Status);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, (await server.GetAsync("/v2/models/digits/versions/v1.1.0-mlp/infer")).Status);
    }
}
