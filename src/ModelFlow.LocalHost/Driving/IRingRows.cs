using ModelFlow.Core.Naming;

namespace ModelFlow.LocalHost.Driving;

/// <summary>
/// Rings between hosts: a standby that took a request for a release leaves a row, the active host looks every second and takes it away.
/// One small read a second, however many releases run.
/// </summary>
public interface IRingRows
{
    /// <summary>Leaves a ring.</summary>
    Task LeaveAsync(ReleaseId id, CancellationToken cancellationToken);

    /// <summary>
    /// Gives each ring that lies there to <paramref name="ring"/> and takes it away if that answers true; a ring for the same release that comes
    /// meanwhile stays.
    /// </summary>
    Task CollectAsync(Func<ReleaseId, bool> ring, CancellationToken cancellationToken);
}
