namespace ModelFlow.Core.Catalog;

/// <summary>
/// The legal hold that ModelFlow keeps on the files of a version. It is noted before the first file gets one and forgotten after the last
/// has lost it, so that a hold is never forgotten, whatever is interrupted; holds that people set on other versions are none of it.
/// </summary>
public sealed record VersionHold
{
    /// <summary>When it was begun: from here on any file may have one.</summary>
    public required DateTimeOffset Since { get; init; }

    /// <summary>When every file was last seen to have it; null while that is not certain.</summary>
    public DateTimeOffset? SeenAt { get; init; }

    /// <summary>Why it could not be set or lifted; null when the last try went well. It is tried again.</summary>
    public string? Problem { get; init; }
}
