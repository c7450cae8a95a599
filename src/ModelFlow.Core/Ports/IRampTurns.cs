using ModelFlow.Core.Naming;

namespace ModelFlow.Core.Ports;

/// <summary>The turn to move a model's traffic: at most one release has it.</summary>
public interface IRampTurns
{
    /// <summary>Gives the turn to <paramref name="release"/> if nobody has it (or it has it already). Returns who has it now.</summary>
    Task<ReleaseId> TakeAsync(ReleaseId release, DateTimeOffset now, CancellationToken cancellationToken);

    /// <summary>Who has the turn; null if nobody.</summary>
    Task<ReleaseId?> GetAsync(ModelName model, CancellationToken cancellationToken);

    /// <summary>Gives the turn back, if <paramref name="release"/> has it.</summary>
    Task ReturnAsync(ReleaseId release, CancellationToken cancellationToken);
}
