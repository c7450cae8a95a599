using Microsoft.ML.OnnxRuntime;
using ModelFlow.Core.Inspection;

namespace ModelFlow.Evaluator.Onnx;

/// <summary>One output of one batch, copied out of the runtime.</summary>
/// <param name="Signature">As declared.</param>
/// <param name="Shape">As it came.</param>
/// <param name="Numbers">Row by row; null for texts.</param>
/// <param name="Texts">Row by row; null for numbers.</param>
internal sealed record OutputBatch(TensorSignature Signature, IReadOnlyList<long> Shape, double[]? Numbers, string[]? Texts)
{
    /// <summary>Elements a row.</summary>
    public int Width => Shape.Count == 0 || Shape[0] == 0 ? 0 : (Numbers?.Length ?? Texts!.Length) / (int)Shape[0];

    /// <summary>Copies a tensor.</summary>
    public static OutputBatch Read(TensorSignature signature, OrtValue value)
    {
        var shape = value.GetTensorTypeAndShape().Shape;
        return signature.Datatype switch
        {
            "BYTES" => new OutputBatch(signature, shape, null, value.GetStringTensorAsArray()),
            "FP32" => Of(value.GetTensorDataAsSpan<float>(), static v => v),
            "FP64" => Of(value.GetTensorDataAsSpan<double>(), static v => v),
            "FP16" => Of(value.GetTensorDataAsSpan<Float16>(), static v => (float)v),
            "INT64" => Of(value.GetTensorDataAsSpan<long>(), static v => v),
            "INT32" => Of(value.GetTensorDataAsSpan<int>(), static v => v),
            "INT16" => Of(value.GetTensorDataAsSpan<short>(), static v => v),
            "INT8" => Of(value.GetTensorDataAsSpan<sbyte>(), static v => v),
            "UINT64" => Of(value.GetTensorDataAsSpan<ulong>(), static v => v),
            "UINT32" => Of(value.GetTensorDataAsSpan<uint>(), static v => v),
            "UINT16" => Of(value.GetTensorDataAsSpan<ushort>(), static v => v),
            "UINT8" => Of(value.GetTensorDataAsSpan<byte>(), static v => v),
            "BOOL" => Of(value.GetTensorDataAsSpan<bool>(), static v => v ? 1 : 0),
            _ => throw new InvalidDataException($"the output {signature} is of a type that is not read"),
        };

        OutputBatch Of<T>(ReadOnlySpan<T> data, Func<T, double> convert)
        {
            var numbers = new double[data.Length];
            for (var i = 0; i < numbers.Length; i++)
            {
                numbers[i] = convert(data[i]);
            }

            return new OutputBatch(signature, shape, numbers, null);
        }
    }

    /// <summary>Whether outputs of this type can be read.</summary>
    public static bool CanRead(TensorSignature output) =>
        Datatypes.IsFloat(output.Datatype) || Datatypes.IsInteger(output.Datatype) || output.Datatype is "BYTES" or "BOOL";
}
