using ModelFlow.Core.Catalog;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;
using ModelFlow.Core.Traffic;
using ModelFlow.Orchestration.Operations;
using ModelFlow.Orchestration.Traffic;

namespace ModelFlow.Orchestration.Commands;

/// <summary>Makes the candidate the model's stable version; the one before stays loaded for rollback.</summary>
public sealed class PromoteVersionHandler(
    RouteChanger changer,
    IRouteStore routes,
    IVersionCatalog catalog,
    StableHistory history,
    FreezeGuard freezes,
    TimeProvider time)
{
    /// <summary>Runs the command.</summary>
    public async Task<CommandResult> RunAsync(CommandContext context, Command.PromoteVersion command, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(command);

        var cause = context.CauseOf("promote", command.AfterGeneration);
        var now = time.GetUtcNow();
        var changed = await changer.ChangeAsync(
            context.Model,
            command.AfterGeneration,
            cause,
            async current => await HeldAsync(context, current, cancellationToken) is { } reason
                ? new NextRoute.Held(reason)
                : new NextRoute.Change(
                    new Route
                    {
                        Model = context.Model,
                        Generation = command.AfterGeneration + 1,
                        Stable = context.Version,
                        Sticky = context.Policy.Ramp.Sticky,
                        Cause = cause,
                        At = now,
                    },
                    LeaseUntil: null),
            cancellationToken);
        switch (changed)
        {
            case RouteChanged.Held held:
                return await RevokedAsync(context, cancellationToken) ?? new CommandResult.TurnBusy(held.Reason);
            case RouteChanged.Done done:
                await history.RecordAsync(context.Model, done.Generation, context.Policy.KeepLoaded, cancellationToken);
                return new CommandResult.Promoted(done.Generation);
            case RouteChanged.Overtaken overtaken:
                await RecordOvertakenAsync(context, command, cause, cancellationToken);
                return new CommandResult.Fenced(overtaken.Generation, overtaken.Cause);
            default:
                throw new InvalidOperationException("Unknown outcome of changing a route.");
        }
    }

    // The promotion may have taken effect and been rolled back before its answer was kept: then the version was stable for a moment.
    private async Task RecordOvertakenAsync(CommandContext context, Command.PromoteVersion command, string cause, CancellationToken cancellationToken)
    {
        var mine = await routes.GetGenerationAsync(context.Model, command.AfterGeneration + 1, cancellationToken);
        if (mine is not null && string.Equals(mine.Cause, cause, StringComparison.Ordinal))
        {
            await history.RecordAsync(context.Model, mine.Generation, context.Policy.KeepLoaded, cancellationToken);
        }
    }

    private async Task<string?> HeldAsync(CommandContext context, Route? current, CancellationToken cancellationToken)
    {
        if (await RevokedAsync(context, cancellationToken) is CommandResult.Refused refused)
        {
            return refused.Reason;
        }

        // A candidate that has all traffic gets no more by its promotion: a freeze does not hold it.
        var hasAll = current?.Candidates is [{ } only] && only.Version == context.Version && only.Weight == Weight.All;
        return hasAll ? null : await freezes.FindAsync(context.Model, cancellationToken);
    }

    private async Task<CommandResult?> RevokedAsync(CommandContext context, CancellationToken cancellationToken) =>
        await catalog.GetAsync(context.Model, context.Version, cancellationToken) is { Revoked: { } revoked }
            ? new CommandResult.Refused("revoked", $"{context.Version} was revoked by {revoked.By}: {revoked.Reason}")
            : null;
}
