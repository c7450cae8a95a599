using ModelFlow.Core.Naming;
using ModelFlow.Core.Releases;

namespace ModelFlow.Core.Ports;

/// <summary>
/// A release's partition: its state, its events, the signals sent to it and its commands' results.
/// Every write is conditional on the state row as it was read, so that a writer who was overtaken writes nothing.
/// </summary>
public interface IReleaseStore
{
    /// <summary>Inserts a release with its first events. The insert is the only authority on duplicates.</summary>
    Task<CreateRelease> CreateAsync(ReleaseState state, IReadOnlyList<ReleaseEvent> events, CancellationToken cancellationToken);

    /// <summary>State, unread signals in the order of <see cref="Signal.At"/> then id, and the pending command's result, in one read; null if there is none.</summary>
    Task<ReleaseSnapshot?> LoadAsync(ReleaseId id, CancellationToken cancellationToken);

    /// <summary>
    /// Replaces the state, appends events and marks signals as read, in one batch, on condition that the state is the one in
    /// <paramref name="read"/>. At most 90 events and signals together.
    /// </summary>
    Task<SaveRelease> SaveAsync(ReleaseSnapshot read, ReleaseState next, IReadOnlyList<ReleaseEvent> events, IReadOnlyList<string> consumedSignals, CancellationToken cancellationToken);

    /// <summary>Stores the result of a command, on condition that the state is the one in <paramref name="read"/>; the first stored result wins.</summary>
    Task<StoreResult> AddResultAsync(ReleaseSnapshot read, int seq, CommandResult result, CancellationToken cancellationToken);

    /// <summary>
    /// <see cref="AddResultAsync"/> of the pending command of <paramref name="read"/> and <see cref="SaveAsync"/> of what was decided on it,
    /// in one batch: both or neither.
    /// </summary>
    Task<SaveRelease> SaveWithResultAsync(
        ReleaseSnapshot read, CommandResult result, ReleaseState next, IReadOnlyList<ReleaseEvent> events, IReadOnlyList<string> consumedSignals, CancellationToken cancellationToken);

    /// <summary>Stores a signal; a second one with the same id changes nothing.</summary>
    Task<AddSignal> AddSignalAsync(ReleaseId id, Signal signal, CancellationToken cancellationToken);

    /// <summary>
    /// Makes every snapshot read before this worthless, without changing the state: called for each running release by a host
    /// that takes over. False if there is no such release.
    /// </summary>
    Task<bool> FenceAsync(ReleaseId id, CancellationToken cancellationToken);

    /// <summary>Events after <paramref name="afterSeq"/>, oldest first.</summary>
    IAsyncEnumerable<ReleaseEvent> ReadEventsAsync(ReleaseId id, int afterSeq, CancellationToken cancellationToken);
}

/// <summary>A release as it was read.</summary>
/// <param name="State">The state.</param>
/// <param name="Signals">Unread signals.</param>
/// <param name="Result">The stored result of <see cref="ReleaseState.Pending"/>, if there is one.</param>
/// <param name="Token">The state row's version; opaque to callers.</param>
public sealed record ReleaseSnapshot(ReleaseState State, IReadOnlyList<Signal> Signals, CommandResult? Result, string Token);

/// <summary>The outcome of creating a release.</summary>
public abstract record CreateRelease
{
    private CreateRelease()
    {
    }

    /// <summary>It is new.</summary>
    public sealed record Created(ReleaseSnapshot Snapshot) : CreateRelease;

    /// <summary>There is one of this id already.</summary>
    public sealed record AlreadyExists : CreateRelease;
}

/// <summary>The outcome of saving a release.</summary>
public abstract record SaveRelease
{
    private SaveRelease()
    {
    }

    /// <summary>Saved; the snapshot has the new state, no signals and no result.</summary>
    public sealed record Saved(ReleaseSnapshot Snapshot) : SaveRelease;

    /// <summary>Somebody else wrote first; nothing was written.</summary>
    public sealed record Conflict : SaveRelease;
}

/// <summary>The outcome of storing a command's result.</summary>
public abstract record StoreResult
{
    private StoreResult()
    {
    }

    /// <summary>This result counts; the snapshot has it.</summary>
    public sealed record Stored(ReleaseSnapshot Snapshot) : StoreResult;

    /// <summary>An earlier result counts.</summary>
    public sealed record AlreadyStored(CommandResult Result) : StoreResult;

    /// <summary>The state was changed since it was read; nothing was written.</summary>
    public sealed record Conflict : StoreResult;
}

/// <summary>The outcome of sending a signal.</summary>
public abstract record AddSignal
{
    private AddSignal()
    {
    }

    /// <summary>Stored.</summary>
    public sealed record Added : AddSignal;

    /// <summary>A signal of this id was stored before.</summary>
    public sealed record AlreadyAdded : AddSignal;

    /// <summary>There is no such release.</summary>
    public sealed record NotFound : AddSignal;

    /// <summary>The release is over and takes no signals.</summary>
    public sealed record Over(Outcome Outcome) : AddSignal;
}
