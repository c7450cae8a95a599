using ModelFlow.Core.Naming;
using ModelFlow.Core.Releases;

namespace ModelFlow.Core.Notifications;

/// <summary>An address that is told what happens to releases.</summary>
public sealed record Subscription
{
    /// <summary>Its name, a lower-case DNS label of at most 40 characters; never two at a time.</summary>
    public required string Name { get; init; }

    /// <summary>The address as it may be shown: scheme, host and port. Path and query often are the secret.</summary>
    public required string Shown { get; init; }

    /// <summary>The whole address, protected: see <see cref="Ports.ISecretProtector"/>.</summary>
    public required string Address { get; init; }

    /// <summary>The keys that messages are signed with, newest first.</summary>
    public required IReadOnlyList<SubscriptionKey> Keys { get; init; }

    /// <summary>Whose releases: <c>*</c>, a model, or a prefix and <c>*</c>.</summary>
    public required string Models { get; init; }

    /// <summary>Which kinds of events, for example <c>approved</c>; none means every kind, and for Teams <see cref="TeamsCard.UsualEvents"/>.</summary>
    public IReadOnlyList<string> Events { get; init; } = [];

    /// <summary>What messages look like.</summary>
    public MessageFormat Format { get; init; }

    /// <summary>The one person whose address it is: messages that ask them carry a link with which they can decide. Null for an address that several read.</summary>
    public string? Person { get; init; }

    /// <summary>Who made it.</summary>
    public required string CreatedBy { get; init; }

    /// <summary>When it was made: it is told of nothing that happened before.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Since when nothing is sent; what happens meanwhile waits. Null while it is sent to.</summary>
    public DateTimeOffset? PausedAt { get; init; }

    /// <summary>Why it is paused.</summary>
    public string? PausedBecause { get; init; }

    /// <summary>Whether it is told of an event.</summary>
    /// <param name="model">Whose release.</param>
    /// <param name="kind">The event's kind.</param>
    /// <param name="at">When it happened.</param>
    public bool Wants(ModelName model, string kind, DateTimeOffset at) =>
        at >= CreatedAt
        && (Events.Count > 0 ? Events : Format == MessageFormat.Teams ? TeamsCard.UsualEvents : EventKinds.All).Contains(kind, StringComparer.Ordinal)
        && ModelScope.TryParse(Models, out var scope, out _)
        && scope.Covers(model);

    /// <summary>The keys that sign at <paramref name="now"/>: the newest, and each older one until its end.</summary>
    public IEnumerable<SubscriptionKey> KeysAt(DateTimeOffset now) => Keys.Where((k, i) => i == 0 || k.Until > now);
}

/// <summary>What messages look like.</summary>
public enum MessageFormat
{
    /// <summary>CloudEvents 1.0, for programs.</summary>
    CloudEvents,

    /// <summary>Adaptive Cards for a Teams Workflows webhook.</summary>
    Teams,
}

/// <summary>A key that messages are signed with.</summary>
/// <param name="Protected">32 bytes, protected: see <see cref="Ports.ISecretProtector"/>.</param>
/// <param name="Until">When it stops signing, once a newer one was made; null for the newest.</param>
public sealed record SubscriptionKey(string Protected, DateTimeOffset? Until);
