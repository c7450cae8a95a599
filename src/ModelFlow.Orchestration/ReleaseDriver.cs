using Microsoft.Extensions.Logging;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;

namespace ModelFlow.Orchestration;

/// <summary>
/// Drives one release in memory from where it stands to its end: the embedded host's loop. Any number of drivers may work on
/// the same release; every write is conditional, so at most one makes progress and the others find out.
/// </summary>
public sealed class ReleaseDriver(ReleaseEngine engine, TimeProvider time, ILogger<ReleaseDriver> logger)
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LongestBackoff = TimeSpan.FromSeconds(30);

    /// <summary>Drives until the release has ended; null if there is no such release.</summary>
    /// <param name="id">The release.</param>
    /// <param name="bell">Rings when a signal was sent.</param>
    /// <param name="mayDrive">Asked before each step: whether this host still holds the lease. When not, <see cref="DrivingEndedException"/> is thrown.</param>
    /// <param name="cancellationToken">Stops driving; a later driver goes on from what is stored.</param>
    public async Task<Outcome?> DriveAsync(ReleaseId id, Bell bell, Func<bool> mayDrive, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(bell);
        ArgumentNullException.ThrowIfNull(mayDrive);
        Advanced? finished = null;
        var failures = 0;
        while (true)
        {
            Ensure(mayDrive);
            try
            {
                var advanced = finished ?? await TakeInAsync(id, bell, cancellationToken);
                finished = null;
                switch (advanced?.Next)
                {
                    case null:
                        return null;
                    case NextStep.End end:
                        return end.Outcome;
                    case NextStep.WaitUntil wait:
                        await WaitAsync(bell, wait.Due, cancellationToken);
                        break;
                    case NextStep.Run:
                        finished = await RunAsync(id, advanced.Snapshot, bell, mayDrive, cancellationToken);
                        break;
                }

                failures = 0;
            }
            catch (Exception e) when (e is not DrivingEndedException && !(e is OperationCanceledException && cancellationToken.IsCancellationRequested))
            {
                failures++;
                finished = null;
                var backoff = TimeSpan.FromSeconds(Math.Min(LongestBackoff.TotalSeconds, 0.2 * Math.Pow(2, Math.Min(failures, 10))));
                logger.DriveFailed(e, id, backoff);
                await Task.Delay(backoff, time, cancellationToken);
            }
        }
    }

    // A command may take hours: signals are taken in meanwhile, and one that takes the command off the release ends it.
    // Null: the release is to be loaded again.
    private async Task<Advanced?> RunAsync(ReleaseId id, ReleaseSnapshot snapshot, Bell bell, Func<bool> mayDrive, CancellationToken cancellationToken)
    {
        var seq = snapshot.State.Pending!.Seq;
        using var command = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var running = RunToItsEndAsync(snapshot, command.Token);
        try
        {
            while (true)
            {
                var ring = bell.WaitAsync(command.Token);
                if (await Task.WhenAny(running, ring) == running)
                {
                    break;
                }

                await ring;
                Ensure(mayDrive);
                var advanced = await TakeInAsync(id, bell, cancellationToken);
                if (advanced?.Next is not NextStep.Run run || run.Pending.Seq != seq)
                {
                    return null;
                }

                snapshot = advanced.Snapshot;
            }

            Ensure(mayDrive);
            var result = await running;
            if (!bell.TryTake())
            {
                return await engine.FinishAsync(snapshot, result, cancellationToken);
            }

            // A signal came meanwhile: it is to be taken in with the result.
            await engine.StoreResultAsync(snapshot, result, cancellationToken);
            return null;
        }
        finally
        {
            await command.CancelAsync();
            await running.ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
        }
    }

    private async Task<CommandResult> RunToItsEndAsync(ReleaseSnapshot snapshot, CancellationToken cancellationToken)
    {
        while (true)
        {
            switch (await engine.ExecuteAsync(snapshot, cancellationToken))
            {
                case CommandRun.Done done:
                    return done.Result;
                case CommandRun.NotYet notYet:
                    await Task.Delay(notYet.LookAgainAfter, time, cancellationToken);
                    break;
            }
        }
    }

    // The ring is answered before the release is loaded: one that comes meanwhile rings again.
    private Task<Advanced?> TakeInAsync(ReleaseId id, Bell bell, CancellationToken cancellationToken)
    {
        bell.TryTake();
        return engine.AdvanceAsync(id, cancellationToken);
    }

    private static void Ensure(Func<bool> mayDrive)
    {
        if (!mayDrive())
        {
            throw new DrivingEndedException();
        }
    }

    private async Task WaitAsync(Bell bell, DateTimeOffset due, CancellationToken cancellationToken)
    {
        var left = due - time.GetUtcNow();
        left = left > LongestWait ? LongestWait : left;
        if (left <= TimeSpan.Zero)
        {
            return;
        }

        using var timer = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Task.WhenAny(Task.Delay(left, time, timer.Token), bell.WaitAsync(timer.Token));
        await timer.CancelAsync();
        cancellationToken.ThrowIfCancellationRequested();
    }
}
