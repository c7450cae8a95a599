namespace ModelFlow.Api.Sessions;

/// <summary>What a browser's cookie holds.</summary>
internal sealed record Session
{
    /// <summary>The token it was opened with: looked up with every request, so that a revocation ends the session too. Null where a provider said who it is.</summary>
    public string? Token { get; init; }

    /// <summary>Who signed in with a provider of identities.</summary>
    public SignedIn? Person { get; init; }

    /// <summary>When it ends, whatever happens.</summary>
    public required DateTimeOffset Ends { get; init; }
}

/// <summary>Who signed in with a provider of identities, as it was then.</summary>
internal sealed record SignedIn(string Name, string? DisplayName, IReadOnlyList<string> Roles, IReadOnlyList<string> Groups);
