using System.Buffers.Binary;
using System.Text;
using System.Text.Json;

namespace ModelFlow.Gateway.Shadowing;

/// <summary>
/// Reads the outputs of an Open Inference Protocol V2 answer, as JSON or with the binary tensor data extension
/// (https://github.com/triton-inference-server/server/blob/main/docs/protocol/extension_binary_data.md).
/// </summary>
internal static class TensorReader
{
    /// <summary>The outputs; null if there are none that can be read.</summary>
    /// <param name="answer">The answer's body.</param>
    /// <param name="jsonBytes">How many bytes of JSON come first; null if it is all JSON.</param>
    public static IReadOnlyList<Tensor>? Read(ReadOnlyMemory<byte> answer, int? jsonBytes)
    {
        if (jsonBytes > answer.Length)
        {
            return null;
        }

        using var document = JsonDocument.Parse(jsonBytes is { } length ? answer[..length] : answer);
        var binary = jsonBytes is { } from ? answer[from..].Span : [];
        if (document.RootElement.ValueKind != JsonValueKind.Object || !document.RootElement.TryGetProperty("outputs", out var outputs))
        {
            return null;
        }

        var tensors = new List<Tensor>();
        foreach (var output in outputs.EnumerateArray())
        {
            var datatype = output.GetProperty("datatype").GetString() ?? "";
            var size = output.TryGetProperty("parameters", out var parameters) && parameters.TryGetProperty("binary_data_size", out var bytes) ? bytes.GetInt32() : (int?)null;
            if (size < 0 || size > binary.Length)
            {
                return null;
            }

            var shape = output.GetProperty("shape").EnumerateArray().Select(d => d.GetInt64()).ToList();
            var name = output.GetProperty("name").GetString() ?? "";
            var isScore = datatype is "FP16" or "FP32" or "FP64" or "BF16";
            var (numbers, texts) = size is { } own ? OfBinary(datatype, binary[..own]) : OfJson(datatype, output.GetProperty("data"));
            if (numbers is null && texts is null)
            {
                return null;
            }

            binary = binary[(size ?? 0)..];
            tensors.Add(new Tensor(name, shape, isScore, numbers, texts));
        }

        return tensors.Count == 0 ? null : tensors;
    }

    private static (double[]? Numbers, string[]? Texts) OfJson(string datatype, JsonElement data)
    {
        var values = new List<JsonElement>();
        Flatten(data, values);
        return datatype is "BYTES"
            ? (null, [.. values.Select(v => v.ValueKind == JsonValueKind.String ? v.GetString()! : v.GetRawText())]) // A string has a value.
            : ([.. values.Select(v => v.ValueKind switch { JsonValueKind.True => 1, JsonValueKind.False => 0, JsonValueKind.Number => v.GetDouble(), _ => double.NaN })], null);
    }

    private static void Flatten(JsonElement data, List<JsonElement> values)
    {
        foreach (var item in data.EnumerateArray())
        {
            if (item.ValueKind == JsonValueKind.Array)
            {
                Flatten(item, values);
            }
            else
            {
                values.Add(item);
            }
        }
    }

    private static (double[]? Numbers, string[]? Texts) OfBinary(string datatype, ReadOnlySpan<byte> bytes) => datatype switch
    {
        "BYTES" => (null, TextsOf(bytes)),
        "BOOL" or "UINT8" => (Numbers(bytes, 1, b => b[0]), null),
        "INT8" => (Numbers(bytes, 1, b => (sbyte)b[0]), null),
        "UINT16" => (Numbers(bytes, 2, b => BinaryPrimitives.ReadUInt16LittleEndian(b)), null),
        "INT16" => (Numbers(bytes, 2, b => BinaryPrimitives.ReadInt16LittleEndian(b)), null),
        "UINT32" => (Numbers(bytes, 4, b => BinaryPrimitives.ReadUInt32LittleEndian(b)), null),
        "INT32" => (Numbers(bytes, 4, b => BinaryPrimitives.ReadInt32LittleEndian(b)), null),
        "UINT64" => (Numbers(bytes, 8, b => BinaryPrimitives.ReadUInt64LittleEndian(b)), null),
        "INT64" => (Numbers(bytes, 8, b => BinaryPrimitives.ReadInt64LittleEndian(b)), null),
        "FP16" => (Numbers(bytes, 2, b => (double)BinaryPrimitives.ReadHalfLittleEndian(b)), null),
        "BF16" => (Numbers(bytes, 2, b => BitConverter.Int32BitsToSingle(BinaryPrimitives.ReadUInt16LittleEndian(b) << 16)), null),
        "FP32" => (Numbers(bytes, 4, b => BinaryPrimitives.ReadSingleLittleEndian(b)), null),
        "FP64" => (Numbers(bytes, 8, b => BinaryPrimitives.ReadDoubleLittleEndian(b)), null),
        _ => (null, null),
    };

    private static double[]? Numbers(ReadOnlySpan<byte> bytes, int size, Func<ReadOnlySpan<byte>, double> read)
    {
        if (bytes.Length % size != 0)
        {
            return null;
        }

        var numbers = new double[bytes.Length / size];
        for (var i = 0; i < numbers.Length; i++)
        {
            numbers[i] = read(bytes.Slice(i * size, size));
        }

        return numbers;
    }

    // Each text comes after its length in four bytes.
    private static string[]? TextsOf(ReadOnlySpan<byte> bytes)
    {
        var texts = new List<string>();
        while (!bytes.IsEmpty)
        {
            if (bytes.Length < 4 || BinaryPrimitives.ReadUInt32LittleEndian(bytes) is var length && length > (uint)bytes.Length - 4)
            {
                return null;
            }

            texts.Add(Encoding.UTF8.GetString(bytes.Slice(4, (int)length)));
            bytes = bytes[(4 + (int)length)..];
        }

        return [.. texts];
    }
}
