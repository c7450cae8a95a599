using Microsoft.ML.OnnxRuntime;
using ModelFlow.Serving.Repository;

namespace ModelFlow.Serving;

/// <summary>Loads again, in the background, what was loaded when the last process ended; the server is ready when every one was tried.</summary>
internal sealed class ReloadAtStart(LoadedIndex index, ModelRepository repository, ModelCache cache, ServingMetrics metrics, ILogger<ReloadAtStart> logger) : BackgroundService
{
    private volatile bool _done;

    /// <summary>Whether every version was tried.</summary>
    public bool Done => _done;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // Away from the host's start: the server is live while it loads.
        await Task.Yield();

        metrics.Watch(() => repository.Loaded, () => cache.Bytes);

        // The native runtime's own memory is not counted as the first model's.
        _ = OrtEnv.Instance();
        foreach (var entry in index.Loaded)
        {
            await repository.ReloadAsync(entry, stoppingToken);
        }

        _done = true;
        Log.Ready(logger, repository.Loaded.Count());
    }
}
