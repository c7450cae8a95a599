namespace ModelFlow.Serving.Repository;

/// <summary>What came of a load call.</summary>
internal abstract record LoadOutcome
{
    private LoadOutcome()
    {
    }

    /// <summary>The version answers requests.</summary>
    public sealed record Ready(LoadedVersion Version) : LoadOutcome;

    /// <summary>These bytes can never be served: <c>load</c> (the runtime or the protocol cannot) or <c>digest</c> (not the bytes that were named).</summary>
    public sealed record Refused(string Reason, string Message) : LoadOutcome;

    /// <summary>The version is loaded with other bytes.</summary>
    public sealed record Conflict(string Message) : LoadOutcome;

    /// <summary>The files could not be fetched now.</summary>
    public sealed record NotFetched(string Message) : LoadOutcome;

    /// <summary>No room on disk, or too many versions.</summary>
    public sealed record NoRoom(string Message) : LoadOutcome;
}
