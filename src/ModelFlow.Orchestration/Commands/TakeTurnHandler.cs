using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;
using ModelFlow.Orchestration.Operations;

namespace ModelFlow.Orchestration.Commands;

/// <summary>Asks to be the one release of the model that moves traffic.</summary>
public sealed class TakeTurnHandler(IRampTurns turns, IRouteStore routes, FreezeGuard freezes, ReleaseSignals signals, TimeProvider time)
{
    /// <summary>Runs the command.</summary>
    public async Task<CommandResult> RunAsync(CommandContext context, Command.TakeTurn command, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(command);
        if (await freezes.FindAsync(context.Model, cancellationToken) is { } freeze)
        {
            return new CommandResult.TurnBusy(freeze);
        }

        var holder = await turns.TakeAsync(context.Id, time.GetUtcNow(), cancellationToken);
        if (holder == context.Id)
        {
            var current = await routes.GetAsync(context.Model, cancellationToken);
            return new CommandResult.TurnTaken(Baseline(current?.Route.Stable, context), current?.Route.Generation ?? 0);
        }

        if (command.Supersede && holder.Version < context.Version)
        {
            var signal = new Signal
            {
                Id = $"supersede-{context.State.StartedAt.UtcTicks}",
                Kind = SignalKind.Supersede,
                By = context.Id.ToString(),
                At = time.GetUtcNow(),
                Comment = $"Superseded by {context.Id}.",
            };
            await signals.SendAsync(holder, signal, cancellationToken);
        }

        return new CommandResult.TurnBusy($"release {holder} is moving traffic");
    }

    // A version that is stable already is not its own baseline.
    private static VersionName? Baseline(VersionName? stable, CommandContext context) => stable == context.Version ? null : stable;
}
