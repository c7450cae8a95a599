using Microsoft.Extensions.Logging.Abstractions;
using ModelFlow.Core.Ports;
using ModelFlow.LocalHost.Driving;
using ModelFlow.LocalHost.Leasing;
using ModelFlow.Orchestration;
using ModelFlow.Orchestration.Notifications;

namespace ModelFlow.LocalHost.Tests.Driving;

/// <summary>The drivers of one host, under terms that a test gives and takes.</summary>
internal sealed class DrivingHost : IAsyncDisposable
{
    public static readonly TimeSpan RecheckEvery = TimeSpan.FromSeconds(30);
    private readonly ObservedTime _time;
    private CancellationTokenSource _ending = new();
    private Task _running = Task.CompletedTask;

    public DrivingHost(DrivingBench bench, IReleaseStore releases)
    {
        _time = bench.Time;
        Releases = new HeldReleaseStore(releases);
        Doorbell = new HostDoorbell(Rows, NullLogger<HostDoorbell>.Instance);
        var engine = new ReleaseEngine(Releases, bench.Index, bench.World.Get<PolicyCache>(), bench.World.Get<CommandRunner>(), bench.World.Get<Outbox>(), bench.World.Get<IPeopleStore>(), _time);
        var driver = new ReleaseDriver(engine, _time, NullLogger<ReleaseDriver>.Instance);
        Drivers = new ReleaseDrivers(driver, Releases, bench.Index, Doorbell, _time, NullLogger<ReleaseDrivers>.Instance);
    }

    public HeldReleaseStore Releases { get; }

    public RingRowsInMemory Rows { get; } = new();

    public HostDoorbell Doorbell { get; }

    public ReleaseDrivers Drivers { get; }

    /// <summary>Begins a term and drives in it.</summary>
    public LeaseTerm Begin(long epoch = 1, TimeSpan? validFor = null)
    {
        _ending = new CancellationTokenSource();
        var until = _time.GetTimestamp() + (long)((validFor ?? TimeSpan.FromDays(1)).TotalSeconds * _time.TimestampFrequency);
        var term = new LeaseTerm(epoch, until, _time, _ending.Token);
        _running = Drivers.RunAsync(term, RecheckEvery);
        return term;
    }

    /// <summary>Ends the term; returns when nothing works under it any more.</summary>
    public async Task EndAsync()
    {
        await _ending.CancelAsync();
        await _running.WaitAsync(TimeSpan.FromSeconds(20));
    }

    public async ValueTask DisposeAsync()
    {
        await EndAsync();
        _ending.Dispose();
        Doorbell.Dispose();
    }
}
