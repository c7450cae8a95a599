using ModelFlow.Core.Catalog;
using ModelFlow.Core.Evaluation;
using ModelFlow.Core.Inspection;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Policies;

namespace ModelFlow.Core.Ports;

/// <summary>
/// Runs the evaluator outside the host's process: a child process, a container job. A model file is hostile input to native code;
/// whatever it does ends as a value, never as a crash of the host.
/// </summary>
public interface IEvaluationRunner
{
    /// <summary>The model formats it can inspect and run, in lower case, for example <c>onnx</c>.</summary>
    IReadOnlySet<string> SupportedFormats { get; }

    /// <summary>
    /// Runs a job to its end, or ends it at its time limit. The same job id again finds the earlier run's outputs, or the run itself
    /// while it goes on. A cancelled call ends the job.
    /// </summary>
    Task<EvaluationRun> RunAsync(EvaluationJob job, CancellationToken cancellationToken);

    /// <summary>
    /// Ends a job that goes on elsewhere (<see cref="EvaluationRun.Running"/>): its release wants it no more. Does nothing where no job outlives
    /// its call.
    /// </summary>
    Task StopAsync(string jobId, CancellationToken cancellationToken) => Task.CompletedTask;
}

/// <summary>What the evaluator is to do.</summary>
public sealed record EvaluationJob
{
    /// <summary>Unique per release and command: <c>{release}-{command seq}</c>.</summary>
    public required string Id { get; init; }

    /// <summary>The release it is for; outputs are kept with its reports.</summary>
    public required ReleaseId Release { get; init; }

    /// <summary>The mode.</summary>
    public required EvaluationMode Mode { get; init; }

    /// <summary>The version.</summary>
    public required VersionRecord Version { get; init; }

    /// <summary>The version to compare with, in <see cref="EvaluationMode.Evaluate"/>.</summary>
    public VersionRecord? Baseline { get; init; }

    /// <summary>The rows, in every mode but <see cref="EvaluationMode.Inspect"/>.</summary>
    public DatasetReference? Dataset { get; init; }

    /// <summary>How they are read, in <see cref="EvaluationMode.Evaluate"/>.</summary>
    public EvaluationPolicy? Policy { get; init; }

    /// <summary>After this the job is ended.</summary>
    public required TimeSpan TimeLimit { get; init; }
}

/// <summary>What the evaluator does.</summary>
public enum EvaluationMode
{
    /// <summary>Reads format, content and signature.</summary>
    Inspect,

    /// <summary>Runs golden inputs; checks shapes and that numbers are finite.</summary>
    Smoke,

    /// <summary>Runs the version and the baseline over a data set.</summary>
    Evaluate,
}

/// <summary>The outcome of a job.</summary>
public abstract record EvaluationRun
{
    private EvaluationRun()
    {
    }

    /// <summary>It said what it found.</summary>
    public sealed record Completed(EvaluatorOutput Output) : EvaluationRun;

    /// <summary>It goes on by itself, elsewhere. The same job is to be run again after <paramref name="LookAgainAfter"/> to learn more.</summary>
    public sealed record Running(TimeSpan LookAgainAfter) : EvaluationRun;

    /// <summary>The version is at fault: it crashed, hung or exhausted the evaluator.</summary>
    public sealed record ModelAtFault(string Reason) : EvaluationRun;

    /// <summary>The infrastructure is at fault: worth another try.</summary>
    public sealed record Faulted(string Reason) : EvaluationRun;
}

/// <summary>What the evaluator wrote, read and checked.</summary>
public abstract record EvaluatorOutput
{
    private EvaluatorOutput()
    {
    }

    /// <summary>The version may not go on; why.</summary>
    public sealed record Refused(string By, string Reason) : EvaluatorOutput;

    /// <summary>From <see cref="EvaluationMode.Inspect"/>.</summary>
    public sealed record Inspected(ModelSignature Signature, string Summary) : EvaluatorOutput;

    /// <summary>From <see cref="EvaluationMode.Smoke"/>.</summary>
    public sealed record SmokeTested(string Summary) : EvaluatorOutput;

    /// <summary>From <see cref="EvaluationMode.Evaluate"/>: the report, kept as <c>evaluation.json</c>.</summary>
    public sealed record Evaluated(EvaluationReport Report, Sha256Digest Digest) : EvaluatorOutput;
}
