using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using CsCheck;
using Microsoft.ML.OnnxRuntime.Tensors;
using ModelFlow.Serving.Tensors;
using ModelFlow.Serving.Tests.Support;

namespace ModelFlow.Serving.Tests.Tensors;

public sealed class TensorRoundTripTests
{
    private static readonly Gen<long[]> Shapes = Gen.Long[1, 4].Array[0, 4];

    [Fact]
    public void Fp32_anyFiniteValue_comesBackBitForBit() =>
        Check(TensorElementType.Float, Gen.Float.Where(float.IsFinite), v => v.ToString("R", CultureInfo.InvariantCulture), e => BitConverter.SingleToInt32Bits(e.GetSingle()), BitConverter.SingleToInt32Bits);

    [Fact]
    public void Fp64_anyFiniteValue_comesBackBitForBit() =>
        Check(TensorElementType.Double, Gen.Double.Where(double.IsFinite), v => v.ToString("R", CultureInfo.InvariantCulture), e => BitConverter.DoubleToInt64Bits(e.GetDouble()), BitConverter.DoubleToInt64Bits);

    [Fact]
    public void Fp16_anyFiniteValue_comesBackBitForBit() =>
        Check(TensorElementType.Float16, Gen.UShort.Select(BitConverter.UInt16BitsToHalf).Where(Half.IsFinite), v => ((double)v).ToString("R", CultureInfo.InvariantCulture), e => BitConverter.HalfToUInt16Bits((Half)e.GetDouble()), BitConverter.HalfToUInt16Bits);

    [Fact]
    public void Integers_anyValue_comeBack()
    {
        Check(TensorElementType.Int8, Gen.SByte, v => $"{v}", e => e.GetSByte(), v => v);
        Check(TensorElementType.Int16, Gen.Short, v => $"{v}", e => e.GetInt16(), v => v);
        Check(TensorElementType.Int32, Gen.Int, v => $"{v}", e => e.GetInt32(), v => v);
        Check(TensorElementType.Int64, Gen.Long, v => $"{v}", e => e.GetInt64(), v => v);
        Check(TensorElementType.UInt8, Gen.Byte, v => $"{v}", e => e.GetByte(), v => v);
        Check(TensorElementType.UInt16, Gen.UShort, v => $"{v}", e => e.GetUInt16(), v => v);
        Check(TensorElementType.UInt32, Gen.UInt, v => $"{v}", e => e.GetUInt32(), v => v);
        Check(TensorElementType.UInt64, Gen.ULong, v => $"{v}", e => e.GetUInt64(), v => v);
    }

    [Fact]
    public void Bool_anyValue_comesBack() => Check(TensorElementType.Bool, Gen.Bool, v => v ? "true" : "false", e => e.GetBoolean(), v => v);

    [Fact]
    public void Bytes_anyText_comesBack() =>
        Check(TensorElementType.String, Gen.String.Where(IsText), v => JsonSerializer.Serialize(v), e => e.GetString()!, v => v);

    [Theory]
    [InlineData(TinyOnnx.Bool, "BOOL", "[[true,false],[false,true]]", "[true,false,false,true]")]
    [InlineData(TinyOnnx.UInt8, "UINT8", "[0,1,2,255]", "[0,1,2,255]")]
    [InlineData(TinyOnnx.UInt16, "UINT16", "[0,1,2,65535]", "[0,1,2,65535]")]
    [InlineData(TinyOnnx.UInt32, "UINT32", "[0,1,2,4294967295]", "[0,1,2,4294967295]")]
    [InlineData(TinyOnnx.UInt64, "UINT64", "[0,1,2,18446744073709551615]", "[0,1,2,18446744073709551615]")]
    [InlineData(TinyOnnx.Int8, "INT8", "[-128,1,2,127]", "[-128,1,2,127]")]
    [InlineData(TinyOnnx.Int16, "INT16", "[-32768,1,2,32767]", "[-32768,1,2,32767]")]
    [InlineData(TinyOnnx.Int32, "INT32", "[-2147483648,1,2,3]", "[-2147483648,1,2,3]")]
    [InlineData(TinyOnnx.Int64, "INT64", "[[-9223372036854775808,1],[2,3]]", "[-9223372036854775808,1,2,3]")]
    [InlineData(TinyOnnx.Float16, "FP16", "[0.5,-2,65504,0.1]", "[0.5,-2,65500,0.1]")]
    [InlineData(TinyOnnx.Float, "FP32", "[0.1,-0.0,1e-45,3.4028235E+38]", "[0.1,-0,1E-45,3.4028235E+38]")]
    [InlineData(TinyOnnx.Double, "FP64", "[0.1,1,5e-324,1.7976931348623157E+308]", "[0.1,1,5E-324,1.7976931348623157E+308]")]
    [InlineData(TinyOnnx.String, "BYTES", """["","a\u0000b","\u00e9\n\"","😀"]""", """["","a\u0000b","\u00E9\n\u0022","\uD83D\uDE00"]""")]
    public async Task Infer_everyType_throughTheRuntimeAndBack(int elementType, string datatype, string data, string expected)
    {
        await using var server = await RunningServer.StartAsync();
        var loaded = await server.LoadAsync("same", "v1.0.0", ("model.onnx", TinyOnnx.Identity(elementType, null, 2)));
        Assert.True(loaded.Status == HttpStatusCode.OK, loaded.Error);

        var answer = await server.InferAsync("same", "v1.0.0", $$"""{"inputs":[{"name":"x","shape":[2,2],"datatype":"{{datatype}}","data":{{data}}}]}""");

        Assert.True(answer.Status == HttpStatusCode.OK, answer.Error);
        Assert.Equal(datatype, (string?)answer.Output("y")["datatype"]);
        Assert.Equal(expected, answer.Output("y")["data"]!.ToJsonString());
    }

