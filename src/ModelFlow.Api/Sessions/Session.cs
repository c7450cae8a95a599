namespace ModelFlow.Api.Sessions;

/// <summary>What a browser's cookie holds.</summary>
internal sealed record Session
{
    /// <summary>The token it was opened with: looked up with every request, so that a revocation ends the session too.</summary>
    public required string Token { get; init; }

    /// <summary>When it ends, whatever happens.</summary>
    public required DateTimeOffset Ends { get; init; }
}
