using System.Collections.Concurrent;
using ModelFlow.Core.Evaluation;
using ModelFlow.Core.Inspection;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;

namespace ModelFlow.Testing.World;

/// <summary>An evaluator that answers what a version's behaviour says.</summary>
public sealed class SimulatedEvaluator(Func<VersionName, VersionBehaviour> behaviour) : IEvaluationRunner
{
    private static readonly ModelSignature Pixels = Signature("pixels");

    /// <summary>Jobs that were run, in order.</summary>
    public ConcurrentQueue<EvaluationJob> Jobs { get; } = new();

    /// <summary>Jobs that were stopped because their release wants them no more.</summary>
    public ConcurrentQueue<string> Stopped { get; } = new();

    public IReadOnlySet<string> SupportedFormats { get; } = new HashSet<string>(StringComparer.Ordinal) { "onnx" };

    /// <summary>How often a job is said to go on elsewhere before its answer is there; 0 by default.</summary>
    public int LooksBeforeAnswer { get; set; }

    /// <summary>Awaited in each job, which has begun then; nothing by default.</summary>
    public Func<EvaluationJob, CancellationToken, Task> During { get; set; } = (_, _) => Task.CompletedTask;

    public async Task<EvaluationRun> RunAsync(EvaluationJob job, CancellationToken cancellationToken)
    {
        Jobs.Enqueue(job);
        await During(job, cancellationToken);
        if (Jobs.Count(j => j.Id == job.Id) <= LooksBeforeAnswer)
        {
            return new EvaluationRun.Running(TimeSpan.FromSeconds(30));
        }

        var version = behaviour(job.Version.Version);
        EvaluatorOutput output = job.Mode switch
        {
            EvaluationMode.Inspect when version.InspectionRefusal is { } reason => new EvaluatorOutput.Refused("inspection", reason),
            EvaluationMode.Inspect => new EvaluatorOutput.Inspected(version.OtherInputs ? Signature("image") : Pixels, "ONNX, 1 input."),
            EvaluationMode.Smoke when version.SmokeRefusal is { } reason => new EvaluatorOutput.Refused("smoke", reason),
            EvaluationMode.Smoke => new EvaluatorOutput.SmokeTested("30 rows ran."),
            _ => Evaluated(job),
        };
        return new EvaluationRun.Completed(output);
    }

    public Task StopAsync(string jobId, CancellationToken cancellationToken)
    {
        Stopped.Enqueue(jobId);
        return Task.CompletedTask;
    }

    private EvaluatorOutput.Evaluated Evaluated(EvaluationJob job)
    {
        var report = new EvaluationReport
        {
            Dataset = new EvaluatedDataset(job.Dataset!.Path, job.Dataset.Sha256, 1000),
            Label = "label",
            Classes = ["0", "1"],
            BatchSize = 64,
            Candidate = Measure(job.Version.Version),
            Baseline = job.Baseline is { } baseline ? Measure(baseline.Version) : null,
            Slices = [],
        };
        return new EvaluatorOutput.Evaluated(report, Sha256Digest.Of($"{job.Id} {report.Candidate.Accuracy}"));
    }

    private ModelMeasurements Measure(VersionName version)
    {
        var accuracy = behaviour(version).Accuracy;
        var right = (long)(accuracy * 500);
        return new ModelMeasurements
        {
            Accuracy = accuracy,
            MacroF1 = accuracy,
            CalibrationError = 0.01,
            ConfusionMatrix = [[right, 500 - right, 0], [500 - right, right, 0]],
            LoadTimeMs = 10,
            Latency = new LatencyMeasurements { P50Ms = 1, P95Ms = 2, P99Ms = 3, SamplesMs = [1, 2, 3] },
            ThroughputRowsPerSecond = 10_000,
        };
    }

    private static ModelSignature Signature(string input) =>
        new([new TensorSignature(input, "FP32", [-1, 64])], [new TensorSignature("label", "INT64", [-1])]);
}
