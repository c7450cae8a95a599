using System.Buffers.Binary;
using System.Net.Http.Headers;
using System.Text;
using ModelFlow.Gateway.Routing;
using ModelFlow.Gateway.Shadowing;

namespace ModelFlow.Gateway.Tests.Shadowing;

public sealed class AnswerComparisonTests
{
    private static readonly ModelOperation Infer = ModelOperation.All.Single(o => o.Suffix == "/infer");
    private static readonly ModelOperation Chat = ModelOperation.All.Single(o => o.Suffix == "/chat/completions");
    private static readonly ModelOperation Embeddings = ModelOperation.All.Single(o => o.Suffix == "/embeddings");

    [Theory]
    [InlineData("""{"name":"label","datatype":"INT64","shape":[4],"data":[1,2,3,4]}""", """{"name":"label","datatype":"INT64","shape":[4],"data":[1,2,0,4]}""", 0.25, null)]
    [InlineData("""{"name":"label","datatype":"INT64","shape":[2,2],"data":[[1,2],[3,4]]}""", """{"name":"label","datatype":"INT64","shape":[2,2],"data":[1,2,3,5]}""", 0.5, null)]
    [InlineData("""{"name":"label","datatype":"BYTES","shape":[2],"data":["cat","dog"]}""", """{"name":"label","datatype":"BYTES","shape":[2],"data":["cat","cow"]}""", 0.5, null)]
    [InlineData("""{"name":"ok","datatype":"BOOL","shape":[2],"data":[true,false]}""", """{"name":"ok","datatype":"BOOL","shape":[2],"data":[true,false]}""", 0.0, null)]
    [InlineData("""{"name":"p","datatype":"FP32","shape":[2,2],"data":[0.9,0.1,0.4,0.6]}""", """{"name":"p","datatype":"FP32","shape":[2,2],"data":[0.8,0.2,0.6,0.4]}""", 0.5, 0.15)]
    [InlineData("""{"name":"y","datatype":"FP32","shape":[2],"data":[10.0,200.0]}""", """{"name":"y","datatype":"FP32","shape":[2],"data":[5.0,200.0]}""", null, 0.25)]
    [InlineData("""{"name":"y","datatype":"FP64","shape":[1],"data":[-1.0]}""", """{"name":"y","datatype":"FP64","shape":[1],"data":[1.0]}""", null, 1.0)]
    [InlineData("""{"name":"label","datatype":"INT64","shape":[2],"data":[1,2]}""", """{"name":"label","datatype":"INT64","shape":[3],"data":[1,2,3]}""", 1.0, null)]
    [InlineData("""{"name":"label","datatype":"INT64","shape":[2],"data":[1,2]}""", """{"name":"other","datatype":"INT64","shape":[2],"data":[1,2]}""", 1.0, null)]
    [InlineData("""{"name":"p","datatype":"FP32","shape":[1,2],"data":[0.9,0.1]}""", """{"name":"p","datatype":"INT64","shape":[1,2],"data":[1,0]}""", 1.0, 1.0)]
    [InlineData("""{"name":"p","datatype":"FP32","shape":[0,2],"data":[]}""", """{"name":"p","datatype":"FP32","shape":[0,2],"data":[]}""", null, null)]
    public void Outputs_areComparedByWhatTheyHold(string stable, string candidate, double? disagreement, double? distance)
    {
        var compared = AnswerComparison.Compare(Infer, Json(Outputs(stable)), Json(Outputs(candidate)));
        Assert.Equal(disagreement, compared.Disagreement);
        Assert.Equal(distance ?? -1, compared.Distance ?? -1, 1e-12);
    }