    [Theory]
    [InlineData(TinyOnnx.Bool, "BOOL", "1")]
    [InlineData(TinyOnnx.UInt8, "UINT8", "256")]
    [InlineData(TinyOnnx.UInt8, "UINT8", "-1")]
    [InlineData(TinyOnnx.UInt16, "UINT16", "65536")]
    [InlineData(TinyOnnx.UInt32, "UINT32", "4294967296")]
    [InlineData(TinyOnnx.UInt64, "UINT64", "18446744073709551616")]
    [InlineData(TinyOnnx.Int8, "INT8", "128")]
    [InlineData(TinyOnnx.Int16, "INT16", "1.5")]
    [InlineData(TinyOnnx.Int32, "INT32", "1e3")]
    [InlineData(TinyOnnx.Int64, "INT64", "9223372036854775808")]
    [InlineData(TinyOnnx.Float16, "FP16", "65520")]
    [InlineData(TinyOnnx.Float, "FP32", "3.5e38")]
    [InlineData(TinyOnnx.Double, "FP64", "1e309")]
    [InlineData(TinyOnnx.String, "BYTES", "1")]
    [InlineData(TinyOnnx.String, "BYTES", "null")]
    public async Task Infer_valueOutsideItsType_is400AndNamesTheElement(int elementType, string datatype, string value)
    {
        await using var server = await RunningServer.StartAsync();
        await server.LoadAsync("same", "v1.0.0", ("model.onnx", TinyOnnx.Identity(elementType, [null])));
        var good = datatype switch { "BOOL" => "true", "BYTES" => "\"a\"", _ => "1" };

        var answer = await server.InferAsync("same", "v1.0.0", $$"""{"inputs":[{"name":"x","shape":[2],"datatype":"{{datatype}}","data":[{{good}},{{value}}]}]}""");

        Assert.Equal((HttpStatusCode.BadRequest, "inputs[0].data[1]"), (answer.Status, answer.Field));
    }

    private static bool IsText(string text) => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text)) == text;

    // Writes random values as JSON, flat or nested, reads them as a request, writes the tensor as an answer, and compares.
    private static void Check<T, TKey>(TensorElementType type, Gen<T> values, Func<T, string> write, Func<JsonElement, TKey> read, Func<T, TKey> key)
    {
        var info = new TensorInfo("x", type, Datatype.NameOf(type)!, [], []);
        var cases = Gen.Select(Shapes, Gen.Bool, Gen.Bool).SelectMany((shape, nested, late) => values.Array[(int)shape.Aggregate(1L, (a, b) => a * b)].Select(v => (shape, nested, late, v)));
        cases.Sample(
            c =>
            {
                var data = $"\"data\":{Json(c.v.Select(write).ToArray(), c.nested ? c.shape : [c.v.Length])}";
                var rest = $"\"name\":\"x\",\"datatype\":\"{info.Datatype}\",\"shape\":[{string.Join(", ", c.shape)}]";
                var body = Encoding.UTF8.GetBytes($"{{\"inputs\":[{{{(c.late ? data + "," + rest : rest + "," + data)}}}]}}");

                using var request = InferenceRequestReader.Read(body, [info], [info]);
                using var answer = new PooledBuffer(16, 1 << 20);
                InferenceAnswer.Write(answer, "m", "v1.0.0", request, [info], request.Inputs);

                using var json = JsonDocument.Parse(answer.WrittenMemory);
                var output = json.RootElement.GetProperty("outputs")[0];
                Assert.Equal(c.shape, output.GetProperty("shape").EnumerateArray().Select(d => d.GetInt64()));
                Assert.Equal(c.v.Select(key), output.GetProperty("data").EnumerateArray().Select(read));
            },
            iter: 500);
    }

    private static string Json(ReadOnlySpan<string> values, ReadOnlySpan<long> shape)
    {
        if (shape.Length == 0)
        {
            return $"[{values[0]}]";
        }

        var step = values.Length / (int)shape[0];
        var parts = new string[shape[0]];
        for (var i = 0; i < parts.Length; i++)
        {
            parts[i] = shape.Length == 1 ? values[i] : Json(values.Slice(i * step, step), shape[1..]);
        }

        return $"[{string.Join(" , ", parts)}]";
    }
}
