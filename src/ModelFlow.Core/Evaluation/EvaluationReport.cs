using System.Text.Json.Serialization;
using ModelFlow.Core.Naming;

namespace ModelFlow.Core.Evaluation;

/// <summary>
/// What an evaluation measured: the content of <c>evaluation.json</c>. Written by the evaluator, read and checked by
/// <see cref="EvaluationReportReader"/>, judged by <see cref="GateJudge"/>. It holds all that the gates need, so that
/// a judgement can be repeated from the report alone.
/// </summary>
public sealed record EvaluationReport
{
    /// <summary>The schema this record is written in.</summary>
    public const string CurrentSchema = "modelflow/evaluation/v1";

    /// <summary>Always <see cref="CurrentSchema"/>.</summary>
    public string Schema { get; init; } = CurrentSchema;

    /// <summary>The rows that were used.</summary>
    public required EvaluatedDataset Dataset { get; init; }

    /// <summary>The column with the true class.</summary>
    public required string Label { get; init; }

    /// <summary>The true classes of the data set, in order: the rows and columns of the confusion matrices. At most 1,000.</summary>
    public required IReadOnlyList<string> Classes { get; init; }

    /// <summary>Rows per inference: what one latency stands for.</summary>
    public required int BatchSize { get; init; }

    /// <summary>The version that is to be released.</summary>
    public required ModelMeasurements Candidate { get; init; }

    /// <summary>The stable version on the same rows; null when there is none or it cannot read them.</summary>
    public ModelMeasurements? Baseline { get; init; }

    /// <summary>Why there is a stable version and no <see cref="Baseline"/>: it is made for other rows, as before a new signature.</summary>
    public string? BaselineUnavailable { get; init; }

    /// <summary>Both versions' answers row by row, counted over the whole data set; null without a baseline.</summary>
    public PairedOutcomes? Paired { get; init; }

    /// <summary>Every slice: first the true classes, then the values of each slice column. At most 1,000.</summary>
    public required IReadOnlyList<SliceReport> Slices { get; init; }

    /// <summary>Every row's answers, so that two versions can be compared row by row, also from two reports on the same data set; null where there are too many rows, or the evaluator keeps none. No gate needs them.</summary>
    public EvaluatedAnswers? Answers { get; init; }

    /// <summary>Of language models: what was measured of them; classes, confusion matrices, slices and paired outcomes are then empty, and a latency is that of one whole answer. Null for classifiers.</summary>
    public TextEvaluation? Text { get; init; }

    /// <summary>The most memory the evaluator's process held, with every model loaded, in bytes; null where it cannot be read.</summary>
    public long? PeakMemoryBytes { get; init; }

    /// <summary>What a reader should know about how it was measured.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];
}

/// <summary>A data set as it was read.</summary>
/// <param name="Path">Its path in the <c>datasets</c> container.</param>
/// <param name="Sha256">The digest of the bytes that were read.</param>
/// <param name="Rows">The number of rows, at least 1.</param>
public sealed record EvaluatedDataset(string Path, Sha256Digest Sha256, long Rows);

/// <summary>One version's numbers over the whole data set.</summary>
public sealed record ModelMeasurements
{
    /// <summary>The share of rows answered with the true class, 0 to 1; null when it could not be measured.</summary>
    public double? Accuracy { get; init; }

    /// <summary>The mean over the true classes of the harmonic mean of precision and recall (0 where both are 0), 0 to 1.</summary>
    public double? MacroF1 { get; init; }

    /// <summary>
    /// Expected calibration error, 0 to 1: the mean distance between confidence and accuracy over 15 bins of equal width
    /// (Guo et al., On Calibration of Modern Neural Networks, ICML 2017); null when the model gives no probabilities.
    /// </summary>
    public double? CalibrationError { get; init; }

    /// <summary>Counts by true class (row) and answered class (column), in the order of <see cref="EvaluationReport.Classes"/>; one last column for any other answer.</summary>
    public required IReadOnlyList<IReadOnlyList<long>> ConfusionMatrix { get; init; }

    /// <summary>How long it took to load, in milliseconds.</summary>
    public required double LoadTimeMs { get; init; }

    /// <summary>The time of one batch.</summary>
    public required LatencyMeasurements Latency { get; init; }

    /// <summary>Rows per second of inference time, one batch after the other.</summary>
    public required double ThroughputRowsPerSecond { get; init; }

    /// <summary>By how much the process's resident memory grew at most while this version was loaded and warmed up, in bytes; null where it cannot be read.</summary>
    public long? MemoryBytes { get; init; }
}

/// <summary>How long batches took, after a warm-up, with the two versions taking turns.</summary>
public sealed record LatencyMeasurements
{
    /// <summary>The median, in milliseconds.</summary>
    public required double P50Ms { get; init; }

    /// <summary>The 95th percentile (nearest rank), in milliseconds.</summary>
    public required double P95Ms { get; init; }

    /// <summary>The 99th percentile (nearest rank), in milliseconds.</summary>
    public required double P99Ms { get; init; }

    /// <summary>Every full batch that was timed, in milliseconds, in order; the n-th of both versions ran next to each other on the same rows. At most 10,000.</summary>
    public required IReadOnlyList<double> SamplesMs { get; init; }
}

/// <summary>How often two versions were right on the same rows: all that a paired test of their accuracies needs.</summary>
/// <param name="BothCorrect">Rows on which both were right.</param>
/// <param name="OnlyCandidateCorrect">Rows on which only the candidate was right.</param>
/// <param name="OnlyBaselineCorrect">Rows on which only the baseline was right.</param>
/// <param name="NeitherCorrect">Rows on which both were wrong.</param>
public sealed record PairedOutcomes(long BothCorrect, long OnlyCandidateCorrect, long OnlyBaselineCorrect, long NeitherCorrect)
{
    /// <summary>The number of rows.</summary>
    [JsonIgnore]
    public long Rows => BothCorrect + OnlyCandidateCorrect + OnlyBaselineCorrect + NeitherCorrect;
}

/// <summary>The rows that have one value in one column.</summary>
public sealed record SliceReport
{
    /// <summary>The column.</summary>
    public required string Column { get; init; }

    /// <summary>The value, as text.</summary>
    public required string Value { get; init; }

    /// <summary>The number of rows, at least 1.</summary>
    public required long Rows { get; init; }

    /// <summary>The candidate's numbers.</summary>
    public required SliceScores Candidate { get; init; }

    /// <summary>The baseline's numbers; null without one.</summary>
    public SliceScores? Baseline { get; init; }

    /// <summary>Both versions' answers row by row; null without a baseline.</summary>
    public PairedOutcomes? Paired { get; init; }
}

/// <summary>One version's numbers on one slice.</summary>
/// <param name="Accuracy">The share of the slice's rows answered with the true class, 0 to 1. On a slice that is a true class this is the class's recall.</param>
/// <param name="Recall">Recall averaged over the true classes that occur in the slice, 0 to 1.</param>
public sealed record SliceScores(double Accuracy, double Recall);
