using ModelFlow.Core.Audit;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Notifications;
using ModelFlow.Core.Ports;
using ModelFlow.Orchestration.Notifications;

namespace ModelFlow.Orchestration.Operations;

/// <summary>Adds, changes and removes subscriptions, and sends messages again. Keys are made and shown by the caller.</summary>
public sealed class ManageSubscriptions(
    ISubscriptionStore subscriptions, IDeliveryStore deliveries, ISecretProtector protector, MessageWriter messages, IPeopleStore people, IAuditLog audit, TimeProvider time)
{
    /// <summary>For how long an older key goes on signing beside a new one.</summary>
    public static readonly TimeSpan KeyOverlap = TimeSpan.FromHours(24);

    /// <summary>Adds a subscription.</summary>
    public async Task<AddSubscription> AddAsync(
        string name, Uri address, ModelScope models, IReadOnlyList<string> events, MessageFormat format, string? person, byte[] key, Requester requester, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(address);
        if (await subscriptions.FindAsync(name, cancellationToken) is not null)
        {
            return new AddSubscription.NameTaken();
        }

        if (person is not null && !(await people.ListAsync(cancellationToken)).Any(p => p.RemovedAt is null && string.Equals(p.Name, person, StringComparison.Ordinal)))
        {
            return new AddSubscription.NoPerson();
        }

        var subscription = new Subscription
        {
            Name = name,
            Shown = address.GetLeftPart(UriPartial.Authority),
            Address = protector.Protect(address.AbsoluteUri),
            Keys = [new SubscriptionKey(protector.Protect(Convert.ToBase64String(key)), null)],
            Models = models.Value,
            Events = events,
            Format = format,
            Person = person,
            CreatedBy = requester.By,
            CreatedAt = time.GetUtcNow(),
        };
        var what = events.Count == 0 ? "everything" : string.Join(", ", events);
        await RecordAsync("subscriptionAdded", name, $"subscribed {subscription.Shown} as '{name}' to {what} of '{models}'{(person is null ? "" : $", as the address of {person}, who can decide by its links")}", requester, cancellationToken);

        // A name that was in use before begins with an empty log.
        await deliveries.RemoveAllAsync(name, cancellationToken);
        return await subscriptions.AddAsync(subscription, cancellationToken) ? new AddSubscription.Added(subscription) : new AddSubscription.NameTaken();
    }

    /// <summary>Removes a subscription with its log; false if there is none.</summary>
    public async Task<bool> RemoveAsync(string name, string? reason, Requester requester, CancellationToken cancellationToken)
    {
        if (await subscriptions.FindAsync(name, cancellationToken) is null)
        {
            return false;
        }

        await RecordAsync("subscriptionRemoved", name, $"removed the subscription '{name}'{Why(reason)}", requester, cancellationToken);
        var removed = await subscriptions.RemoveAsync(name, cancellationToken);
        await deliveries.RemoveAllAsync(name, cancellationToken);
        return removed;
    }

    /// <summary>Sends nothing more until <see cref="ResumeAsync"/>; messages wait. Null if there is none of this name.</summary>
    public async Task<Subscription?> PauseAsync(string name, string? reason, Requester requester, CancellationToken cancellationToken)
    {
        if (await subscriptions.FindAsync(name, cancellationToken) is null)
        {
            return null;
        }

        await RecordAsync("subscriptionPaused", name, $"paused the subscription '{name}'{Why(reason)}", requester, cancellationToken);
        var now = time.GetUtcNow();
        return await subscriptions.UpdateAsync(name, s => s.PausedAt is null ? s with { PausedAt = now, PausedBecause = reason ?? $"{requester.By} paused it" } : s, cancellationToken);
    }

    /// <summary>Sends again, what waited first. Null if there is none of this name.</summary>
    public async Task<Subscription?> ResumeAsync(string name, string? reason, Requester requester, CancellationToken cancellationToken)
    {
        if (await subscriptions.FindAsync(name, cancellationToken) is null)
        {
            return null;
        }

        await RecordAsync("subscriptionResumed", name, $"resumed the subscription '{name}'{Why(reason)}", requester, cancellationToken);
        return await subscriptions.UpdateAsync(name, s => s with { PausedAt = null, PausedBecause = null }, cancellationToken);
    }

    /// <summary>Signs with a new key, and with the one before it for <see cref="KeyOverlap"/> more. Null if there is none of this name.</summary>
    public async Task<Subscription?> RotateKeyAsync(string name, byte[] key, string? reason, Requester requester, CancellationToken cancellationToken)
    {
        if (await subscriptions.FindAsync(name, cancellationToken) is null)
        {
            return null;
        }

        await RecordAsync("subscriptionKeyRotated", name, $"made a new key for the subscription '{name}'{Why(reason)}", requester, cancellationToken);
        var now = time.GetUtcNow();
        var made = new SubscriptionKey(protector.Protect(Convert.ToBase64String(key)), null);
        return await subscriptions.UpdateAsync(name, s => s with { Keys = [made, s.Keys[0] with { Until = now + KeyOverlap }] }, cancellationToken);
    }

    /// <summary>Sends a message that tells of nothing. Its id, to be found in the log; null if there is no such subscription.</summary>
    public async Task<string?> TestAsync(string name, string? reason, Requester requester, CancellationToken cancellationToken)
    {
        if (await subscriptions.FindAsync(name, cancellationToken) is not { } subscription)
        {
            return null;
        }

        await RecordAsync("subscriptionTested", name, $"had a test message sent to '{name}'{Why(reason)}", requester, cancellationToken);
        var now = time.GetUtcNow();
        var id = requester.IdFor("test", name);
        await deliveries.EnterAsync(name, [new Delivery { Id = id, At = now, Body = messages.Test(subscription, id, requester.By, now), NextTryAt = now }], cancellationToken);
        return id;
    }

    /// <summary>Sends a message again, whether it arrived or not; null if there is none of this id.</summary>
    public async Task<Delivery?> RedeliverAsync(string name, string id, string? reason, Requester requester, CancellationToken cancellationToken)
    {
        while (await deliveries.FindAsync(name, id, cancellationToken) is { } delivery)
        {
            await RecordAsync("redelivered", $"{name}/{id}", $"had message '{id}' sent to '{name}' again{Why(reason)}", requester, cancellationToken);
            var again = delivery.Again(time.GetUtcNow());
            if (await deliveries.ReplaceAsync(name, delivery, again, cancellationToken))
            {
                return again;
            }
        }

        return null;
    }

    private static string Why(string? reason) => reason is null ? "" : $": {reason}";

    private Task RecordAsync(string action, string subject, string message, Requester requester, CancellationToken cancellationToken) =>
        audit.AppendAsync(
            AuditScope.System,
            new AuditEntry(requester.IdFor(action, subject), time.GetUtcNow(), requester.By, action, subject, message),
            cancellationToken);
}

/// <summary>The outcome of adding a subscription.</summary>
public abstract record AddSubscription
{
    private AddSubscription()
    {
    }

    /// <summary>It is told from now on.</summary>
    public sealed record Added(Subscription Subscription) : AddSubscription;

    /// <summary>There is one of the name.</summary>
    public sealed record NameTaken : AddSubscription;

    /// <summary>Nobody is entered under the person's name.</summary>
    public sealed record NoPerson : AddSubscription;
}
