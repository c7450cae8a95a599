using Microsoft.Extensions.Logging;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Releases;
using ModelFlow.Orchestration.Commands;

namespace ModelFlow.Orchestration;

/// <summary>Runs a release's commands. Each can be run again without a second effect.</summary>
public sealed class CommandRunner(
    RegisterVersionHandler register,
    AssessVersionHandler assess,
    TakeTurnHandler takeTurn,
    LoadVersionHandler load,
    ShadowTrafficHandler shadow,
    LookAtShadowHandler lookAtShadow,
    ShiftTrafficHandler shift,
    LookAtTrafficHandler look,
    PromoteVersionHandler promote,
    RestoreTrafficHandler restore,
    CloseReleaseHandler close,
    TimeProvider time,
    ILogger<CommandRunner> logger)
{
    /// <summary>Runs the pending command. An exception other than a cancellation that was asked for becomes <see cref="CommandResult.Faulted"/>.</summary>
    public async Task<CommandRun> RunAsync(CommandContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        var command = context.Pending.Command.GetType().Name;
        using var activity = ReleaseTelemetry.StartCommand(context.Id, command);
        var started = time.GetTimestamp();
        var run = await RunOrFaultAsync(context, cancellationToken);
        ReleaseTelemetry.Ran(activity, command, run, time.GetElapsedTime(started));
        return run;
    }

    /// <summary>Ends what a command started, once its release wants it no more: it was abandoned without a result. A failure is noted and borne.</summary>
    public async Task AbandonAsync(ReleaseId release, PendingCommand pending, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(pending);
        try
        {
            await assess.StopAsync(release, pending, cancellationToken);
        }
        catch (Exception e) when (!(e is OperationCanceledException && cancellationToken.IsCancellationRequested))
        {
            logger.EvaluationNotStopped(e, $"{release}-{pending.Seq}");
        }
    }

    private async Task<CommandRun> RunOrFaultAsync(CommandContext context, CancellationToken cancellationToken)
    {
        try
        {
            return context.Pending.Command switch
            {
                Command.InspectVersion => await assess.InspectAsync(context, cancellationToken),
                Command.SmokeTestVersion => await assess.SmokeTestAsync(context, cancellationToken),
                Command.EvaluateVersion c => await assess.EvaluateAsync(context, c, cancellationToken),
                _ => new CommandRun.Done(await RunToItsEndAsync(context, cancellationToken)),
            };
        }
        catch (Exception e) when (!(e is OperationCanceledException && cancellationToken.IsCancellationRequested))
        {
            // The edge of a command: whatever the world does ends as a value that Decide can act on.
            logger.CommandFailed(e, context.Pending.Command.GetType().Name, context.Id);
            return new CommandRun.Done(new CommandResult.Faulted(e.Message));
        }
    }

    private async Task<CommandResult> RunToItsEndAsync(CommandContext context, CancellationToken cancellationToken) => context.Pending.Command switch
    {
        Command.RegisterVersion c => await register.RunAsync(context, c, cancellationToken),
        Command.TakeTurn c => await takeTurn.RunAsync(context, c, cancellationToken),
        Command.LoadVersion => await load.RunAsync(context, cancellationToken),
        Command.ShadowTraffic c => await shadow.RunAsync(context, c, cancellationToken),
        Command.LookAtShadow c => await lookAtShadow.RunAsync(context, c, cancellationToken),
        Command.ShiftTraffic c => await shift.RunAsync(context, c, cancellationToken),
        Command.LookAtTraffic c => await look.RunAsync(context, c, cancellationToken),
        Command.PromoteVersion c => await promote.RunAsync(context, c, cancellationToken),
        Command.RestoreTraffic c => await restore.RunAsync(context, c, cancellationToken),
        Command.CloseRelease c => await close.RunAsync(context, c, cancellationToken),
        _ => throw new InvalidOperationException($"Nobody runs {context.Pending.Command.GetType().Name}."),
    };
}
