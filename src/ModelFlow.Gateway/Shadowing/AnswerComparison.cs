using System.Runtime.InteropServices;
using System.Text.Json;
using ModelFlow.Gateway.Routing;

namespace ModelFlow.Gateway.Shadowing;

/// <summary>How far two answers to the same request are apart.</summary>
internal static class AnswerComparison
{
    private const string EventStream = "text/event-stream";

    /// <summary>Compares. Both null where the answers cannot be read, or hold nothing to compare.</summary>
    public static ComparedAnswers Compare(ModelOperation operation, CapturedAnswer stable, CapturedAnswer candidate)
    {
        if (!stable.IsPlain || !candidate.IsPlain)
        {
            return default;
        }

        try
        {
            return operation.Suffix switch
            {
                "/infer" => Tensors(stable, candidate),
                "/embeddings" => VectorComparison.Compare(stable.Bytes, candidate.Bytes),
                _ => TextComparison.Compare(Text(stable), Text(candidate)),
            };
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException or OverflowException or KeyNotFoundException)
        {
            return default;
        }
    }

    private static ComparedAnswers Tensors(CapturedAnswer stable, CapturedAnswer candidate) =>
        TensorReader.Read(stable.Bytes, stable.JsonBytes) is { } theirs && TensorReader.Read(candidate.Bytes, candidate.JsonBytes) is { } ours
            ? TensorComparison.Compare(theirs, ours)
            : default;

    private static string? Text(CapturedAnswer answer) => string.Equals(answer.MediaType, EventStream, StringComparison.Ordinal) ? TextComparison.OfStream(answer.Bytes.Span) : TextComparison.Of(answer.Bytes);
}

/// <summary>How far two answers are apart.</summary>
/// <param name="Disagreement">The share of the answer that disagrees, 0 to 1; null where agreement cannot be told.</param>
/// <param name="Distance">How far scores, vectors or lengths are apart, 0 to 1; null where there are none.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct ComparedAnswers(double? Disagreement, double? Distance);
