using System.Diagnostics;
using ModelFlow.EvaluatorProcess;

namespace ModelFlow.LocalHost.Processes;

/// <summary>
/// Keeps one child running: adopts one that an earlier host left behind, starts it otherwise, and starts it again when it ends or hangs.
/// Cancelling leaves the child alone; <see cref="EndAsync"/> ends it.
/// </summary>
internal sealed class SupervisedChild(ChildSpec spec, ChildFiles files, SupervisionOptions options, TimeProvider time, ILogger logger)
{
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Process? _process;
    private ProcessIdentity? _identity;
    private int _starts;

    public ChildSpec Spec => spec;

    /// <summary>Done when the child answered for the first time; faulted when it could not be brought up.</summary>
    public Task Ready => _ready.Task;

    /// <summary>The living child; null while there is none.</summary>
    public ProcessIdentity? Identity => _identity is { } identity && identity.IsAlive() ? identity : null;

    /// <summary>How often it was started by this host; an adopted one counts as none.</summary>
    public int Starts => _starts;

    /// <summary>Runs until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var failures = 0;
        try
        {
            while (true)
            {
                var up = time.GetTimestamp();
                var failure = await BringUpAsync(cancellationToken);
                if (failure is null)
                {
                    _ready.TrySetResult();
                    up = time.GetTimestamp();
                    var reason = await WatchAsync(cancellationToken);
                    Log.ChildEnded(logger, spec.Name, reason, files.ReadLogTail(5));
                }
                else
                {
                    Log.ChildNotReady(logger, spec.Name, failure);
                    if (!_ready.Task.IsCompleted && failures + 1 >= options.FirstStartAttempts)
                    {
                        _ready.TrySetException(new ChildStartException(failure));
                        return;
                    }
                }

                failures = time.GetElapsedTime(up) >= options.CalmAfter ? 1 : failures + 1;
                await Task.Delay(Backoff(failures), time, cancellationToken);
            }
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            _ready.TrySetCanceled(cancellationToken);
        }
    }

    /// <summary>Gives up on the first start.</summary>
    public void Fail(Exception reason) => _ready.TrySetException(reason);

    /// <summary>Ends the child and forgets it. Cancel <see cref="RunAsync"/> and await it before.</summary>
    public async Task EndAsync()
    {
        // Cancelled in the middle of a start, the child may be a launcher that has not written down yet who it is.
        var launcher = _process is { HasExited: false } started ? ProcessIdentity.Find(started.Id) : null;
        if ((Identity ?? launcher ?? files.FindLeftBehind()) is { } identity)
        {
            Log.EndingChild(logger, spec.Name, identity.Id);
            if (await ProcessSignals.EndAsync(identity, spec.StopWithin, time))
            {
                Log.ChildForced(logger, spec.Name, identity.Id, spec.StopWithin);
            }
        }

        _process?.Dispose();
        _process = null;
        _identity = null;
        files.Delete();
    }

    private TimeSpan Backoff(int failures) =>
        TimeSpan.FromTicks(Math.Min(options.LongestBackoff.Ticks, options.FirstBackoff.Ticks << Math.Min(failures - 1, 20)));

    /// <summary>Null when it answers; otherwise what is wrong.</summary>
    private async Task<string?> BringUpAsync(CancellationToken cancellationToken)
    {
        if (await FindLeftBehindAsync(cancellationToken) is { } left)
        {
            if (IsSame(left) && await BecomesHealthyAsync(left, options.AdoptionPatience, cancellationToken))
            {
                _identity = left;
                Log.AdoptedChild(logger, spec.Name, left.Id);
                return null;
            }

            Log.ReplacingChild(logger, spec.Name, left.Id);
            await ProcessSignals.EndAsync(left, spec.StopWithin, time);
        }

        if (!File.Exists(spec.FileName))
        {
            return $"The program {spec.FileName} of '{spec.Name}' is not there.";
        }

        foreach (var (option, port) in spec.Ports)
        {
            if (!LoopbackPorts.IsFree(port))
            {
                return $"Port {port} for '{spec.Name}' is taken by another program. End that program, or choose another port with {option} (0: any free one).";
            }
        }

        files.WriteStarted(new StartedChild(spec.Fingerprint(), [spec.FileName, .. spec.Arguments]));
        _process?.Dispose();
        _process = ChildLauncher.Start(spec, files);
        _starts++;
        var identity = await WaitForIdentityAsync(_process, cancellationToken);
        if (identity is null)
        {
            return $"'{spec.Name}' ended at its start{await ReadExitCodeAsync(cancellationToken)}. The end of its log {files.LogPath}:\n{files.ReadLogTail(15)}";
        }

        _identity = identity;
        Log.StartedChild(logger, spec.Name, identity.Value.Id);
        if (await BecomesHealthyAsync(identity.Value, spec.ReadyWithin, cancellationToken))
        {
            return null;
        }

        var what = identity.Value.IsAlive() ? $"did not answer within {spec.ReadyWithin.TotalSeconds:0} s" : "ended at its start" + await ReadExitCodeAsync(cancellationToken);
        await ProcessSignals.EndAsync(identity.Value, spec.StopWithin, time);
        return $"'{spec.Name}' {what}. The end of its log {files.LogPath}:\n{files.ReadLogTail(15)}";
    }

    /// <summary>A child that lives without us having started it.</summary>
    private async Task<ProcessIdentity?> FindLeftBehindAsync(CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        while (files.IsLocked())
        {
            if (files.ReadLiving() is { } living)
            {
                return living;
            }

            // A launcher between its lock and its identity, or a child that is just ending.
            if (time.GetElapsedTime(started) > TimeSpan.FromSeconds(10))
            {
                throw new ChildStartException($"Something holds {files.LockPath} and says not who it is: find it with `fuser {files.LockPath}` and end it.");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), time, cancellationToken);
        }

        return null;
    }

    private bool IsSame(ProcessIdentity left) =>
        files.ReadStarted() is { } before
        && string.Equals(before.Fingerprint, spec.Fingerprint(), StringComparison.Ordinal)
        && left.ReadCommandLine().SequenceEqual(before.Command, StringComparer.Ordinal);

    private async Task<ProcessIdentity?> WaitForIdentityAsync(Process launcher, CancellationToken cancellationToken)
    {
        while (!launcher.HasExited)
        {
            if (files.ReadLiving() is { } identity && identity.Id == launcher.Id)
            {
                return identity;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(5), time, cancellationToken);
        }

        return null;
    }

    private async Task<bool> BecomesHealthyAsync(ProcessIdentity identity, TimeSpan within, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        while (identity.IsAlive())
        {
            if (await IsHealthyAsync(cancellationToken))
            {
                return true;
            }

            if (time.GetElapsedTime(started) > within)
            {
                return false;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), time, cancellationToken);
        }

        return false;
    }

    /// <summary>Why it has to be started again.</summary>
    private async Task<string> WatchAsync(CancellationToken cancellationToken)
    {
        var identity = _identity!.Value; // Set by a successful BringUpAsync.
        var healthyAt = time.GetTimestamp();
        var checkedAt = healthyAt;
        while (true)
        {
            await Task.Delay(options.Poll, time, cancellationToken);
            if (!identity.IsAlive())
            {
                return "it ended" + await ReadExitCodeAsync(cancellationToken);
            }

            if (time.GetElapsedTime(checkedAt) < options.CheckEvery)
            {
                continue;
            }

            LogRotation.RotateIfLarge(files.LogPath, options.LogBytes, options.LogFiles);
            if (await IsHealthyAsync(cancellationToken))
            {
                healthyAt = time.GetTimestamp();
            }
            else if (time.GetElapsedTime(healthyAt) > options.HungAfter)
            {
                await ProcessSignals.EndAsync(identity, spec.StopWithin, time);
                return $"it did not answer for {options.HungAfter.TotalSeconds:0} s and was ended";
            }

            checkedAt = time.GetTimestamp();
        }
    }

    private async Task<bool> IsHealthyAsync(CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(5));
        try
        {
            return await spec.IsHealthyAsync(limit.Token);
        }
        catch (HttpRequestException)
        {
            return false;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    // The kernel knows of an end a moment before the runtime has taken the exit code.
    private async Task<string> ReadExitCodeAsync(CancellationToken cancellationToken)
    {
        if (_process is not { } ended)
        {
            return "";
        }

        try
        {
            await ended.WaitForExitAsync(cancellationToken).WaitAsync(TimeSpan.FromSeconds(5), time, cancellationToken);
            return $" with exit code {ended.ExitCode}";
        }
        catch (TimeoutException)
        {
            return "";
        }
    }
}
