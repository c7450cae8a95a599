namespace ModelFlow.Core.Releases;

/// <summary>What follows from a release's state and the facts.</summary>
/// <param name="State">The new state.</param>
/// <param name="Events">What happened, already chained to the events before.</param>
/// <param name="ConsumedSignals">Ids of the signals that were taken in.</param>
/// <param name="Next">What is needed next.</param>
/// <param name="IsChange">Whether there is anything to save.</param>
public sealed record Decision(ReleaseState State, IReadOnlyList<ReleaseEvent> Events, IReadOnlyList<string> ConsumedSignals, NextStep Next, bool IsChange);
