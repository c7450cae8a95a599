namespace ModelFlow.Core.Notifications;

/// <summary>One message to one subscription, with all that was tried to get it there.</summary>
public sealed record Delivery
{
    /// <summary>The most tries that are kept.</summary>
    public const int KeptTries = 20;

    /// <summary>The message's id, the same in every try: <c>{release}.{event number}</c>, or <c>test-…</c>.</summary>
    public required string Id { get; init; }

    /// <summary>When what it tells of happened.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>What is sent: a CloudEvent as JSON.</summary>
    public required string Body { get; init; }

    /// <summary>How it stands.</summary>
    public DeliveryStatus Status { get; init; }

    /// <summary>When it is sent next; null when nothing is sent any more.</summary>
    public DateTimeOffset? NextTryAt { get; init; }

    /// <summary>How often it was tried since it was entered or sent again.</summary>
    public int TriesSinceEntered { get; init; }

    /// <summary>The newest tries, oldest first.</summary>
    public IReadOnlyList<DeliveryTry> Tries { get; init; } = [];

    /// <summary>What becomes of it after a try.</summary>
    public Delivery After(DeliveryTry done, TimeSpan? askedToWait)
    {
        ArgumentNullException.ThrowIfNull(done);
        var tries = TriesSinceEntered + 1;
        var next = done.Accepted ? null : DeliverySchedule.Next(Id, tries, done.At + done.Took, askedToWait);
        return this with
        {
            Status = done.Accepted ? DeliveryStatus.Delivered : next is null ? DeliveryStatus.GivenUp : DeliveryStatus.Pending,
            NextTryAt = next,
            TriesSinceEntered = tries,
            Tries = [.. Tries.Append(done).TakeLast(KeptTries)],
        };
    }

    /// <summary>Sent again, as if it were new.</summary>
    public Delivery Again(DateTimeOffset now) => this with { Status = DeliveryStatus.Pending, NextTryAt = now, TriesSinceEntered = 0 };
}

/// <summary>How a delivery stands.</summary>
public enum DeliveryStatus
{
    /// <summary>It is sent until it arrives or is given up.</summary>
    Pending,

    /// <summary>The receiver took it.</summary>
    Delivered,

    /// <summary>It did not arrive in any of its tries.</summary>
    GivenUp,
}

/// <summary>One try.</summary>
/// <param name="At">When it began.</param>
/// <param name="Took">How long it took.</param>
/// <param name="StatusCode">The HTTP status of the answer; null if there was none.</param>
/// <param name="Error">Why it did not arrive; null if it did.</param>
public sealed record DeliveryTry(DateTimeOffset At, TimeSpan Took, int? StatusCode, string? Error)
{
    /// <summary>Whether the receiver took the message.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public bool Accepted => Error is null;
}
