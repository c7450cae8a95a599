using Azure.Core;
using Azure.Core.Pipeline;
using Microsoft.Extensions.Logging;
using ModelFlow.Core.Ports;
using ModelFlow.Orchestration.Evaluation;

namespace ModelFlow.Azure.ContainerApps;

/// <summary>Runs evaluations as executions of an Azure Container Apps job, on a GPU workload profile or without.</summary>
public sealed class ContainerAppsEvaluationRunner : IEvaluationRunner
{
    private readonly RemoteEvaluationRunner _runner;

    /// <summary>Makes a runner; asks nothing yet.</summary>
    /// <param name="options">Valid options.</param>
    /// <param name="credential">Asks for tokens of Azure Resource Manager.</param>
    /// <param name="handover">Where jobs are handed over.</param>
    /// <param name="digests">Resolves images with a tag.</param>
    /// <param name="reports">Where outputs go.</param>
    /// <param name="logger">Told of starts and stops.</param>
    /// <param name="transport">Carries requests; null for the SDK's own.</param>
    public ContainerAppsEvaluationRunner(
        ContainerAppsEvaluationOptions options,
        TokenCredential credential,
        IEvaluationHandover handover,
        IImageDigests digests,
        IReportStore reports,
        ILogger<RemoteEvaluationRunner> logger,
        HttpPipelineTransport? transport = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        var platform = new ContainerAppsPlatform(new ContainerAppsArm(options, credential, transport), options);
        var settings = new RemoteEvaluationSettings
        {
            Image = options.Image.Length > 0 ? options.Image : ContainerAppsImages.OfTheJob,
            Formats = (options.Formats.Count > 0 ? options.Formats : ["onnx"]).ToHashSet(StringComparer.Ordinal),
            Threads = options.Threads,
            MemoryMiB = options.MemoryMiB,
            OutputMiB = options.OutputMiB,
            DiskBytes = options.DiskGiB * 1024L * 1024 * 1024,
            DiskRemedy = "Evaluate versions of this size on Kubernetes, where each job gets a disk of the size it needs (docs/evaluation-jobs.md)",
            PollEvery = options.PollEvery,
            QueueLimit = options.QueueLimit,
        };
        _runner = new RemoteEvaluationRunner(settings, handover, platform, new ContainerAppsImages(platform, digests), reports, logger);
    }

    /// <inheritdoc/>
    public IReadOnlySet<string> SupportedFormats => _runner.SupportedFormats;

    /// <inheritdoc/>
    public Task<EvaluationRun> RunAsync(EvaluationJob job, CancellationToken cancellationToken) => _runner.RunAsync(job, cancellationToken);

    /// <inheritdoc/>
    public Task StopAsync(string jobId, CancellationToken cancellationToken) => _runner.StopAsync(jobId, cancellationToken);
}
