using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.Logging;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;
using ModelFlow.Orchestration;

namespace ModelFlow.Functions.Driving;

/// <summary>The two verbs of <see cref="ReleaseEngine"/> as activities. Both may be run twice, and at the same time, without a second effect.</summary>
public sealed class ReleaseActivities(ReleaseEngine engine, IReleaseStore releases, PolicyCache policies, TimeProvider time, ILogger<ReleaseActivities> logger)
{
    /// <summary>The activity that decides.</summary>
    public const string Advance = "Advance";

    /// <summary>The activity that does.</summary>
    public const string Run = "Run";

    private const int MaxConflicts = 5;
    private static readonly TimeSpan CheckEvery = TimeSpan.FromSeconds(5);

    /// <summary>Takes in what lies in the release's partition and decides what comes next.</summary>
    [Function(Advance)]
    public async Task<DriverStep> AdvanceAsync([ActivityTrigger] string release, CancellationToken cancellationToken)
    {
        if (!ReleaseId.TryParse(release, out var id, out _) || await engine.AdvanceAsync(id, cancellationToken) is not { } advanced)
        {
            logger.NoRelease(release);
            return new DriverStep { Kind = StepKind.End };
        }

        var state = advanced.Snapshot.State;
        if (advanced.Next is NextStep.End end)
        {
            logger.Ended(id, end.Outcome);
        }

        return advanced.Next switch
        {
            NextStep.Run run => new DriverStep { Kind = StepKind.Run, Seq = run.Pending.Seq, Status = await StatusAsync(state, null, cancellationToken) },
            NextStep.WaitUntil wait => new DriverStep { Kind = StepKind.Wait, Wait = Left(wait.Due), Status = await StatusAsync(state, wait.Due, cancellationToken) },
            _ => new DriverStep { Kind = StepKind.End, Status = await StatusAsync(state, null, cancellationToken) },
        };
    }

    /// <summary>Runs the pending command and stores its result, unless it has one or the release has moved on.</summary>
    [Function(Run)]
    public async Task<CommandLook> RunAsync([ActivityTrigger] CommandToRun command, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(command);
        var id = ReleaseId.Parse(command.Release);
        if (await LoadAsync(id, command.Seq, cancellationToken) is not { } snapshot)
        {
            return new CommandLook(null);
        }

        using var asked = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var watching = EndWhenNotAskedForAsync(id, command.Seq, asked);
        CommandRun run;
        try
        {
            run = await engine.ExecuteAsync(snapshot, asked.Token);
        }
        catch (OperationCanceledException) when (asked.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            logger.CommandTakenOff(id, command.Seq);
            return new CommandLook(null);
        }
        finally
        {
            await asked.CancelAsync();
            await watching;
        }

        if (run is CommandRun.NotYet notYet)
        {
            return new CommandLook(notYet.LookAgainAfter);
        }

        await StoreAsync(id, command.Seq, snapshot, ((CommandRun.Done)run).Result, cancellationToken);
        return new CommandLook(null);
    }

    // A signal that was taken in meanwhile has changed the state row; the result counts all the same while its command is the pending one.
    private async Task StoreAsync(ReleaseId id, int seq, ReleaseSnapshot? snapshot, CommandResult result, CancellationToken cancellationToken)
    {
        for (var i = 0; i < MaxConflicts && snapshot is not null; i++)
        {
            if (await engine.StoreResultAsync(snapshot, result, cancellationToken) is not null)
            {
                return;
            }

            snapshot = await LoadAsync(id, seq, cancellationToken);
        }
    }

    private async Task EndWhenNotAskedForAsync(ReleaseId id, int seq, CancellationTokenSource asked)
    {
        try
        {
            while (true)
            {
                await Task.Delay(CheckEvery, time, asked.Token);
                if (await LoadAsync(id, seq, asked.Token) is null)
                {
                    await asked.CancelAsync();
                }
            }
        }
        catch (OperationCanceledException) when (asked.IsCancellationRequested)
        {
            // The command is over, one way or the other.
        }
        catch (Exception e) when (e is StorageException or TimeoutException)
        {
            // Only the early end is lost: a result that nobody asks for is refused.
            logger.NotWatched(e, id, seq);
        }
    }

    /// <summary>The release while this command is its pending one and has no result; null otherwise.</summary>
    private async Task<ReleaseSnapshot?> LoadAsync(ReleaseId id, int seq, CancellationToken cancellationToken) =>
        await releases.LoadAsync(id, cancellationToken) is { Result: null } snapshot && snapshot.State.Pending?.Seq == seq ? snapshot : null;

    private async Task<DriverStatus> StatusAsync(ReleaseState state, DateTimeOffset? due, CancellationToken cancellationToken)
    {
        var weight = state.Stage is Stage.Ramping { Phase: not RampPhase.Shifting } ramp
            ? (await policies.GetAsync(state.PolicyDigest, cancellationToken)).Ramp.Steps[ramp.Step].Weight.ToString()
            : null;
        return new DriverStatus(state.Stage.Name, weight, due, due is null ? state.Pending?.Command.GetType().Name : null);
    }

    private TimeSpan Left(DateTimeOffset due)
    {
        var left = due - time.GetUtcNow();
        return left > TimeSpan.Zero ? left : TimeSpan.Zero;
    }
}
