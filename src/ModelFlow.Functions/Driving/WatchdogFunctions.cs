using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;

namespace ModelFlow.Functions.Driving;

/// <summary>The timers that look after orchestrations.</summary>
public sealed class WatchdogFunctions(Watchdog watchdog, DurableDoorbell doorbell)
{
    /// <summary>Every minute: every running release is driven.</summary>
    [Function("LookAfterReleases")]
    public async Task LookAfterReleasesAsync([TimerTrigger("0 * * * * *")] TimerInfo timer, [DurableClient] DurableTaskClient client, CancellationToken cancellationToken)
    {
        await doorbell.DeliverAsync(client, cancellationToken);
        await watchdog.LookAsync(client, cancellationToken);
    }

    /// <summary>Every night: histories that nobody needs are deleted.</summary>
    [Function("PurgeHistories")]
    public Task PurgeHistoriesAsync([TimerTrigger("0 40 2 * * *")] TimerInfo timer, [DurableClient] DurableTaskClient client, CancellationToken cancellationToken) =>
        watchdog.PurgeAsync(client, cancellationToken);
}
