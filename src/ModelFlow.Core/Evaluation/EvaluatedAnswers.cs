namespace ModelFlow.Core.Evaluation;

/// <summary>What each row is and what was answered to it, in the data set's order: indices into <see cref="EvaluationReport.Classes"/>, and <see cref="ClassificationScores.OtherClass"/> for any other answer.</summary>
public sealed record EvaluatedAnswers
{
    /// <summary>The most rows that a report keeps answers of.</summary>
    public const int MostRows = 100_000;

    /// <summary>The most characters of a row's id.</summary>
    public const int LongestId = 100;

    /// <summary>The rows' ids; null where the data set has none, or one that is longer than <see cref="LongestId"/>.</summary>
    public IReadOnlyList<string>? Ids { get; init; }

    /// <summary>The true classes.</summary>
    public required IReadOnlyList<int> Truth { get; init; }

    /// <summary>The candidate's answers.</summary>
    public required IReadOnlyList<int> Candidate { get; init; }

    /// <summary>The stable version's; null without a baseline.</summary>
    public IReadOnlyList<int>? Baseline { get; init; }
}
