using ModelFlow.Core.Catalog;
using ModelFlow.Core.Evaluation;
using ModelFlow.Core.Naming;

namespace ModelFlow.Orchestration.Operations;

/// <summary>Two versions of a model side by side. Every difference is b − a.</summary>
public sealed record VersionComparison
{
    /// <summary>The first version.</summary>
    public required VersionRecord A { get; init; }

    /// <summary>The second version.</summary>
    public required VersionRecord B { get; init; }

    /// <summary>How their inputs and outputs differ; null if one was never inspected.</summary>
    public SignatureDifferences? Signature { get; init; }

    /// <summary>What differs of the manifests, but the name and the files.</summary>
    public required IReadOnlyList<FieldDifference> Manifest { get; init; }

    /// <summary>Metrics that training reported of either.</summary>
    public required IReadOnlyList<MetricDifference> Training { get; init; }

    /// <summary>What the evaluations measured; null if one was never evaluated.</summary>
    public EvaluationDifferences? Evaluation { get; init; }
}

/// <summary>Signatures compared.</summary>
/// <param name="Same">Whether they are equal.</param>
/// <param name="Breaking">Whether a client of a may fail with b.</param>
/// <param name="Changes">Each difference in words.</param>
public sealed record SignatureDifferences(bool Same, bool Breaking, IReadOnlyList<string> Changes);

/// <summary>A field that is not the same in both.</summary>
/// <param name="Field">Its path, for example <c>lineage.parameters.hidden</c>.</param>
/// <param name="A">The value in a; null if it is not there.</param>
/// <param name="B">The value in b; null if it is not there.</param>
public sealed record FieldDifference(string Field, string? A, string? B);

/// <summary>A number of both.</summary>
/// <param name="Name">Its name, with its unit.</param>
/// <param name="A">Of a; null if it has none.</param>
/// <param name="B">Of b; null if it has none.</param>
/// <param name="Interval">Of the difference, where it can be computed row by row.</param>
public sealed record MetricDifference(string Name, double? A, double? B, Interval? Interval = null)
{
    /// <summary>b − a; null if one has none.</summary>
    public double? Difference => B - A;
}

/// <summary>A number of both on one slice.</summary>
/// <param name="Slice">The slice, for example <c>label=8</c>.</param>
/// <param name="Metric">The number's name.</param>
/// <param name="A">Of a.</param>
/// <param name="B">Of b.</param>
/// <param name="Interval">Of the difference, where it can be computed row by row; for each slice by itself.</param>
public sealed record SliceDifference(string Slice, string Metric, double? A, double? B, Interval? Interval = null)
{
    /// <summary>b − a; null if one has none.</summary>
    public double? Difference => B - A;
}

/// <summary>What both answered to the same rows.</summary>
/// <param name="Rows">Rows, or of language models questions.</param>
/// <param name="BothRight">Rows that both had right.</param>
/// <param name="OnlyARight">Rows that only a had right.</param>
/// <param name="OnlyBRight">Rows that only b had right.</param>
/// <param name="NeitherRight">Rows that both had wrong.</param>
/// <param name="Flipped">Rows that were answered differently, right or wrong.</param>
/// <param name="Items">The first of them: what only a had right, then what only b had right, then what both had wrong.</param>
public sealed record PredictionDifferences(long Rows, long BothRight, long OnlyARight, long OnlyBRight, long NeitherRight, long Flipped, IReadOnlyList<FlippedPrediction> Items);

/// <summary>Evaluations compared.</summary>
public sealed record EvaluationDifferences
{
    /// <summary>Whether both were measured on the same rows.</summary>
    public required bool Comparable { get; init; }

    /// <summary>Whether both ran in the same evaluation, taking turns: only then do times compare.</summary>
    public required bool Together { get; init; }

    /// <summary>What to keep in mind; null when both ran together.</summary>
    public string? Reason { get; init; }

    /// <summary>The release whose report has a's numbers.</summary>
    public required ReleaseId ReportOfA { get; init; }

    /// <summary>The release whose report has b's numbers.</summary>
    public required ReleaseId ReportOfB { get; init; }

    /// <summary>Of the intervals, each by itself.</summary>
    public required double Confidence { get; init; }

    /// <summary>Over the whole data set.</summary>
    public required IReadOnlyList<MetricDifference> Metrics { get; init; }

    /// <summary>On each slice.</summary>
    public required IReadOnlyList<SliceDifference> Slices { get; init; }

    /// <summary>What flipped; null where the reports do not have the answers to the same rows.</summary>
    public PredictionDifferences? Predictions { get; init; }
}
