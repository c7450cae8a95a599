namespace ModelFlow.Core.Retention;

/// <summary>When versions that nothing needs any more move to cheaper tiers, counted from when they were last stable (or registered). Null: the step is not taken. 1 second to 36,500 days each, rising.</summary>
public sealed record RetentionPolicy
{
    /// <summary>To the cool tier; 30 days by default.</summary>
    public TimeSpan? CoolAfter { get; init; } = TimeSpan.FromDays(30);

    /// <summary>To the cold tier; 90 days by default.</summary>
    public TimeSpan? ColdAfter { get; init; } = TimeSpan.FromDays(90);

    /// <summary>To the archive tier, from which a restore takes hours; 180 days by default.</summary>
    public TimeSpan? ArchiveAfter { get; init; } = TimeSpan.FromDays(180);

    /// <summary>Deletion; never by default. The metadata stays.</summary>
    public TimeSpan? DeleteAfter { get; init; }

    /// <summary>How many of the most recent stable versions are always kept hot, 1 to 100; 3 by default.</summary>
    public int KeepStable { get; init; } = 3;
}
