using ModelFlow.Core.Inspection;

namespace ModelFlow.Evaluator.Onnx;

/// <summary>Which outputs of a classifier say the class and the probabilities.</summary>
/// <param name="Label">One whole number or text a row; null when only scores are given.</param>
/// <param name="Scores">One number a row and class; null when only the class is given.</param>
internal sealed record ClassOutputs(TensorSignature? Label, TensorSignature? Scores)
{
    private static readonly string[] LabelNames = ["label", "output_label", "labels", "class", "prediction", "predicted_label"];
    private static readonly string[] ScoreNames = ["probabilities", "output_probability", "probability", "scores", "logits"];

    public IReadOnlyList<TensorSignature> All => [.. new[] { Label, Scores }.OfType<TensorSignature>()];

    /// <summary>Finds them by name, else by being the only one of their kind; null if there is neither.</summary>
    public static ClassOutputs? Find(ModelSignature signature)
    {
        var label = Pick([.. signature.Outputs.Where(o => (Datatypes.IsInteger(o.Datatype) || o.Datatype is "BYTES") && IsOneARow(o.Shape))], LabelNames);
        var scores = Pick([.. signature.Outputs.Where(o => Datatypes.IsFloat(o.Datatype) && o.Shape.Count == 2 && o.Shape[1] != 1)], ScoreNames);
        return label is null && scores is null ? null : new ClassOutputs(label, scores);
    }

    private static bool IsOneARow(IReadOnlyList<long> shape) => shape.Count == 1 || (shape.Count == 2 && shape[1] == 1);

    private static TensorSignature? Pick(IReadOnlyList<TensorSignature> candidates, string[] names) =>
        names.Select(n => candidates.FirstOrDefault(c => string.Equals(c.Name, n, StringComparison.OrdinalIgnoreCase))).FirstOrDefault(c => c is not null)
        ?? (candidates.Count == 1 ? candidates[0] : null);
}
