namespace ModelFlow.LocalHost.Processes;

/// <summary>
/// Starts and supervises the host's children. They outlive a host that is killed, and the next host adopts them;
/// <see cref="StopAsync"/> ends them, the last started first.
/// </summary>
public sealed class ChildSupervisor : IAsyncDisposable
{
    private readonly string _runFolder;
    private readonly string _logFolder;
    private readonly SupervisionOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<ChildSupervisor> _logger;
    private readonly CancellationTokenSource _stopping = new();
    private readonly List<(SupervisedChild Child, Task Running)> _children = [];
    private bool _disposed;

    /// <summary>Makes a supervisor that keeps its books in <paramref name="runFolder"/> and the children's output in <paramref name="logFolder"/>.</summary>
    public ChildSupervisor(string runFolder, string logFolder, SupervisionOptions options, TimeProvider time, ILogger<ChildSupervisor> logger)
    {
        (_runFolder, _logFolder, _options, _time, _logger) = (runFolder, logFolder, options, time, logger);
        Directory.CreateDirectory(runFolder);
        Directory.CreateDirectory(logFolder);
    }

    /// <summary>Brings a child up and keeps it up. Returns when it answers.</summary>
    /// <exception cref="ChildStartException">It could not be brought up.</exception>
    public async Task StartAsync(ChildSpec spec, CancellationToken cancellationToken)
    {
        var child = new SupervisedChild(spec, new ChildFiles(_runFolder, _logFolder, spec.Name), _options, _time, _logger);
        _children.Add((child, GuardAsync(child)));
        await child.Ready.WaitAsync(cancellationToken);
    }

    /// <summary>The children, in the order of their start.</summary>
    public IReadOnlyList<ChildStatus> List() =>
        [.. _children.Select(c => new ChildStatus(c.Child.Spec.Name, c.Child.Identity?.Id, c.Child.Starts))];

    /// <summary>Whether a child of this name lives, whoever started it.</summary>
    public static bool IsAlive(string runFolder, string name) => new ChildFiles(runFolder, "", name).FindLeftBehind() is not null;

    /// <summary>Ends the children, the last started first.</summary>
    /// <param name="adoptedToo">False: those that an earlier host started, and this one only adopted, go on without a supervisor.</param>
    public async Task StopAsync(bool adoptedToo = true)
    {
        await _stopping.CancelAsync();
        foreach (var (child, running) in Enumerable.Reverse(_children))
        {
            await running;
            if (adoptedToo || child.Starts > 0)
            {
                await child.EndAsync();
            }
        }

        _children.Clear();
    }

    /// <summary>Ends children that a killed host left behind, by the books in <paramref name="runFolder"/>. Returns their names.</summary>
    public static async Task<IReadOnlyList<string>> EndLeftBehindAsync(string runFolder, string logFolder, IReadOnlyList<string> namesInOrder, TimeSpan within, TimeProvider time)
    {
        var ended = new List<string>();
        foreach (var name in namesInOrder)
        {
            var files = new ChildFiles(runFolder, logFolder, name);
            if (files.FindLeftBehind() is { } identity)
            {
                await ProcessSignals.EndAsync(identity, within, time);
                files.Delete();
                ended.Add(name);
            }
        }

        return ended;
    }

    /// <summary>Stops supervising; children that were not ended by <see cref="StopAsync"/> go on without a supervisor.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        await _stopping.CancelAsync();
        await Task.WhenAll(_children.Select(c => c.Running));
        _stopping.Dispose();
    }

    private async Task GuardAsync(SupervisedChild child)
    {
        while (true)
        {
            try
            {
                await child.RunAsync(_stopping.Token);
                return;
            }
            catch (Exception e) when (child.Ready.IsCompletedSuccessfully)
            {
                // Whatever goes wrong with one child (a full disk, a lock file gone) must not leave it without a supervisor.
                Log.SupervisionFailed(_logger, child.Spec.Name, e);
                await Task.Delay(_options.LongestBackoff, _time, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (Exception e)
            {
                child.Fail(e);
                return;
            }
        }
    }
}

/// <summary>A child as it is now.</summary>
/// <param name="Name">Its name.</param>
/// <param name="ProcessId">Its process; null while there is none.</param>
/// <param name="Starts">How often this host started it; 0 for one that was adopted.</param>
public sealed record ChildStatus(string Name, int? ProcessId, int Starts);
