namespace ModelFlow.Evaluator.Onnx;

/// <summary>
/// ONNX element types in the words of the Open Inference Protocol
/// (https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md#tensor-data-types).
/// </summary>
internal static class Datatypes
{
    public const string Sequence = "SEQUENCE";
    public const string Map = "MAP";
    public const string Sparse = "SPARSE";
    public const string Optional = "OPTIONAL";

    /// <summary>The word for a <c>TensorProto.DataType</c>; <c>ONNX_n</c> for one the protocol has no word for.</summary>
    public static string OfOnnx(int type) => type switch
    {
        1 => "FP32",
        2 => "UINT8",
        3 => "INT8",
        4 => "UINT16",
        5 => "INT16",
        6 => "INT32",
        7 => "INT64",
        8 => "BYTES",
        9 => "BOOL",
        10 => "FP16",
        11 => "FP64",
        12 => "UINT32",
        13 => "UINT64",
        16 => "BF16",
        _ => $"ONNX_{type}",
    };

    public static bool IsFloat(string datatype) => datatype is "FP32" or "FP64" or "FP16";

    public static bool IsInteger(string datatype) => datatype is "INT64" or "INT32" or "INT16" or "INT8" or "UINT64" or "UINT32" or "UINT16" or "UINT8";
}
