namespace ModelFlow.Core.People;

/// <summary>Somebody who signs in in one or more ways, and the groups they are in.</summary>
public sealed record Person
{
    /// <summary>Their name, an identity itself: 1 to 64 letters, digits, '-', '_', '.' or '@'. Never given to another.</summary>
    public required string Name { get; init; }

    /// <summary>The identities they sign in with besides their name, for example <c>entra:…</c> or a token's name. None belongs to two people.</summary>
    public IReadOnlyList<string> Identities { get; init; } = [];

    /// <summary>The groups that policies can ask for. Those that a sign-in asserts count as well.</summary>
    public IReadOnlyList<string> Groups { get; init; } = [];

    /// <summary>When they were entered.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When they were removed: from then on nothing they approve, or have approved without effect yet, counts. Null while they are there.</summary>
    public DateTimeOffset? RemovedAt { get; init; }
}
