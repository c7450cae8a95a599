using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.LocalHost.Leasing;
using ModelFlow.Orchestration;

namespace ModelFlow.LocalHost.Driving;

/// <summary>Drives every running release, one task each, for as long as this host is the active one.</summary>
public sealed class ReleaseDrivers(
    ReleaseDriver driver,
    IReleaseStore releases,
    IReleaseIndex index,
    HostDoorbell doorbell,
    TimeProvider time,
    ILogger<ReleaseDrivers> logger)
{
    // A release is entered into the list of running ones before it is created; one that never appears was given up by its creator.
    private static readonly TimeSpan NeverCreatedAfter = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan RestartAfter = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private readonly Dictionary<ReleaseId, long> _missingSince = [];
    private readonly Dictionary<ReleaseId, Driven> _driven = [];
    private LeaseTerm? _term;

    /// <summary>How many releases are being driven.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
            {
                return _driven.Count;
            }
        }
    }

    /// <summary>Wakes a release's driver, or starts one. False when this host is not the active one: nothing was done.</summary>
    public bool TryRing(ReleaseId id)
    {
        lock (_gate)
        {
            if (_term is not { IsHeld: true } term)
            {
                return false;
            }

            if (_driven.TryGetValue(id, out var driven))
            {
                driven.Bell.Ring();
            }
            else
            {
                Start(id, term);
            }

            return true;
        }
    }

    /// <summary>Drives until the term ends; then waits for all drivers to have stopped.</summary>
    public async Task RunAsync(LeaseTerm term, TimeSpan recheckEvery)
    {
        ArgumentNullException.ThrowIfNull(term);
        lock (_gate)
        {
            _term = term;
        }

        doorbell.Drivers = TryRing;
        try
        {
            await Repeat.EveryAsync("driving releases", recheckEvery, RecheckAsync, time, logger, term.Ended);
        }
        finally
        {
            doorbell.Drivers = null;
            Task[] stopping;
            lock (_gate)
            {
                _term = null;
                stopping = [.. _driven.Values.Select(d => d.Driving)];
            }

            await Task.WhenAll(stopping);
        }
    }

    /// <summary>Rings for every running release: what a lost ring costs is bounded by how often this is done.</summary>
    private async Task RecheckAsync(CancellationToken cancellationToken)
    {
        // Before the ringing, while a release that is not there has no driver: one that is driven is there, whatever an early look found.
        foreach (var id in FindNeverCreated())
        {
            await TakeOffAsync(id, cancellationToken);
        }

        await foreach (var id in index.ListRunningAsync(cancellationToken))
        {
            TryRing(id);
        }
    }

    private List<ReleaseId> FindNeverCreated()
    {
        lock (_gate)
        {
            return [.. _missingSince.Where(m => !_driven.ContainsKey(m.Key) && time.GetElapsedTime(m.Value) > NeverCreatedAfter).Select(m => m.Key)];
        }
    }

    private async Task TakeOffAsync(ReleaseId id, CancellationToken cancellationToken)
    {
        await index.RemoveRunningAsync(id, cancellationToken);
        if (await releases.LoadAsync(id, cancellationToken) is { } late)
        {
            // Created at the last moment. One that is created after this look is entered again by its creator.
            await index.PutAsync(ReleaseSummary.Of(late.State), cancellationToken);
        }
        else
        {
            Log.NeverCreated(logger, id);
        }

        lock (_gate)
        {
            _missingSince.Remove(id);
        }
    }

    private void Start(ReleaseId id, LeaseTerm term)
    {
        var bell = new Bell();
        _driven[id] = new Driven(bell, Task.Run(() => DriveAsync(id, bell, term)));
    }

    private async Task DriveAsync(ReleaseId id, Bell bell, LeaseTerm term)
    {
        LeaseGuard.Enter(term);
        while (true)
        {
            var exists = true;
            try
            {
                exists = await driver.DriveAsync(id, bell, () => term.IsHeld, term.Ended) is not null;
            }
            catch (OperationCanceledException)
            {
                // The term is over, or this host found out that it may be: a later driver goes on.
            }
            catch (Exception e)
            {
                Log.DriverFailed(logger, id, e);
                await Task.Delay(RestartAfter, time, term.Ended).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                bell.Ring();
            }

            lock (_gate)
            {
                // Rung while it was ending, for example by the creator of a release that was looked for a moment too early.
                if (term.IsHeld && bell.TryTake())
                {
                    bell.Ring();
                    continue;
                }

                if (exists)
                {
                    _missingSince.Remove(id);
                }
                else
                {
                    _missingSince.TryAdd(id, time.GetTimestamp());
                }

                _driven.Remove(id);
                bell.Dispose();
                return;
            }
        }
    }

    private sealed record Driven(Bell Bell, Task Driving);
}
