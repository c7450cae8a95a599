using Microsoft.ML.OnnxRuntime;

namespace ModelFlow.Serving.Tensors;

/// <summary>A checked inference request: one tensor for each of the model's inputs, in the model's order. Owns the tensors.</summary>
/// <param name="id">The caller's id for the request; returned with the answer.</param>
/// <param name="inputs">The tensors.</param>
/// <param name="outputs">Indexes of the model's outputs that are wanted, in the order of the answer.</param>
internal sealed class InferenceRequest(string? id, OrtValue[] inputs, int[] outputs) : IDisposable
{
    public string? Id { get; } = id;

    public IReadOnlyList<OrtValue> Inputs => inputs;

    public IReadOnlyList<int> Outputs => outputs;

    public void Dispose()
    {
        foreach (var input in inputs)
        {
            input.Dispose();
        }
    }
}
