namespace ModelFlow.Core.Evaluation;

/// <summary>
/// What an evaluator is told and what it answers: environment variables in, files out. Any program or container image that keeps
/// to it can stand in the built-in evaluator's place; <c>docs/evaluator-contract.md</c> describes it for their authors.
/// </summary>
public static class EvaluatorContract
{
    /// <summary><c>inspect</c>, <c>smoke</c> or <c>evaluate</c>.</summary>
    public const string Mode = "MODELFLOW_MODE";

    /// <summary>The folder with the candidate's files, read-only.</summary>
    public const string ModelDirectory = "MODELFLOW_MODEL_DIR";

    /// <summary>The candidate's format as its manifest says, for example <c>onnx</c>.</summary>
    public const string Format = "MODELFLOW_FORMAT";

    /// <summary>The candidate's version, for messages.</summary>
    public const string Version = "MODELFLOW_VERSION";

    /// <summary>The folder with the baseline's files; absent without a baseline.</summary>
    public const string BaselineDirectory = "MODELFLOW_BASELINE_DIR";

    /// <summary>The baseline's format.</summary>
    public const string BaselineFormat = "MODELFLOW_BASELINE_FORMAT";

    /// <summary>The baseline's version, for messages.</summary>
    public const string BaselineVersion = "MODELFLOW_BASELINE_VERSION";

    /// <summary>The file with the rows; in every mode but <c>inspect</c>.</summary>
    public const string Dataset = "MODELFLOW_DATASET";

    /// <summary>The data set's path in its container, as the report names it.</summary>
    public const string DatasetPath = "MODELFLOW_DATASET_PATH";

    /// <summary>The data set's digest, as the report names it.</summary>
    public const string DatasetSha256 = "MODELFLOW_DATASET_SHA256";

    /// <summary>The column with the true class; <c>label</c> when absent.</summary>
    public const string Label = "MODELFLOW_LABEL";

    /// <summary>Slice columns: a JSON array of names; none when absent.</summary>
    public const string Slices = "MODELFLOW_SLICES";

    /// <summary>Rows per inference, 1 to 4096; 64 when absent.</summary>
    public const string BatchSize = "MODELFLOW_BATCH_SIZE";

    /// <summary>Threads an inference may use, 1 to 256; 1 when absent.</summary>
    public const string Threads = "MODELFLOW_THREADS";

    /// <summary>The engine for language models: a JSON array, the program and its arguments with <c>{model}</c>, <c>{name}</c>, <c>{port}</c> and <c>{threads}</c>; ModelFlow's own when absent.</summary>
    public const string Engine = "MODELFLOW_ENGINE";

    /// <summary>The address of an engine that serves the candidate already; absent where the evaluator starts one.</summary>
    public const string EngineUrl = "MODELFLOW_ENGINE_URL";

    /// <summary>The address of an engine that serves the baseline already.</summary>
    public const string BaselineEngineUrl = "MODELFLOW_BASELINE_ENGINE_URL";

    /// <summary>An empty folder for what the evaluator writes.</summary>
    public const string OutputDirectory = "MODELFLOW_OUTPUT_DIR";

    /// <summary><c>1</c> when standard input is a pipe held by the parent: at its end the evaluator ends itself.</summary>
    public const string ParentPipe = "MODELFLOW_PARENT_PIPE";

    /// <summary>The file every run writes last: an <see cref="EvaluatorResult"/>.</summary>
    public const string ResultFile = "result.json";

    /// <summary>The <see cref="EvaluationReport"/> of an evaluation.</summary>
    public const string ReportFile = "evaluation.json";

    /// <summary>The answers of both versions, row by row.</summary>
    public const string PredictionsFile = "predictions.parquet";

    /// <summary>Exit code: <see cref="ResultFile"/> says that it completed or refuses the version.</summary>
    public const int ExitAnswered = 0;

    /// <summary>Exit code: the environment variables are wrong; standard error says how.</summary>
    public const int ExitUsage = 2;

    /// <summary>Exit code: something other than the version is at fault; <see cref="ResultFile"/> says what.</summary>
    public const int ExitFaulted = 3;
}
