using System.Globalization;
using Microsoft.Extensions.Options;
using ModelFlow.Core.Ports;
using ModelFlow.LocalHost.Evaluation;
using ModelFlow.LocalHost.Folder;

namespace ModelFlow.LocalHost.Running;

/// <summary>The evaluators of this process, and what earlier processes on the data folder left behind of theirs.</summary>
internal sealed class EvaluatorFolders(string own, IServiceProvider services) : IDisposable
{
    private readonly HttpClient _http = new() { Timeout = Timeout.InfiniteTimeSpan };
    private ProcessEvaluationRunner? _runner;

    /// <summary>Runs this process's evaluations.</summary>
    public ProcessEvaluationRunner Runner => LazyInitializer.EnsureInitialized(ref _runner, () => Create(own));

    /// <summary>Ends evaluators whose host process is gone. For the process that has the folder's lock.</summary>
    public async Task EndOrphansAsync(DataFolder folder, CancellationToken cancellationToken)
    {
        var living = folder.ListHosts().Select(h => h.Process.Id.ToString(CultureInfo.InvariantCulture)).ToHashSet(StringComparer.Ordinal);
        foreach (var work in Directory.EnumerateDirectories(folder.Evaluations))
        {
            // With the lock in this process's hands the folder's former host is gone, whose folder is kept for what it downloaded.
            if (!living.Contains(Path.GetFileName(work)))
            {
                using var left = Create(work);
                await left.EndOrphansAsync(cancellationToken);
                if (!string.Equals(work, folder.EvaluationsOf(standby: false), StringComparison.Ordinal))
                {
                    Directory.Delete(work, recursive: true);
                }
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _runner?.Dispose();
        _http.Dispose();
    }

    private ProcessEvaluationRunner Create(string work)
    {
        var limits = services.GetRequiredService<IOptions<EvaluationOptions>>().Value;
        var options = new EvaluationOptions
        {
            Command = limits.Command,
            Engine = limits.Engine,
            Formats = limits.Formats,
            WorkFolder = work,
            MaxParallel = limits.MaxParallel,
            Threads = limits.Threads,
            MemoryMiB = limits.MemoryMiB,
            OutputMiB = limits.OutputMiB,
            LogKiB = limits.LogKiB,
            CacheMiB = limits.CacheMiB,
        };
        return new ProcessEvaluationRunner(
            options,
            services.GetRequiredService<IArtifactStore>(),
            services.GetRequiredService<IDatasetStore>(),
            services.GetRequiredService<IReportStore>(),
            _http,
            services.GetRequiredService<TimeProvider>(),
            services.GetRequiredService<ILogger<ProcessEvaluationRunner>>());
    }
}
