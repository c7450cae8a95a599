using Azure.Core;
using Azure.Core.Pipeline;
using Microsoft.Extensions.Logging;
using ModelFlow.Core.Ports;
using ModelFlow.Orchestration.Evaluation;

namespace ModelFlow.Azure.ContainerApps;

/// <summary>
/// Runs evaluations as executions of an Azure Container Apps job, on a GPU workload profile or without; inspections and smoke tests as executions of a second
/// one on processors, where there is one.
/// </summary>
public sealed class ContainerAppsEvaluationRunner : IEvaluationRunner
{
    private readonly RemoteEvaluationRunner _evaluation;
    private readonly RemoteEvaluationRunner? _inspection;
    private readonly long _mostInspectedBytes;

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
        _evaluation = Runner(options.JobResourceId, options.Image, options.MemoryMiB);
        _inspection = options.InspectionJobResourceId.Length > 0 ? Runner(options.InspectionJobResourceId, options.InspectionImage, options.InspectionMemoryMiB) : null;
        _mostInspectedBytes = options.InspectionMemoryMiB * 1024L * 1024 / 2;

        RemoteEvaluationRunner Runner(string jobResourceId, string image, int memoryMiB)
        {
            var platform = new ContainerAppsPlatform(new ContainerAppsArm(jobResourceId, options, credential, transport));
            var settings = new RemoteEvaluationSettings
            {
                Image = image.Length > 0 ? image : ContainerAppsImages.OfTheJob,
                Formats = (options.Formats.Count > 0 ? options.Formats : ["onnx", "gguf"]).ToHashSet(StringComparer.Ordinal),
                Threads = options.Threads,
                MemoryMiB = memoryMiB,
                OutputMiB = options.OutputMiB,
                DiskBytes = options.DiskGiB * 1024L * 1024 * 1024,
                DiskRemedy = "Evaluate versions of this size on Kubernetes, where each job gets a disk of the size it needs (docs/evaluation-jobs.md)",
                PollEvery = options.PollEvery,
                QueueLimit = options.QueueLimit,
            };
            return new RemoteEvaluationRunner(settings, handover, platform, new ContainerAppsImages(platform, digests), reports, logger);
        }
    }

    /// <inheritdoc/>
    public IReadOnlySet<string> SupportedFormats => _evaluation.SupportedFormats;

    /// <inheritdoc/>
    public Task<EvaluationRun> RunAsync(EvaluationJob job, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(job);
        var runner = _inspection is not null && job.Mode != EvaluationMode.Evaluate && job.Version.Manifest.TotalBytes <= _mostInspectedBytes ? _inspection : _evaluation;
        return runner.RunAsync(job, cancellationToken);
    }

    /// <inheritdoc/>
    public async Task StopAsync(string jobId, CancellationToken cancellationToken)
    {
        // An id does not tell which job runs it; each ends its own executions.
        await _evaluation.StopAsync(jobId, cancellationToken);
        if (_inspection is not null)
        {
            await _inspection.StopAsync(jobId, cancellationToken);
        }
    }
}