    [Fact]
    public void Labels_beside_scores_decideAgreement_andScoresTheDistance()
    {
        const string Label = """{"name":"label","datatype":"INT64","shape":[1],"data":[7]}""";
        var stable = Json(Outputs(Label + """,{"name":"p","datatype":"FP32","shape":[1,2],"data":[0.6,0.4]}"""));
        var candidate = Json(Outputs("""{"name":"p","datatype":"FP32","shape":[1,2],"data":[0.4,0.6]},{"name":"more","datatype":"INT8","shape":[1],"data":[1]},""" + Label));
        var compared = AnswerComparison.Compare(Infer, stable, candidate);
        Assert.Equal(0, compared.Disagreement);
        Assert.Equal(0.2, compared.Distance!.Value, 1e-9);
    }

    [Fact]
    public void Binary_outputs_areReadAsTheSameInJson()
    {
        const string Label = """{"name":"label","datatype":"INT64","shape":[2],"data":[7,-1]}""";
        const string P = """{"name":"p","datatype":"FP32","shape":[2,2],"data":[0.25,0.75,0.5,0.5]}""";
        const string Text = """{"name":"t","datatype":"BYTES","shape":[2],"data":["a","bc"]}""";
        var tensors = new byte[16 + 16 + 4 + 1 + 4 + 2];
        BinaryPrimitives.WriteInt64LittleEndian(tensors, 7);
        BinaryPrimitives.WriteInt64LittleEndian(tensors.AsSpan(8), -1);
        foreach (var (i, value) in new[] { 0.25f, 0.75f, 0.5f, 0.5f }.Index())
        {
            BinaryPrimitives.WriteSingleLittleEndian(tensors.AsSpan(16 + (4 * i)), value);
        }

        tensors[32] = 1;
        tensors[36] = (byte)'a';
        tensors[37] = 2;
        tensors[41] = (byte)'b';
        tensors[42] = (byte)'c';
        var json = Encoding.UTF8.GetBytes(Outputs(
            """{"name":"label","datatype":"INT64","shape":[2],"parameters":{"binary_data_size":16}},{"name":"p","datatype":"FP32","shape":[2,2],"parameters":{"binary_data_size":16}},{"name":"t","datatype":"BYTES","shape":[2],"parameters":{"binary_data_size":11}}"""));
        var binary = Answer([.. json, .. tensors], "application/octet-stream", json.Length);
        var compared = AnswerComparison.Compare(Infer, Json(Outputs($"{Label},{P},{Text}")), binary);
        Assert.Equal((0.0, 0.0), (compared.Disagreement, compared.Distance));

        // Cut short, it cannot be read, and nothing breaks.
        for (var length = 0; length < json.Length + tensors.Length; length += 7)
        {
            var cut = Answer([.. json.Concat(tensors).Take(length)], "application/octet-stream", json.Length);
            Assert.Equal(default, AnswerComparison.Compare(Infer, binary, cut));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("not json")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"outputs":{}}""")]
    [InlineData("""{"outputs":[{"name":"a"}]}""")]
    [InlineData("""{"outputs":[{"name":"a","datatype":"INT64","shape":["x"],"data":[1]}]}""")]
    [InlineData("""{"outputs":[{"name":"a","datatype":"INT64","shape":[1],"data":1}]}""")]
    [InlineData("""{"outputs":[{"name":"a","datatype":"INT64","shape":[1],"parameters":{"binary_data_size":-1}}]}""")]
    [InlineData("""{"outputs":[{"name":"a","datatype":"INT64","shape":[1],"parameters":{"binary_data_size":8}}]}""")]
    public void Answer_thatIsNone_isNotCompared(string candidate) =>
        Assert.Equal(default, AnswerComparison.Compare(Infer, Json(Outputs("""{"name":"a","datatype":"INT64","shape":[1],"data":[1]}""")), Json(candidate)));

    [Fact]
    public void Answer_thatIsCompressed_isNotCompared()
    {
        var answer = Json(Outputs("""{"name":"a","datatype":"INT64","shape":[1],"data":[1]}"""));
        Assert.Equal(default, AnswerComparison.Compare(Infer, answer, Answer("x"u8.ToArray(), "application/json", encoding: "gzip")));
    }

    [Theory]
    [InlineData("""{"choices":[{"message":{"content":"a b"}}]}""", """{"choices":[{"message":{"content":"a b"}}]}""", 0.0, 0.0)]
    [InlineData("""{"choices":[{"text":"abcd"}]}""", """{"choices":[{"text":"abXdefgh"}]}""", 1.0, 0.5)]
    [InlineData("""{"text_output":""}""", """{"text_output":""}""", 0.0, 0.0)]
    [InlineData("""{"choices":[{"message":{"content":null,"tool_calls":[{"id":"1","function":{"name":"f","arguments":"{}"}}]}}]}""", """{"choices":[{"message":{"content":null,"tool_calls":[{"id":"2","function":{"name":"f","arguments":"{}"}}]}}]}""", 0.0, 0.0)]
    [InlineData("""{"choices":[]}""", """{"choices":[{"text":"a"}]}""", null, null)]
    public void Text_agreesIfItIsTheSame(string stable, string candidate, double? disagreement, double? distance)
    {
        var compared = AnswerComparison.Compare(Chat, Json(stable), Json(candidate));
        Assert.Equal((disagreement, distance), (compared.Disagreement, compared.Distance));
    }

    [Fact]
    public void Streams_arePutTogether_howeverTheyAreCut()
    {
        const string One = "data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"Hel\"}}]}\n\ndata: {\"choices\":[{\"delta\":{\"content\":\"lo\"}}]}\n\ndata: [DONE]\n\n";
        const string Other = "data: {\"choices\":[{\"delta\":{\"content\":\"Hello\"}}]}\r\n\r\ndata: {\"choices\":[],\"usage\":{}}\r\n\r\n";
        var (one, other) = (Answer(Encoding.UTF8.GetBytes(One), "text/event-stream"), Answer(Encoding.UTF8.GetBytes(Other), "text/event-stream"));
        Assert.Equal(new ComparedAnswers(0, 0), AnswerComparison.Compare(Chat, one, other));
        Assert.Equal(new ComparedAnswers(0, 0), AnswerComparison.Compare(Chat, one, Json("""{"choices":[{"message":{"content":"Hello"}}]}""")));
        Assert.Equal(default, AnswerComparison.Compare(Chat, one, Answer("data: {\"choices\":[{"u8.ToArray(), "text/event-stream")));
    }

    [Theory]
    [InlineData("[1,0]", "[2,0]", 0.0)]
    [InlineData("[1,0]", "[0,1]", 0.5)]
    [InlineData("[1,0]", "[-1,0]", 1.0)]
    [InlineData("[1,0]", "[1,0,0]", 1.0)]
    [InlineData("[0,0]", "[0,0]", 0.0)]
    [InlineData("[0,0]", "[1,0]", 1.0)]
    public void Embeddings_areApartByTheirAngle(string stable, string candidate, double distance)
    {
        var compared = AnswerComparison.Compare(Embeddings, Json($$"""{"data":[{"embedding":{{stable}}}]}"""), Json($$"""{"data":[{"embedding":{{candidate}}}]}"""));
        Assert.Null(compared.Disagreement);
        Assert.Equal(distance, compared.Distance!.Value, 1e-12);
    }

    private static string Outputs(string tensors) => $$"""{"model_name":"digits","outputs":[{{tensors}}]}""";

    private static CapturedAnswer Json(string json) => Answer(Encoding.UTF8.GetBytes(json), "application/json");

    private static CapturedAnswer Answer(byte[] bytes, string mediaType, int? jsonBytes = null, string? encoding = null)
    {
        using var response = new HttpResponseMessage { Content = new ByteArrayContent(bytes) };
        response.Content.Headers.ContentType = new MediaTypeHeaderValue(mediaType);
        if (jsonBytes is { } length)
        {
            response.Headers.Add("Inference-Header-Content-Length", length.ToString());
        }

        if (encoding is not null)
        {
            response.Content.Headers.ContentEncoding.Add(encoding);
        }

        var answer = new CapturedAnswer(new CaptureBuffer(1 << 20, TimeProvider.System));
        answer.Begin(response);
        answer.Read(bytes);
        answer.Read([]);
        return answer;
    }
}
