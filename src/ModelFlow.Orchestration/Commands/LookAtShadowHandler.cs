using ModelFlow.Core.Analysis;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;
using ModelFlow.Core.Traffic;
using ModelFlow.Orchestration.Operations;
using ModelFlow.Orchestration.Traffic;

namespace ModelFlow.Orchestration.Commands;

/// <summary>Compares the pairs of answers of a shadow step, and renews its lease on fresh evidence.</summary>
public sealed class LookAtShadowHandler(IRouteStore routes, ITrafficWindows windows, LeaseRenewal lease, FreezeGuard freezes, TimeProvider time)
{
    /// <summary>Runs the command.</summary>
    public async Task<CommandResult> RunAsync(CommandContext context, Command.LookAtShadow command, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(command);
        var current = await routes.GetAsync(context.Model, cancellationToken);
        if (current is null || current.Route.Generation != command.Generation || current.Route.Stable is not { } stable || context.Policy.Ramp.Shadow is not { } policy)
        {
            var nothing = new GuardrailReport(Verdict.Inconclusive, [], 0, 0);
            return new CommandResult.Looked(nothing, current?.Route.Generation ?? 0, LeaseRenewed: false, Freeze: null);
        }

        var evidence = await TakeInAsync(context, command, stable, cancellationToken);
        var report = ShadowJudge.Judge(policy, context.Policy.Guardrails, evidence, context.Policy.Ramp.Steps.Count, context.Id.Attempt);
        var renewed = report.Verdict != Verdict.Harmful && await lease.RenewAsync(current, context.Policy.Ramp.Lease, cancellationToken);
        return new CommandResult.Looked(report, command.Generation, renewed, await freezes.FindAsync(context.Model, cancellationToken)) { Shadow = evidence };
    }

    private async Task<ShadowEvidence> TakeInAsync(CommandContext context, Command.LookAtShadow command, VersionName stable, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var evidence = context.State.Shadow ?? ShadowEvidence.None;
        evidence = evidence.Generation == command.Generation ? evidence : evidence.Begin(command.Generation, stable);
        var read = new List<TrafficWindow>();
        await foreach (var window in windows.ReadAsync(context.Model, evidence.Generation, evidence.ReadFrom(command.Since, now), cancellationToken))
        {
            read.Add(window);
        }

        return evidence.Take(read, context.Version, now);
    }
}
