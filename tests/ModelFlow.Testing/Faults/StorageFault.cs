namespace ModelFlow.Testing.Faults;

/// <summary>What can happen to a call to the storage.</summary>
public enum StorageFault
{
    /// <summary>The call never arrives: the connection breaks.</summary>
    NoAnswer,

    /// <summary>The call takes effect and its answer is lost: the worst kind, as the caller cannot tell it from <see cref="NoAnswer"/>.</summary>
    LostAnswer,

    /// <summary>503 Server Busy, without effect.</summary>
    Busy,

    /// <summary>409 Conflict, without effect.</summary>
    Conflict,

    /// <summary>412 Precondition Failed, without effect.</summary>
    PreconditionFailed,
}
