using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;

namespace ModelFlow.Orchestration.Operations;

/// <summary>Sends signals to running releases: stored first, then the doorbell.</summary>
public sealed class ReleaseSignals(IReleaseStore releases, IDoorbell doorbell)
{
    /// <summary>Stores the signal and rings. The same id again changes nothing and rings again.</summary>
    public async Task<AddSignal> SendAsync(ReleaseId id, Signal signal, CancellationToken cancellationToken)
    {
        var added = await releases.AddSignalAsync(id, signal, cancellationToken);
        if (added is AddSignal.Added or AddSignal.AlreadyAdded)
        {
            doorbell.Ring(id);
        }

        return added;
    }
}
