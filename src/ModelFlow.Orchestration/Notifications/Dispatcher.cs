using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using ModelFlow.Core.Notifications;
using ModelFlow.Core.Ports;

namespace ModelFlow.Orchestration.Notifications;

/// <summary>
/// Sends what is due, to several subscriptions at a time and to each one message after the other. A receiver that fails is left alone for a while, so
/// that one which is slow or dead costs neither releases nor other receivers anything.
/// </summary>
public sealed class Dispatcher(ISubscriptionStore subscriptions, IDeliveryStore deliveries, INotificationSender sender, IAuditLog audit, TimeProvider time, ILogger<Dispatcher> logger)
{
    private const int ReceiversAtOnce = 8;
    private const int ReadAtOnce = 20;
    private const int MostInAPass = 200;
    private static readonly TimeSpan FirstRest = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestRest = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Kept = TimeSpan.FromDays(30);

    private readonly ConcurrentDictionary<string, Resting> _resting = new(StringComparer.Ordinal);

    /// <summary>Sends what is due now. Returns how many messages arrived.</summary>
    public async Task<int> SendDueAsync(CancellationToken cancellationToken)
    {
        var arrived = 0;
        var listed = await subscriptions.ListAsync(cancellationToken);
        await Parallel.ForEachAsync(
            listed.Where(s => s.PausedAt is null),
            new ParallelOptions { MaxDegreeOfParallelism = ReceiversAtOnce, CancellationToken = cancellationToken },
            async (subscription, cancel) => Interlocked.Add(ref arrived, await SendDueAsync(subscription, cancel)));
        return arrived;
    }

    /// <summary>Deletes what is older than 30 days from the logs.</summary>
    public async Task PruneAsync(CancellationToken cancellationToken)
    {
        foreach (var subscription in await subscriptions.ListAsync(cancellationToken))
        {
            await deliveries.PruneAsync(subscription.Name, time.GetUtcNow() - Kept, cancellationToken);
        }
    }

    private async Task<int> SendDueAsync(Subscription subscription, CancellationToken cancellationToken)
    {
        var arrived = 0;
        for (var sent = 0; sent < MostInAPass;)
        {
            if (_resting.TryGetValue(subscription.Name, out var rest) && time.GetUtcNow() < rest.Until)
            {
                return arrived;
            }

            var due = await deliveries.DueAsync(subscription.Name, time.GetUtcNow(), ReadAtOnce, cancellationToken);
            if (due.Count == 0)
            {
                return arrived;
            }

            foreach (var delivery in due)
            {
                sent++;
                if (!await SendAsync(subscription, delivery, cancellationToken))
                {
                    return arrived;
                }

                arrived++;
            }
        }

        return arrived;
    }

    private async Task<bool> SendAsync(Subscription subscription, Delivery delivery, CancellationToken cancellationToken)
    {
        var answer = await sender.SendAsync(subscription, delivery, cancellationToken);
        var next = delivery.After(answer.Try, answer.AskedToWait);

        // Somebody else sent it, or asked for it to be sent again, meanwhile: theirs stands.
        await deliveries.ReplaceAsync(subscription.Name, delivery, next, cancellationToken);
        if (answer.Try.Accepted)
        {
            _resting.TryRemove(subscription.Name, out _);
            return true;
        }

        logger.NotDelivered(delivery.Id, subscription.Name, answer.Try.Error!, next.NextTryAt); // Not accepted: there is an error.
        if (answer.Gone)
        {
            await PauseAsync(subscription, cancellationToken);
        }

        var times = (_resting.TryGetValue(subscription.Name, out var before) ? before.Times : 0) + 1;
        _resting[subscription.Name] = new Resting(times, time.GetUtcNow() + TimeSpan.FromTicks(Math.Min(LongestRest.Ticks, FirstRest.Ticks << Math.Min(times - 1, 10))));
        return false;
    }

    private async Task PauseAsync(Subscription subscription, CancellationToken cancellationToken)
    {
        const string Why = "the receiver answered 410 Gone";
        var now = time.GetUtcNow();
        await audit.AppendAsync(
            Core.Audit.AuditScope.System,
            new AuditEntry($"subscriptionGone-{subscription.Name}-{now.UtcTicks}", now, "modelflow", "subscriptionPaused", subscription.Name, $"paused the subscription '{subscription.Name}': {Why}"),
            cancellationToken);
        await subscriptions.UpdateAsync(subscription.Name, s => s with { PausedAt = s.PausedAt ?? now, PausedBecause = s.PausedBecause ?? Why }, cancellationToken);
    }

    private sealed record Resting(int Times, DateTimeOffset Until);
}
