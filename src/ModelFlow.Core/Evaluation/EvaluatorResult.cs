using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using ModelFlow.Core.Inspection;
using ModelFlow.Core.Serialization;

namespace ModelFlow.Core.Evaluation;

/// <summary>How an evaluator's run ended.</summary>
public enum EvaluatorStatus
{
    /// <summary>It did what it was asked; the version is fine as far as that goes.</summary>
    Completed,

    /// <summary>The version may not go on.</summary>
    Refused,

    /// <summary>Something other than the version is at fault: the data set, the baseline, the machine.</summary>
    Faulted,
}

/// <summary>What an evaluator answers: the content of <c>result.json</c>.</summary>
public sealed record EvaluatorResult
{
    /// <summary>The schema this record is written in.</summary>
    public const string CurrentSchema = "modelflow/evaluator-result/v1";

    private const int LongestText = 10_000;
    private const int MostTensors = 1_000;

    /// <summary>Always <see cref="CurrentSchema"/>.</summary>
    public string Schema { get; init; } = CurrentSchema;

    /// <summary>How it ended.</summary>
    public required EvaluatorStatus Status { get; init; }

    /// <summary>What refused the version: <c>format</c>, <c>inspection</c>, <c>signature</c>, <c>smoke</c> or <c>evaluation</c>; only with <see cref="EvaluatorStatus.Refused"/>.</summary>
    public string? By { get; init; }

    /// <summary>Why, with the numbers and the remedy; with <see cref="EvaluatorStatus.Refused"/> and <see cref="EvaluatorStatus.Faulted"/>.</summary>
    public string? Reason { get; init; }

    /// <summary>The version's inputs and outputs; from a completed inspection.</summary>
    public ModelSignature? Signature { get; init; }

    /// <summary>What was found, in a sentence or two; with <see cref="EvaluatorStatus.Completed"/>.</summary>
    public string? Summary { get; init; }

    /// <summary>It did what it was asked.</summary>
    public static EvaluatorResult Completed(string summary, ModelSignature? signature = null) =>
        new() { Status = EvaluatorStatus.Completed, Summary = summary, Signature = signature };

    /// <summary>The version may not go on.</summary>
    public static EvaluatorResult Refused(string by, string reason) => new() { Status = EvaluatorStatus.Refused, By = by, Reason = reason };

    /// <summary>Something other than the version is at fault.</summary>
    public static EvaluatorResult Faulted(string reason) => new() { Status = EvaluatorStatus.Faulted, Reason = reason };

    /// <summary>Reads a result, or says in <paramref name="error"/> what is wrong with it.</summary>
    public static bool TryRead(ReadOnlySpan<byte> utf8, [NotNullWhen(true)] out EvaluatorResult? result, [NotNullWhen(false)] out string? error)
    {
        result = null;
        try
        {
            result = JsonSerializer.Deserialize<EvaluatorResult>(utf8, CoreJson.Options);
        }
        catch (JsonException e)
        {
            error = $"it is not a {CurrentSchema} document: {e.Message}";
            return false;
        }

        error = result is null ? "it is null" : result.Mistake();
        if (error is not null)
        {
            result = null;
        }

        return result is not null;
    }

    private string? Mistake()
    {
        if (!string.Equals(Schema, CurrentSchema, StringComparison.Ordinal))
        {
            return $"its schema is not '{CurrentSchema}'";
        }

        if (!Enum.IsDefined(Status))
        {
            return "its status is unknown";
        }

        if (new[] { By, Reason, Summary }.Any(t => t is { Length: > LongestText }))
        {
            return $"a text in it is longer than {LongestText} characters";
        }

        if (Status == EvaluatorStatus.Refused && By is not ("format" or "inspection" or "signature" or "smoke" or "evaluation"))
        {
            return "a refusal must be by format, inspection, signature, smoke or evaluation";
        }

        if (Status != EvaluatorStatus.Completed && string.IsNullOrWhiteSpace(Reason))
        {
            return "it gives no reason";
        }

        if (Status == EvaluatorStatus.Completed && Summary is null)
        {
            return "it has no summary";
        }

        return Signature is null || (IsSound(Signature.Inputs) && IsSound(Signature.Outputs) && IsSound(Signature.Text)) ? null : "its signature is incomplete";
    }

    private static bool IsSound(TextSignature? text) => text is null or { ContextLength: >= 1, VocabularySize: >= 1, Tokenizer.Hex.Length: > 0 };

    private static bool IsSound(IReadOnlyList<TensorSignature>? tensors) =>
        tensors is { Count: <= MostTensors } && tensors.All(t =>
            t is { Name.Length: > 0 and <= LongestText, Datatype.Length: > 0 and <= 100, Shape.Count: <= 100 } && t.Shape.All(d => d >= -1));
}
