using Microsoft.Extensions.Options;
using ModelFlow.Core.Ports;
using ModelFlow.LocalHost.Leasing;
using ModelFlow.Orchestration.Intake;
using ModelFlow.Orchestration.Traffic;
using ModelFlow.Orchestration.Upkeep;

namespace ModelFlow.LocalHost.Driving;

/// <summary>What only the active host does, for as long as it is that: drives releases, takes in uploads, keeps the model servers and gateways up to date.</summary>
public sealed class ActiveHost(
    HostLease lease,
    Fence fence,
    ReleaseDrivers drivers,
    IncomingSweep sweep,
    IRingRows rings,
    DeploymentUpkeep deployments,
    ServedRoutes served,
    ITrafficRouter router,
    IOptions<HostOptions> options,
    TimeProvider time,
    ILogger<ActiveHost> logger) : BackgroundService
{
    /// <inheritdoc/>
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => lease.RunAsync(WorkAsync, stoppingToken);

    private async Task WorkAsync(LeaseTerm term)
    {
        LeaseGuard.Enter(term);
        var (releases, routes) = await fence.RaiseAsync(term.Ended);
        Log.Fenced(logger, term.Epoch, releases, routes);
        var o = options.Value;
        await Task.WhenAll(
            drivers.RunAsync(term, o.RecheckEvery),
            EveryAsync("taking in uploads", o.SweepEvery, sweep.SweepAsync, term),
            EveryAsync("collecting rings", o.DoorbellEvery, cancel => rings.CollectAsync(drivers.TryRing, cancel), term),
            EveryAsync("keeping deployments", o.ReconcileEvery, deployments.RunAsync, term),
            EveryAsync("pushing routes", o.PushEvery, PushAsync, term));
    }

    private Task EveryAsync(string what, TimeSpan every, Func<CancellationToken, Task> job, LeaseTerm term) =>
        Repeat.EveryAsync(what, every, cancel => term.IsHeld ? job(cancel) : Task.CompletedTask, time, logger, term.Ended);

    private async Task PushAsync(CancellationToken cancellationToken)
    {
        foreach (var route in await served.ListAsync(cancellationToken))
        {
            await router.PushAsync(route, cancellationToken);
        }
    }
}
