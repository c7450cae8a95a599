using ModelFlow.Core.Analysis;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;
using ModelFlow.Core.Traffic;
using ModelFlow.Orchestration.Operations;
using ModelFlow.Orchestration.Traffic;

namespace ModelFlow.Orchestration.Commands;

/// <summary>Compares the candidate with stable, or the fresh instance of it, in the step's windows, and renews the weight's lease on fresh evidence.</summary>
public sealed class LookAtTrafficHandler(IRouteStore routes, ITrafficWindows windows, LeaseRenewal lease, FreezeGuard freezes, TimeProvider time)
{
    /// <summary>Runs the command.</summary>
    public async Task<CommandResult> RunAsync(CommandContext context, Command.LookAtTraffic command, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(command);
        var current = await routes.GetAsync(context.Model, cancellationToken);
        if (current is null || current.Route.Generation != command.Generation || current.Route.ComparedWith is not { } stable)
        {
            var nothing = new GuardrailReport(Verdict.Inconclusive, [], 0, 0);
            return new CommandResult.Looked(nothing, current?.Route.Generation ?? 0, LeaseRenewed: false, Freeze: null);
        }

        var evidence = await TakeInAsync(context, command, stable, cancellationToken);
        var (steps, weight) = (context.Policy.Ramp.Steps.Count, context.Policy.Ramp.Steps[command.Step].Weight);
        var share = current.Route.Baseline?.ShareOf(weight) ?? weight;
        var report = GuardrailJudge.Judge(context.Policy.GuardrailsOfRamp(), evidence, steps, share, context.Id.Attempt);
        var renewed = report.Verdict != Verdict.Harmful && await lease.RenewAsync(current, context.Policy.Ramp.Lease, cancellationToken);
        return new CommandResult.Looked(report, command.Generation, renewed, await freezes.FindAsync(context.Model, cancellationToken), evidence);
    }

    private async Task<RampEvidence> TakeInAsync(CommandContext context, Command.LookAtTraffic command, VersionName stable, CancellationToken cancellationToken)
    {
        var (policy, steps) = (context.Policy.Guardrails, context.Policy.Ramp.Steps.Count);
        var alone = context.Policy.Ramp.Steps[command.Step].Weight == Weight.All;
        var evidence = context.State.Evidence ?? RampEvidence.None;
        if (evidence.Generation == 0 && command.Reference is { } before)
        {
            // The step before was watched by a version of ModelFlow that kept no evidence.
            evidence = await ReadAsync(evidence.BeginStep(policy, before.Generation, steps, alone: false), before.Since);
        }

        if (evidence.Generation != command.Generation)
        {
            evidence = evidence.BeginStep(policy, command.Generation, steps, alone, context.Policy.Ramp.Steps[command.Step].Experiment);
        }

        return await ReadAsync(evidence, command.Since);

        async Task<RampEvidence> ReadAsync(RampEvidence known, DateTimeOffset stepStart)
        {
            var now = time.GetUtcNow();
            var read = new List<TrafficWindow>();
            await foreach (var window in windows.ReadAsync(context.Model, known.Generation, known.ReadFrom(stepStart, now), cancellationToken))
            {
                read.Add(window);
            }

            return known.Take(policy, read, stable, context.Version, steps, now);
        }
    }
}
