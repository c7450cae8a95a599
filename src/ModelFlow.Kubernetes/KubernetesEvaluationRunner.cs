using k8s;
using Microsoft.Extensions.Logging;
using ModelFlow.Core.Ports;
using ModelFlow.Orchestration.Evaluation;

namespace ModelFlow.Kubernetes;

/// <summary>Runs evaluations as Kubernetes Jobs, each with a disk of the size it needs; inspections and smoke tests without GPUs.</summary>
public sealed class KubernetesEvaluationRunner : IEvaluationRunner
{
    private readonly RemoteEvaluationRunner _evaluation;
    private readonly RemoteEvaluationRunner _inspection;

    /// <summary>Makes a runner; asks nothing yet.</summary>
    /// <param name="options">Valid options.</param>
    /// <param name="cluster">The cluster.</param>
    /// <param name="handover">Where jobs are handed over.</param>
    /// <param name="digests">Resolves images with a tag.</param>
    /// <param name="reports">Where outputs go.</param>
    /// <param name="logger">Told of starts and stops.</param>
    public KubernetesEvaluationRunner(
        KubernetesEvaluationOptions options, IKubernetes cluster, IEvaluationHandover handover, IImageDigests digests, IReportStore reports, ILogger<RemoteEvaluationRunner> logger)
    {
        ArgumentNullException.ThrowIfNull(options);
        var settings = new RemoteEvaluationSettings
        {
            Image = options.Image,
            Formats = (options.Formats.Count > 0 ? options.Formats : ["onnx", "gguf"]).ToHashSet(StringComparer.Ordinal),
            Threads = options.Cpus,
            MemoryMiB = options.MemoryMiB,
            OutputMiB = options.OutputMiB,
            PollEvery = options.PollEvery,
            QueueLimit = options.QueueLimit,
        };
        _evaluation = Runner(new KubernetesNodes(options.Gpus, options.NodeSelector));
        _inspection = Runner(new KubernetesNodes(options.InspectionGpus, options.InspectionNodeSelector.Count > 0 ? options.InspectionNodeSelector : options.NodeSelector));

        RemoteEvaluationRunner Runner(KubernetesNodes nodes) => new(settings, handover, new KubernetesPlatform(cluster, options, nodes), digests, reports, logger);
    }

    /// <inheritdoc/>
    public IReadOnlySet<string> SupportedFormats => _evaluation.SupportedFormats;

    /// <inheritdoc/>
    public Task<EvaluationRun> RunAsync(EvaluationJob job, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(job);
        return (job.Mode == EvaluationMode.Evaluate ? _evaluation : _inspection).RunAsync(job, cancellationToken);
    }

    /// <inheritdoc/>
    public Task StopAsync(string jobId, CancellationToken cancellationToken) => _evaluation.StopAsync(jobId, cancellationToken); // A Job's name says enough, whichever nodes it is on.
}
