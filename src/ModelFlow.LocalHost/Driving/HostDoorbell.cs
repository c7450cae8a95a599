using System.Threading.Channels;
using ModelFlow.Core.Naming;
using ModelFlow.Orchestration;

namespace ModelFlow.LocalHost.Driving;

/// <summary>Rings for a release's driver in this process, or leaves the ring for the active host when this one stands by.</summary>
public sealed class HostDoorbell(IRingRows rows, ILogger<HostDoorbell> logger) : BackgroundService, IDoorbell
{
    private readonly Channel<ReleaseId> _elsewhere = Channel.CreateBounded<ReleaseId>(
        new BoundedChannelOptions(10_000) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });

    private volatile Func<ReleaseId, bool>? _drivers;

    /// <summary>
    /// Whom it rings for in this process; null while nobody drives here. Answers false when it cannot take the ring.
    /// Set by the drivers, who are built from parts that ring.
    /// </summary>
    public Func<ReleaseId, bool>? Drivers
    {
        get => _drivers;
        set => _drivers = value;
    }

    /// <inheritdoc/>
    public void Ring(ReleaseId id)
    {
        if (_drivers?.Invoke(id) != true)
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
            catch (Exception e) when (!stoppingToken.IsCancellationRequested)
            {
                // Rings may be lost: the active host looks at every running release now and then. A storage that took too long is a
                // cancellation that nobody asked for.
                Log.RingLost(logger, id, e);
            }
        }
    }
}
