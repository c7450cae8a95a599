using Microsoft.Extensions.Options;
using ModelFlow.Core.Ports;
using ModelFlow.LocalHost.Leasing;
using ModelFlow.Orchestration.Auditing;
using ModelFlow.Orchestration.Intake;
using ModelFlow.Orchestration.Notifications;
using ModelFlow.Orchestration.Operations;
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
    HoldUpkeep holds,
    ServedRoutes served,
    ITrafficRouter router,
    ITrafficWindows windows,
    ApplyRetention retention,
    AnchorChains anchors,
    Outbox outbox,
    Dispatcher dispatcher,
    IOptions<HostOptions> options,
    TimeProvider time,
    ILogger<ActiveHost> logger) : BackgroundService
{
    private static readonly TimeSpan PruneEvery = TimeSpan.FromHours(1);
    private static readonly TimeSpan AnchorLookEvery = TimeSpan.FromSeconds(20);

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
            EveryAsync("keeping legal holds", o.ReconcileEvery, holds.RunAsync, term),
            EveryAsync("pushing routes", o.PushEvery, PushAsync, term),
            EveryAsync("deleting old traffic windows", PruneEvery, cancel => windows.PruneAsync(time.GetUtcNow() - o.KeepWindows, cancel), term),
            EveryAsync("sending messages", o.SendEvery, dispatcher.SendDueAsync, term),
            EveryAsync("entering missed messages", o.RecheckEvery, outbox.SweepAsync, term),
            EveryAsync("anchoring the audit", AnchorLookEvery, anchors.RunAsync, term),
            EveryAsync("deleting old messages", PruneEvery, dispatcher.PruneAsync, term),
            o.RetentionEvery is { } every ? EveryAsync("applying retention", every, RetainAsync, term) : Task.CompletedTask);
    }

    private Task EveryAsync(string what, TimeSpan every, Func<CancellationToken, Task> job, LeaseTerm term) =>
        Repeat.EveryAsync(what, every, cancel => term.IsHeld ? job(cancel) : Task.CompletedTask, time, logger, term.Ended);

    // Each run is a request of its own, as a run after a failure must not pass for a repetition of the failed one.
    private Task RetainAsync(CancellationToken cancellationToken) =>
        retention.ApplyAsync(model: null, digest: null, new Requester("modelflow", $"retention-{time.GetUtcNow().UtcTicks}"), cancellationToken);

    private async Task PushAsync(CancellationToken cancellationToken)
    {
        foreach (var route in await served.ListAsync(cancellationToken))
        {
            await router.PushAsync(route, cancellationToken);
        }
    }
}
