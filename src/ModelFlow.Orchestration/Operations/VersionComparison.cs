using ModelFlow.Core.Catalog;
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
/// <param name="Difference">b − a; null if one has none.</param>
public sealed record MetricDifference(string Name, double? A, double? B, double? Difference);

/// <summary>A number of both on one slice.</summary>
/// <param name="Slice">The slice, for example <c>label=8</c>.</param>
/// <param name="Metric">The number's name.</param>
/// <param name="A">Of a.</param>
/// <param name="B">Of b.</param>
/// <param name="Difference">b − a; null if one has none.</param>
public sealed record SliceDifference(string Slice, string Metric, double? A, double? B, double? Difference);

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

    /// <summary>Over the whole data set.</summary>
    public required IReadOnlyList<MetricDifference> Metrics { get; init; }

    /// <summary>On each slice.</summary>
    public required IReadOnlyList<SliceDifference> Slices { get; init; }
}
