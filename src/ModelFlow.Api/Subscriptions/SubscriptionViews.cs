using ModelFlow.Core.Notifications;

namespace ModelFlow.Api.Subscriptions;

/// <summary>Asks for a subscription.</summary>
public sealed record AddSubscriptionRequest
{
    /// <summary>Its name: 1 to 40 lower-case letters, digits and '-'.</summary>
    public string? Name { get; init; }

    /// <summary>Where messages are posted to. Path and query are kept as secrets.</summary>
    public string? Address { get; init; }

    /// <summary><c>*</c>, a model, or a prefix and <c>*</c>; everything by default.</summary>
    public string? Models { get; init; }

    /// <summary>Kinds of events; every kind by default.</summary>
    public IReadOnlyList<string>? Events { get; init; }

    /// <summary><c>cloudEvents</c>, the default, or <c>teams</c>: Adaptive Cards for a Teams Workflows webhook.</summary>
    public string? Format { get; init; }

    /// <summary>The one person whose address it is, entered among the people: they can decide by the links that are sent there.</summary>
    public string? Person { get; init; }

    /// <summary>Makes the request idempotent.</summary>
    public string? RequestId { get; init; }
}

/// <summary>A subscription as it may be shown.</summary>
public sealed record SubscriptionView
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>Scheme, host and port of its address.</summary>
    public required string Receiver { get; init; }

    /// <summary>Whose releases.</summary>
    public required string Models { get; init; }

    /// <summary>Kinds of events; none means every kind.</summary>
    public required IReadOnlyList<string> Events { get; init; }

    /// <summary>What messages look like.</summary>
    public required MessageFormat Format { get; init; }

    /// <summary>The one person whose address it is.</summary>
    public string? Person { get; init; }

    /// <summary>Who made it.</summary>
    public required string CreatedBy { get; init; }

    /// <summary>When.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Since when nothing is sent.</summary>
    public DateTimeOffset? PausedAt { get; init; }

    /// <summary>Why nothing is sent.</summary>
    public string? PausedBecause { get; init; }

    internal static SubscriptionView Of(Subscription subscription) => new()
    {
        Name = subscription.Name,
        Receiver = subscription.Shown,
        Models = subscription.Models,
        Events = subscription.Events,
        Format = subscription.Format,
        Person = subscription.Person,
        CreatedBy = subscription.CreatedBy,
        CreatedAt = subscription.CreatedAt,
        PausedAt = subscription.PausedAt,
        PausedBecause = subscription.PausedBecause,
    };
}

/// <summary>A subscription and its key, shown once.</summary>
/// <param name="Subscription">The subscription.</param>
/// <param name="Key">What its messages are signed with, as Standard Webhooks writes it: <c>whsec_</c> and base64.</param>
public sealed record NewSubscription(SubscriptionView Subscription, string Key);

/// <summary>A message that is on its way.</summary>
/// <param name="Id">Its id in the log.</param>
public sealed record SentMessage(string Id);

/// <summary>A message in the log.</summary>
public sealed record DeliveryView
{
    /// <summary>Its id.</summary>
    public required string Id { get; init; }

    /// <summary>When what it tells of happened.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>How it stands.</summary>
    public required DeliveryStatus Status { get; init; }

    /// <summary>When it is sent next.</summary>
    public DateTimeOffset? NextTryAt { get; init; }

    /// <summary>The newest tries, oldest first.</summary>
    public required IReadOnlyList<DeliveryTry> Tries { get; init; }

    /// <summary>What is sent.</summary>
    public required string Body { get; init; }

    internal static DeliveryView Of(Delivery delivery) => new()
    {
        Id = delivery.Id,
        At = delivery.At,
        Status = delivery.Status,
        NextTryAt = delivery.NextTryAt,
        Tries = delivery.Tries,
        Body = delivery.Body,
    };
}
