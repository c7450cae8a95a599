using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Serialization;

namespace ModelFlow.Core.Evaluation.Remote;

/// <summary>How an evaluation in a container ended.</summary>
public enum RemoteEnd
{
    /// <summary>The evaluator answered: see <see cref="RemoteOutcome.Result"/>.</summary>
    Answered,

    /// <summary>It crashed, hung or exhausted the container.</summary>
    ModelAtFault,

    /// <summary>Something else is at fault.</summary>
    Faulted,
}

/// <summary>What an agent leaves last: how the evaluation ended and which files belong to it.</summary>
public sealed record RemoteOutcome
{
    /// <summary>The schema this record is written in.</summary>
    public const string CurrentSchema = "modelflow/evaluation-outcome/v1";

    /// <summary>The most an outcome may have, in bytes.</summary>
    public const long Largest = EvaluatorOutputs.LargestResult + 64 * 1024;

    private const int LongestReason = 10_000;

    /// <summary>Always <see cref="CurrentSchema"/>.</summary>
    public string Schema { get; init; } = CurrentSchema;

    /// <summary>The job.</summary>
    public required string Job { get; init; }

    /// <summary>The start whose outputs these are.</summary>
    public required int Start { get; init; }

    /// <summary>How it ended.</summary>
    public required RemoteEnd End { get; init; }

    /// <summary>Why; with every end but <see cref="RemoteEnd.Answered"/>.</summary>
    public string? Reason { get; init; }

    /// <summary>The evaluator's <c>result.json</c>; with <see cref="RemoteEnd.Answered"/>.</summary>
    public EvaluatorResult? Result { get; init; }

    /// <summary>The digest of the report that was put; null without one.</summary>
    public Sha256Digest? Report { get; init; }

    /// <summary>The digest of the predictions that were put; null without them.</summary>
    public Sha256Digest? Predictions { get; init; }

    /// <summary>Reads an outcome, or says in <paramref name="error"/> what is wrong with it.</summary>
    public static bool TryRead(ReadOnlySpan<byte> utf8, [NotNullWhen(true)] out RemoteOutcome? outcome, [NotNullWhen(false)] out string? error)
    {
        outcome = null;
        RemoteOutcome? read;
        try
        {
            read = JsonSerializer.Deserialize<RemoteOutcome>(utf8, CoreJson.Options);
        }
        catch (JsonException e)
        {
            error = $"it is not a {CurrentSchema} document: {e.Message}";
            return false;
        }

        error = read is null ? "it is null" : read.Mistake();
        outcome = error is null ? read : null;
        return outcome is not null;
    }

    private string? Mistake()
    {
        if (!string.Equals(Schema, CurrentSchema, StringComparison.Ordinal))
        {
            return $"its schema is not '{CurrentSchema}'";
        }

        if (!Enum.IsDefined(End) || Reason is { Length: > LongestReason })
        {
            return "its end is unknown or its reason too long";
        }

        if (End != RemoteEnd.Answered)
        {
            return string.IsNullOrWhiteSpace(Reason) ? "it gives no reason" : null;
        }

        if (Result is null)
        {
            return "it has no result";
        }

        // The result passes the same checks as one that was read from a file.
        return EvaluatorResult.TryRead(JsonSerializer.SerializeToUtf8Bytes(Result, CoreJson.Options), out _, out var mistake) ? null : mistake;
    }
}
