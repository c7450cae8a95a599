namespace ModelFlow.Core;

/// <summary>One mistake in something a person wrote, with the field it is in and what to do about it.</summary>
/// <param name="Path">The field, in the form <c>ramp.steps[2].weight</c>; empty when the whole is meant.</param>
/// <param name="Message">What is wrong and the remedy, as one sentence.</param>
public sealed record FieldError(string Path, string Message)
{
    /// <inheritdoc/>
    public override string ToString() => Path.Length == 0 ? Message : $"{Path}: {Message}";
}
