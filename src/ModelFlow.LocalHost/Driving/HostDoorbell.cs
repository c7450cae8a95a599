using System.Threading.Channels;
using ModelFlow.Core.Naming;
using ModelFlow.Orchestration;

namespace ModelFlow.LocalHost.Driving;

/// <summary>Rings for a release's driver in this process, or leaves the ring for the active host when this one stands by.</summary>
public sealed class HostDoorbell(ReleaseDrivers drivers, IRingRows rows, ILogger<HostDoorbell> logger) : BackgroundService, IDoorbell
{
    private readonly Channel<ReleaseId> _elsewhere = Channel.CreateBounded<ReleaseId>(
        new BoundedChannelOptions(10_000) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    /// <inheritdoc/>
    public void Ring(ReleaseId id)
    {
        if (!drivers.TryRing(id))
        {
            _elsewhere.Writer.TryWrite(id);
        }
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await foreach (var id in _elsewhere.Reader.ReadAllAsync(stoppingToken))
        {
            try
            {
                await rows.LeaveAsync(id, stoppingToken);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                // Rings may be lost: the active host looks at every running release now and then.
                Log.RingLost(logger, id, e);
            }
        }
    }
}
