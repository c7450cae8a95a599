using System.Collections.Concurrent;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using ModelFlow.Core.Naming;
using ModelFlow.Orchestration;

namespace ModelFlow.Functions.Driving;

/// <summary>
/// Rings for releases' orchestrations. A function gets its Durable client with its call, and an instance may be frozen when no call is in progress: so
/// rings are noted here, and every function that may have caused one delivers them before it ends.
/// </summary>
public sealed class DurableDoorbell(IOptions<DrivingOptions> options, ILogger<DurableDoorbell> logger) : IDoorbell
{
    private readonly ConcurrentDictionary<ReleaseId, byte> _rung = new();

    /// <inheritdoc/>
    public void Ring(ReleaseId id) => _rung.TryAdd(id, 0);

    /// <summary>
    /// Rings each orchestration that was rung for, or starts it. Never fails: a ring that cannot be delivered is kept for the next delivery of this
    /// process, and the watchdog finds what it stood for.
    /// </summary>
    public async Task DeliverAsync(DurableTaskClient client, CancellationToken cancellationToken)
    {
        foreach (var id in _rung.Keys)
        {
            if (!_rung.TryRemove(id, out _))
            {
                continue;
            }

            try
            {
                await StartOrRingAsync(client, id, cancellationToken);
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                // The edge to Durable, whose client throws what its transport throws.
                logger.RingNotDelivered(e, id);
                _rung.TryAdd(id, 0);
            }
        }
    }

    /// <summary>Starts the release's orchestration if none runs, and rings it otherwise. Returns what it was before; null if there was none.</summary>
    internal async Task<OrchestrationRuntimeStatus?> StartOrRingAsync(DurableTaskClient client, ReleaseId id, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(client);
        var before = (await client.GetInstanceAsync(id.ToString(), cancellationToken))?.RuntimeStatus;
        if (before is { } status && !IsOver(status))
        {
            await RingAsync(client, id, cancellationToken);
            return before;
        }

        try
        {
            await client.ScheduleNewOrchestrationInstanceAsync(ReleaseOrchestrator.Name, new DriverInput { Pace = options.Value.ToPace() }, Start(id), cancellationToken);
            logger.Started(id);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            // Somebody else was quicker, or it is a real error: then it is still not there.
            if ((await client.GetInstanceAsync(id.ToString(), cancellationToken))?.RuntimeStatus is not { } now || IsOver(now))
            {
                throw;
            }

            await RingAsync(client, id, cancellationToken);
        }

        return before;
    }

    /// <summary>Rings an orchestration that runs.</summary>
    internal static Task RingAsync(DurableTaskClient client, ReleaseId id, CancellationToken cancellationToken) =>
        client.RaiseEventAsync(id.ToString(), ReleaseOrchestrator.RingEvent, eventPayload: "", cancellationToken);

    /// <summary>Whether an orchestration in this status does nothing any more.</summary>
    internal static bool IsOver(OrchestrationRuntimeStatus status) =>
        status is OrchestrationRuntimeStatus.Completed or OrchestrationRuntimeStatus.Failed or OrchestrationRuntimeStatus.Terminated;

    private static StartOrchestrationOptions Start(ReleaseId id) =>
        new StartOrchestrationOptions(id.ToString()) { Version = new TaskVersion(ReleaseOrchestrator.Version) }
            .WithDedupeStatuses(OrchestrationRuntimeStatus.Pending, OrchestrationRuntimeStatus.Running, OrchestrationRuntimeStatus.Suspended);
}
