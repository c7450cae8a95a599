namespace ModelFlow.Core.Evaluation;

/// <summary>What an evaluation measured: the content of <c>evaluation.json</c>.</summary>
public sealed record EvaluationReport
{
    /// <summary>The schema this record is written in.</summary>
    public const string CurrentSchema = "modelflow/evaluation/v1";

    /// <summary>Always <see cref="CurrentSchema"/>.</summary>
    public string Schema { get; init; } = CurrentSchema;
}
