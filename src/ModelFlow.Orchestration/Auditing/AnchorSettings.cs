namespace ModelFlow.Orchestration.Auditing;

/// <summary>How anchors are made.</summary>
/// <param name="Every">The time between two of them: what was written since the newest one is not protected yet.</param>
public sealed record AnchorSettings(TimeSpan Every);
