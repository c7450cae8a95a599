namespace ModelFlow.Core.Inspection;

/// <summary>A model's inputs and outputs.</summary>
/// <param name="Inputs">In the order the model declares them.</param>
/// <param name="Outputs">In the order the model declares them.</param>
public sealed record ModelSignature(IReadOnlyList<TensorSignature> Inputs, IReadOnlyList<TensorSignature> Outputs)
{
    /// <summary>Of a language model, which has no tensors; null for any other.</summary>
    public TextSignature? Text { get; init; }

    /// <summary>A language model's.</summary>
    public static ModelSignature OfText(TextSignature text) => new([], []) { Text = text };

    /// <inheritdoc/>
    public bool Equals(ModelSignature? other) => other is not null && Inputs.SequenceEqual(other.Inputs) && Outputs.SequenceEqual(other.Outputs) && Equals(Text, other.Text);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Inputs.Count, Outputs.Count);
}

/// <summary>One tensor.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Datatype">In the Open Inference Protocol's words: <c>FP32</c>, <c>INT64</c>, <c>BYTES</c>, …</param>
/// <param name="Shape">Its dimensions; -1 where any size goes.</param>
public sealed record TensorSignature(string Name, string Datatype, IReadOnlyList<long> Shape)
{
    /// <inheritdoc/>
    public bool Equals(TensorSignature? other) => other is not null
        && string.Equals(Name, other.Name, StringComparison.Ordinal)
        && string.Equals(Datatype, other.Datatype, StringComparison.Ordinal)
        && Shape.SequenceEqual(other.Shape);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Name, Datatype, Shape.Count);

    /// <inheritdoc/>
    public override string ToString() => $"{Name} {Datatype}[{string.Join(',', Shape)}]";
}
