using Microsoft.Extensions.Logging;
using ModelFlow.Core.Notifications;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;

namespace ModelFlow.Orchestration.Notifications;

/// <summary>
/// Enters what happened to releases into the queues of the subscriptions that want it. Every event is entered at least once, however a host ends, and
/// under an id that makes further times harmless: a release is followed from its running list until its last event is entered.
/// </summary>
public sealed class Outbox(ISubscriptionStore subscriptions, IDeliveryStore deliveries, IReleaseStore releases, IReleaseIndex index, MessageWriter messages, TimeProvider time, ILogger<Outbox> logger)
{
    // A subscription that is younger may miss an event: another one's moves the cursor past it.
    private static readonly TimeSpan ListTrusted = TimeSpan.FromSeconds(5);

    private volatile Listed? _listed;

    /// <summary>
    /// Enters a release's new events. What cannot be entered now is caught up with later and never holds up the release; but the last
    /// ones must be entered before the release leaves the running ones, so then a failure is the caller's.
    /// </summary>
    /// <param name="state">The release as it was saved.</param>
    /// <param name="events">The events that were saved with it.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    public async Task EnterAsync(ReleaseState state, IReadOnlyList<ReleaseEvent> events, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(state);
        try
        {
            await CatchUpAsync(state, events, await ListAsync(cancellationToken), cancellationToken);
        }
        catch (StorageException e) when (state.Outcome is null)
        {
            logger.NotEntered(e, state.Id);
        }
    }

    /// <summary>Enters what is missing of every running release. Run every minute or so; costs two reads a running release, and nothing without subscriptions.</summary>
    public async Task SweepAsync(CancellationToken cancellationToken)
    {
        var listed = await subscriptions.ListAsync(cancellationToken);
        if (listed.Count == 0)
        {
            return;
        }

        await foreach (var id in index.ListRunningAsync(cancellationToken))
        {
            if (await releases.LoadAsync(id, cancellationToken) is { } snapshot)
            {
                await CatchUpAsync(snapshot.State, [], listed, cancellationToken);
            }
        }
    }

    private async Task CatchUpAsync(ReleaseState state, IReadOnlyList<ReleaseEvent> newest, IReadOnlyList<Subscription> listed, CancellationToken cancellationToken)
    {
        if (listed.Count == 0)
        {
            return;
        }

        var cursor = await deliveries.ReadCursorAsync(state.Id, cancellationToken);
        if (cursor >= state.EventCount)
        {
            return;
        }

        var events = newest.Count > 0 && newest[0].Seq == cursor + 1
            ? newest
            : await releases.ReadEventsAsync(state.Id, cursor, cancellationToken).ToListAsync(cancellationToken);
        if (events.Count == 0)
        {
            return;
        }

        foreach (var subscription in listed)
        {
            var wanted = new List<Delivery>();
            foreach (var e in events.Where(e => subscription.Wants(state.Id.Model, e.Kind, e.At)))
            {
                wanted.Add(new Delivery
                {
                    Id = CloudEvent.IdOf(state.Id, e.Seq),
                    At = e.At,
                    Body = await messages.WriteAsync(subscription, state, e, cancellationToken),
                    NextTryAt = time.GetUtcNow(),
                });
            }

            if (wanted.Count > 0)
            {
                await deliveries.EnterAsync(subscription.Name, wanted, cancellationToken);
            }
        }

        await deliveries.MoveCursorAsync(state.Id, events[^1].Seq, cancellationToken);
    }

    private async Task<IReadOnlyList<Subscription>> ListAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        if (_listed is { } listed && now - listed.At < ListTrusted)
        {
            return listed.Subscriptions;
        }

        var fresh = await subscriptions.ListAsync(cancellationToken);
        _listed = new Listed(fresh, now);
        return fresh;
    }

    private sealed record Listed(IReadOnlyList<Subscription> Subscriptions, DateTimeOffset At);
}

/// <summary>Where this ModelFlow is: the source of its messages, and what links in them begin with.</summary>
/// <param name="Address">For example <c>https://modelflow.example.com/</c>.</param>
public sealed record NotificationSource(Uri Address);
