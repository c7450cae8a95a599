using ModelFlow.Core.Naming;

namespace ModelFlow.Serving.Repository;

/// <summary>One version's place in the repository: what goes on with it, and the gate that lets one load or unload of it run at a time.</summary>
internal sealed class Slot
{
    private volatile Status _status = new(SlotState.Unavailable, "");

    public SemaphoreSlim Gate { get; } = new(1, 1);

    /// <summary>The state, and for <see cref="SlotState.Unavailable"/> why.</summary>
    public Status Now => _status;

    public void Set(SlotState state, string reason) => _status = new Status(state, reason);

    /// <summary>Notes a load that failed, and passes its outcome on.</summary>
    public LoadOutcome Fail(LoadOutcome outcome)
    {
        Set(SlotState.Unavailable, outcome switch
        {
            LoadOutcome.Refused refused => refused.Message,
            LoadOutcome.NotFetched notFetched => notFetched.Message,
            LoadOutcome.NoRoom noRoom => noRoom.Message,
            _ => "",
        });
        return outcome;
    }

    public sealed record Status(SlotState State, string Reason);
}

/// <summary>One line of the repository index.</summary>
internal sealed record Listing(ModelName Model, VersionName Version, SlotState State, string Reason, LoadedVersion? Loaded);

/// <summary>The states of the model repository extension.</summary>
internal enum SlotState
{
    /// <summary>Does not answer requests; the reason says why.</summary>
    Unavailable,

    /// <summary>Being fetched or prepared.</summary>
    Loading,

    /// <summary>Answers requests.</summary>
    Ready,

    /// <summary>Waits for requests in flight.</summary>
    Unloading,
}
