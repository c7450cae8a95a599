using System.Collections.Frozen;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace ModelFlow.Serving.Tensors;

/// <summary>
/// The protocol's names of tensor data types, and ONNX Runtime's. Types that the protocol does not know
/// (complex numbers, bfloat16, …) have no name here, and a model that needs one is refused when it is loaded.
/// </summary>
internal static class Datatype
{
    private static readonly FrozenDictionary<TensorElementType, string> Names = new Dictionary<TensorElementType, string>
    {
        [TensorElementType.Bool] = "BOOL",
        [TensorElementType.UInt8] = "UINT8",
        [TensorElementType.UInt16] = "UINT16",
        [TensorElementType.UInt32] = "UINT32",
        [TensorElementType.UInt64] = "UINT64",
        [TensorElementType.Int8] = "INT8",
        [TensorElementType.Int16] = "INT16",
        [TensorElementType.Int32] = "INT32",
        [TensorElementType.Int64] = "INT64",
        [TensorElementType.Float16] = "FP16",
        [TensorElementType.Float] = "FP32",
        [TensorElementType.Double] = "FP64",
        [TensorElementType.String] = "BYTES",
    }.ToFrozenDictionary();

    /// <summary>The protocol's name, or null.</summary>
    public static string? NameOf(TensorElementType type) => Names.GetValueOrDefault(type);

    /// <summary>All names, for messages.</summary>
    public static string All { get; } = string.Join(", ", Names.Values.Order(StringComparer.Ordinal));

    /// <summary>Whether the protocol has a type of this name.</summary>
    public static bool IsKnown(string name) => Names.Values.Contains(name, StringComparer.Ordinal);
}
