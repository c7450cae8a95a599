using ModelFlow.Core.Naming;
using ModelFlow.Core.Releases;

namespace ModelFlow.Core.Ports;

/// <summary>Lists across releases: projections of the releases' own partitions, rebuildable from them at any time.</summary>
public interface IReleaseIndex
{
    /// <summary>
    /// Enters or updates a release in the lists. A running one is put into the list of running ones <em>before</em> it is created,
    /// an ended one is taken out after it ended. One that is entered as ended never becomes running again: a late writer changes nothing.
    /// </summary>
    Task PutAsync(ReleaseSummary summary, CancellationToken cancellationToken);

    /// <summary>Ids of the releases entered as running; one that was never created or has ended since may be among them.</summary>
    IAsyncEnumerable<ReleaseId> ListRunningAsync(CancellationToken cancellationToken);

    /// <summary>Takes a release that does not exist or has ended out of the running ones.</summary>
    Task RemoveRunningAsync(ReleaseId id, CancellationToken cancellationToken);

    /// <summary>Newest first; of one model or of all.</summary>
    Task<Page<ReleaseSummary>> ListAsync(ModelName? model, int pageSize, string? continuation, CancellationToken cancellationToken);

    /// <summary>The newest attempt of a version; null if it was never released.</summary>
    Task<ReleaseId?> FindLatestAttemptAsync(ModelName model, VersionName version, CancellationToken cancellationToken);
}

/// <summary>A release in a list.</summary>
public sealed record ReleaseSummary
{
    /// <summary>The release.</summary>
    public required ReleaseId Id { get; init; }

    /// <summary>Who or what started it.</summary>
    public required string StartedBy { get; init; }

    /// <summary>When.</summary>
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>The stage's name when the list was last updated: at the start and at the end.</summary>
    public required string Stage { get; init; }

    /// <summary>How it ended; null while it runs.</summary>
    public Outcome? Outcome { get; init; }

    /// <summary>Why it ended so.</summary>
    public string? Reason { get; init; }

    /// <summary>When it ended.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>What the lists say of a release that stands at <paramref name="state"/>.</summary>
    public static ReleaseSummary Of(ReleaseState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        var ended = state.Stage as Stage.Ended;
        return new ReleaseSummary
        {
            Id = state.Id,
            StartedBy = state.StartedBy,
            StartedAt = state.StartedAt,
            Stage = state.Stage.Name,
            Outcome = ended?.Outcome,
            Reason = ended?.Reason,
            EndedAt = ended is null ? null : state.StageSince,
        };
    }
}

/// <summary>One page of a list.</summary>
/// <param name="Items">The items.</param>
/// <param name="Continuation">Asks for the next page; null when there is none.</param>
public sealed record Page<T>(IReadOnlyList<T> Items, string? Continuation);
