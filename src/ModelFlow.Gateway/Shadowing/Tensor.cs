namespace ModelFlow.Gateway.Shadowing;

/// <summary>An output of an Open Inference answer.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Shape">Its shape.</param>
/// <param name="IsScore">Whether it holds floating-point numbers; otherwise labels: whole numbers, texts, or yes and no.</param>
/// <param name="Numbers">Its values; null where they are texts.</param>
/// <param name="Texts">Its values; null where they are numbers.</param>
internal sealed record Tensor(string Name, IReadOnlyList<long> Shape, bool IsScore, double[]? Numbers, string[]? Texts)
{
    /// <summary>How many values it has.</summary>
    public int Count => Numbers?.Length ?? Texts?.Length ?? 0;
}
