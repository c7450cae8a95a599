using ModelFlow.Core.Naming;
using ModelFlow.Core.Notifications;

namespace ModelFlow.Core.Ports;

/// <summary>What is to be sent, and what was: one queue and one log for each subscription.</summary>
public interface IDeliveryStore
{
    /// <summary>Enters deliveries; one whose id was entered before changes nothing.</summary>
    Task EnterAsync(string subscription, IReadOnlyList<Delivery> deliveries, CancellationToken cancellationToken);

    /// <summary>Those whose next try is due, the most overdue first.</summary>
    Task<IReadOnlyList<Delivery>> DueAsync(string subscription, DateTimeOffset now, int count, CancellationToken cancellationToken);

    /// <summary>Replaces a delivery, on condition that it is still as <paramref name="read"/>; false if it is not.</summary>
    Task<bool> ReplaceAsync(string subscription, Delivery read, Delivery next, CancellationToken cancellationToken);

    /// <summary>A delivery by its id; null if there is none.</summary>
    Task<Delivery?> FindAsync(string subscription, string id, CancellationToken cancellationToken);

    /// <summary>The log, what happened last first.</summary>
    Task<Page<Delivery>> ListAsync(string subscription, int pageSize, string? continuation, CancellationToken cancellationToken);

    /// <summary>Deletes what happened before <paramref name="before"/> and is not pending. Can be cut short and run again.</summary>
    Task PruneAsync(string subscription, DateTimeOffset before, CancellationToken cancellationToken);

    /// <summary>Deletes all of a subscription's deliveries.</summary>
    Task RemoveAllAsync(string subscription, CancellationToken cancellationToken);

    /// <summary>Up to which of its events a release's deliveries were entered; 0 at first.</summary>
    Task<int> ReadCursorAsync(ReleaseId release, CancellationToken cancellationToken);

    /// <summary>Moves a release's cursor. The last writer wins: one that moves it back has deliveries entered again, which changes nothing.</summary>
    Task MoveCursorAsync(ReleaseId release, int seq, CancellationToken cancellationToken);
}
