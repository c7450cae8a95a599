namespace ModelFlow.EndToEnd.Crashes;

/// <summary>What an operator does to a release besides approving it.</summary>
internal enum OperatorAct
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>Pauses it while it waits for approval, and resumes it once it waits for its turn.</summary>
    PauseAtApproval,

    /// <summary>Pauses and resumes its ramp.</summary>
    PauseInRamp,

    /// <summary>Aborts it before anybody approves.</summary>
    AbortBeforeApproval,

    /// <summary>Aborts its ramp.</summary>
    AbortInRamp,

    /// <summary>Rolls the model back in the middle of its ramp.</summary>
    RollbackInRamp,

    /// <summary>Pauses its ramp, then rolls the model back.</summary>
    RollbackWhilePaused,

    /// <summary>Rolls the model back after it has become stable.</summary>
    RollbackAfter,
}
