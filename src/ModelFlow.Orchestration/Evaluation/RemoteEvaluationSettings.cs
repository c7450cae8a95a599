namespace ModelFlow.Orchestration.Evaluation;

/// <summary>How jobs run on a platform, whichever it is.</summary>
public sealed record RemoteEvaluationSettings
{
    /// <summary>The evaluator's image; one with a tag is resolved to its digest before each job.</summary>
    public required string Image { get; init; }

    /// <summary>The formats it reads.</summary>
    public required IReadOnlySet<string> Formats { get; init; }

    /// <summary>Threads one inference may use.</summary>
    public required int Threads { get; init; }

    /// <summary>The most resident memory the evaluator may hold.</summary>
    public required int MemoryMiB { get; init; }

    /// <summary>The most it may write.</summary>
    public required int OutputMiB { get; init; }

    /// <summary>The disk of a container, in bytes: inputs and outputs must fit; null where each container gets one of the size it needs.</summary>
    public long? DiskBytes { get; init; }

    /// <summary>What to do about a version that does not fit.</summary>
    public string DiskRemedy { get; init; } = "";

    /// <summary>How often a running job is looked at.</summary>
    public required TimeSpan PollEvery { get; init; }

    /// <summary>How long a container may wait for its machine.</summary>
    public required TimeSpan QueueLimit { get; init; }
}
