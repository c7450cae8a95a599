namespace ModelFlow.Core.Evaluation;

/// <summary>
/// The offline gates. Absolute limits hold for the candidate alone; relative ones compare it with the stable version
/// on the same rows by a paired bootstrap, so that noise does not decide. A limit left out is not checked.
/// </summary>
public sealed record GatePolicy
{
    /// <summary>The least accuracy, 0 to 1.</summary>
    public double? MinAccuracy { get; init; }

    /// <summary>The least macro-averaged F1, 0 to 1.</summary>
    public double? MinMacroF1 { get; init; }

    /// <summary>The most expected calibration error, 0 to 1.</summary>
    public double? MaxCalibrationError { get; init; }

    /// <summary>The most 95th-percentile latency of one batch, in milliseconds, above 0 to 3,600,000.</summary>
    public double? MaxLatencyP95Ms { get; init; }

    /// <summary>The most accuracy (as a fraction, 0 to 1) that may be lost against stable; refused when a greater loss is established.</summary>
    public double? MaxAccuracyLoss { get; init; }

    /// <summary>The most recall (as a fraction, 0 to 1) any slice may lose against stable; refused when a greater loss is established.</summary>
    public double? MaxSliceRecallLoss { get; init; }

    /// <summary>Slices with fewer rows are reported and not gated, 1 to 1,000,000; 20 by default.</summary>
    public int MinSliceRows { get; init; } = 20;

    /// <summary>The most the candidate's p95 latency may be as a multiple of stable's, 0.1 to 1,000.</summary>
    public double? MaxLatencyRatio { get; init; }

    /// <summary>Of a language model: the most perplexity, 1 to 1e9.</summary>
    public double? MaxPerplexity { get; init; }

    /// <summary>The most loss in bits per byte of text, above 0 to 64.</summary>
    public double? MaxBitsPerByte { get; init; }

    /// <summary>The least share of multiple-choice questions answered right, 0 to 1.</summary>
    public double? MinChoiceAccuracy { get; init; }

    /// <summary>The most 95th-percentile time to the first token, in milliseconds, above 0 to 3,600,000.</summary>
    public double? MaxTimeToFirstTokenMs { get; init; }

    /// <summary>The least median of tokens per second of one answer, above 0 to 1,000,000.</summary>
    public double? MinTokensPerSecond { get; init; }

    /// <summary>The most the perplexity may be as a multiple of stable's, 0.1 to 1,000; only between versions with one tokenizer. Refused when a greater one is established.</summary>
    public double? MaxPerplexityRatio { get; init; }

    /// <summary>The most bits per byte the loss may be above stable's, 0 to 64; whatever the tokenizers. Refused when a greater increase is established.</summary>
    public double? MaxBitsPerByteIncrease { get; init; }

    /// <summary>The most accuracy of multiple choice (as a fraction, 0 to 1) that may be lost against stable; refused when a greater loss is established.</summary>
    public double? MaxChoiceAccuracyLoss { get; init; }

    /// <summary>Confidence of the paired intervals, 0.8 to 0.9999; 0.95 by default, divided over the slices compared.</summary>
    public double Confidence { get; init; } = 0.95;
}
