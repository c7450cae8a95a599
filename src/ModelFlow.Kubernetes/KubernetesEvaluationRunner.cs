using k8s;
using Microsoft.Extensions.Logging;
using ModelFlow.Core.Ports;
using ModelFlow.Orchestration.Evaluation;

namespace ModelFlow.Kubernetes;

/// <summary>Runs evaluations as Kubernetes Jobs, each with a disk of the size it needs.</summary>
public sealed class KubernetesEvaluationRunner : IEvaluationRunner
{
    private readonly RemoteEvaluationRunner _runner;

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
            Formats = (options.Formats.Count > 0 ? options.Formats : ["onnx"]).ToHashSet(StringComparer.Ordinal),
            Threads = options.Cpus,
            MemoryMiB = options.MemoryMiB,
            OutputMiB = options.OutputMiB,
            PollEvery = options.PollEvery,
            QueueLimit = options.QueueLimit,
        };
        _runner = new RemoteEvaluationRunner(settings, handover, new KubernetesPlatform(cluster, options), digests, reports, logger);
    }

    /// <inheritdoc/>
    public IReadOnlySet<string> SupportedFormats => _runner.SupportedFormats;

    /// <inheritdoc/>
    public Task<EvaluationRun> RunAsync(EvaluationJob job, CancellationToken cancellationToken) => _runner.RunAsync(job, cancellationToken);

    /// <inheritdoc/>
    public Task StopAsync(string jobId, CancellationToken cancellationToken) => _runner.StopAsync(jobId, cancellationToken);
}
