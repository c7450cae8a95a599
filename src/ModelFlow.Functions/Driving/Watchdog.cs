using System.Collections.Concurrent;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;
using ModelFlow.Functions.Composition;

namespace ModelFlow.Functions.Driving;

/// <summary>Looks after the drivers: every running release has an orchestration that does not oversleep. Run every minute.</summary>
public sealed class Watchdog(
    IReleaseIndex index, IReleaseStore releases, DurableDoorbell doorbell, IOptions<AzureHostOptions> options, TimeProvider time, ILogger<Watchdog> logger)
{
    // Signals and wake-ups are this late before they count as missed: a ring and a timer have their own way to go.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan NeverCreatedAfter = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<ReleaseId, DateTimeOffset> _missingSince = new();

    /// <summary>
    /// Starts the orchestration of each running release that has none, or one that is over although the release is not, and rings those that are overdue.
    /// One that an operator suspended is left alone. Returns how many were started or rung.
    /// </summary>
    public async Task<int> LookAsync(DurableTaskClient client, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(client);
        var helped = 0;
        await foreach (var id in index.ListRunningAsync(cancellationToken))
        {
            try
            {
                helped += await LookAfterAsync(client, id, cancellationToken) ? 1 : 0;
            }
            catch (Exception e) when (!(e is OperationCanceledException && cancellationToken.IsCancellationRequested))
            {
                // One release must not keep the watchdog from the others.
                logger.NotLookedAfter(e, id);
            }
        }

        return helped;
    }

    /// <summary>
    /// Deletes the histories of orchestrations that are over and whose last life began long ago; a life is a few steps long. Their releases stay.
    /// Returns how many.
    /// </summary>
    public async Task<int> PurgeAsync(DurableTaskClient client, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(client);
        var over = new PurgeInstancesFilter(
            CreatedFrom: DateTimeOffset.UnixEpoch, // The host's extension fails on a filter without it.
            CreatedTo: time.GetUtcNow() - options.Value.KeepHistories,
            Statuses: [OrchestrationRuntimeStatus.Completed, OrchestrationRuntimeStatus.Failed, OrchestrationRuntimeStatus.Terminated]);
        return (await client.PurgeAllInstancesAsync(over, cancellationToken)).PurgedInstanceCount;
    }

    private async Task<bool> LookAfterAsync(DurableTaskClient client, ReleaseId id, CancellationToken cancellationToken)
    {
        if (await releases.LoadAsync(id, cancellationToken) is not { } snapshot)
        {
            await TakeOffIfNeverCreatedAsync(id, cancellationToken);
            return false;
        }

        _missingSince.TryRemove(id, out _);
        if (snapshot.State.Outcome is not null)
        {
            // It ended and the list was not told.
            await index.PutAsync(ReleaseSummary.Of(snapshot.State), cancellationToken);
            return false;
        }

        var instance = await client.GetInstanceAsync(id.ToString(), getInputsAndOutputs: true, cancellationToken);
        if (instance is null || DurableDoorbell.IsOver(instance.RuntimeStatus))
        {
            await doorbell.StartOrRingAsync(client, id, cancellationToken);
            if (instance is not null)
            {
                logger.StartedAgain(id, instance.RuntimeStatus.ToString());
            }

            return true;
        }

        if (instance.RuntimeStatus == OrchestrationRuntimeStatus.Suspended)
        {
            logger.Suspended(id);
            return false;
        }

        if (DueOf(snapshot, instance) is not { } due || due + Grace > time.GetUtcNow())
        {
            return false;
        }

        await DurableDoorbell.RingAsync(client, id, cancellationToken);
        logger.Overdue(id, due);
        return true;
    }

    // The oldest signal that was not taken in, or the time that its orchestration means to go on at.
    private static DateTimeOffset? DueOf(ReleaseSnapshot snapshot, OrchestrationMetadata instance)
    {
        var sent = snapshot.Signals.Select(s => (DateTimeOffset?)s.At).Min();
        var due = instance.SerializedCustomStatus is null ? null : instance.ReadCustomStatusAs<DriverStatus>()?.NextDue;
        return sent < due || due is null ? sent : due;
    }

    // A release is entered into the list before it is created; one that never appears was given up by its creator.
    private async Task TakeOffIfNeverCreatedAsync(ReleaseId id, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (now - _missingSince.GetOrAdd(id, now) < NeverCreatedAfter)
        {
            return;
        }

        await index.RemoveRunningAsync(id, cancellationToken);
        _missingSince.TryRemove(id, out _);
        if (await releases.LoadAsync(id, cancellationToken) is { } late)
        {
            // Created at the last moment. One that is created after this look is entered again by its creator.
            await index.PutAsync(ReleaseSummary.Of(late.State), cancellationToken);
        }
        else
        {
            logger.NeverCreated(id);
        }
    }
}
