using System.Text;
using CsCheck;
using Microsoft.ML.OnnxRuntime.Tensors;
using ModelFlow.Serving.Tensors;

namespace ModelFlow.Serving.Tests.Tensors;

public sealed class RequestFuzzTests
{
    private static readonly TensorInfo[] Inputs =
    [
        new("x", TensorElementType.Float, "FP32", [-1, 3], ["n", ""]),
        new("words", TensorElementType.String, "BYTES", [-1], ["n"]),
        new("on", TensorElementType.Bool, "BOOL", [], []),
    ];

    private static readonly TensorInfo[] Outputs = [new("y", TensorElementType.Float, "FP32", [-1, 3], ["", ""])];

    private static readonly string[] Seeds =
    [
        """{"id":"7","inputs":[{"name":"x","shape":[2,3],"datatype":"FP32","data":[1,2.5,-3e2,4,5,6]},{"data":["a","\u00e9\ud83d\ude00"],"name":"words","shape":[2],"datatype":"BYTES"},{"name":"on","shape":[],"datatype":"BOOL","data":[true]}],"outputs":[{"name":"y"}]}""",
        """{"inputs":[{"name":"x","shape":[2,3],"datatype":"FP32","data":[[1,2,3],[4,5,6]]},{"name":"words","shape":[2],"datatype":"BYTES","data":["a","b"]},{"name":"on","shape":[1,1],"datatype":"BOOL","parameters":{"a":[1]},"data":[[false]]}]}""",
    ];

    private static readonly string[] Pieces =
        ["[", "]", "{", "}", ",", ":", "\"", "null", "true", "false", "-1", "0", "1e999", "99999999999999999999", "\"data\"", "\"shape\"", "\"name\":\"x\"", "\"\\uD800\"", "\\", "\u0000", "[[[[", "]]]]", " ", "\"inputs\":[]", "\"datatype\":\"BYTES\""];

    [Fact]
    public void Read_mutatedRequest_isReadOrRefusedWithAField()
    {
        int read = 0, refused = 0;
        var mutation = Gen.Select(Gen.Int[0, 4], Gen.Int[0, 400], Gen.Int[0, 60], Gen.Int[0, Pieces.Length - 1], Gen.Byte);
        Gen.Select(Gen.Int[0, Seeds.Length - 1], mutation.Array[0, 4]).Sample(
            (seed, mutations) =>
            {
                var body = Encoding.UTF8.GetBytes(Seeds[seed]).ToList();
                foreach (var (kind, at, length, piece, value) in mutations)
                {
                    Mutate(body, kind, at, length, piece, value);
                }

                try
                {
                    using var request = InferenceRequestReader.Read(body.ToArray(), Inputs, Outputs);
                    Assert.All(request.Inputs, i => Assert.NotNull(i));
                    Interlocked.Increment(ref read);
                }
                catch (RequestException e)
                {
                    Assert.NotEmpty(e.Error.Path);
                    Interlocked.Increment(ref refused);
                }
            },
            iter: 40_000);
        Assert.True(read > 1_000 && refused > 1_000, $"{read} read, {refused} refused");
    }

    private static void Mutate(List<byte> body, int kind, int at, int length, int piece, byte value)
    {
        at = Math.Min(at, body.Count);
        length = Math.Min(length, body.Count - at);
        switch (kind)
        {
            case 0 when at < body.Count: body[at] = value; break;
            case 1: body.RemoveRange(at, length); break;
            case 2: body.InsertRange(at, Encoding.UTF8.GetBytes(Pieces[piece])); break;
            case 3: body.InsertRange(at, body.GetRange(at, length)); break;
            case 4: body.RemoveRange(at, body.Count - at); break;
        }
    }
}
