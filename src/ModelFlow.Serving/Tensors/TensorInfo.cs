using Microsoft.ML.OnnxRuntime.Tensors;

namespace ModelFlow.Serving.Tensors;

/// <summary>One input or output of a loaded model.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">ONNX Runtime's element type.</param>
/// <param name="Datatype">The protocol's name for it.</param>
/// <param name="Shape">Its dimensions, -1 where any size goes; empty for a scalar and where the model states no rank.</param>
/// <param name="Symbols">For each dimension the model's name for its size, or an empty string; equal names mean equal sizes in one request.</param>
internal sealed record TensorInfo(string Name, TensorElementType Type, string Datatype, long[] Shape, string[] Symbols);
