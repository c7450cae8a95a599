using Microsoft.Extensions.Options;
using ModelFlow.Core.Traffic;
using ModelFlow.Gateway.Control;
using ModelFlow.Gateway.Routing;

namespace ModelFlow.Gateway.Measuring;

/// <summary>
/// Sends windows and signs of life to the control plane. A window that could not be delivered goes again, with the same number,
/// so that it counts once however often it arrives.
/// </summary>
internal sealed class Reporter(
    TrafficMeter meter, WindowOutbox outbox, RouteBook book, TargetPool pool, GatewayClock clock, ControlPlaneClient plane, GatewayAddress address,
    IOptions<GatewayOptions> options, TimeProvider time, ILogger<Reporter> logger)
    : BackgroundService
{
    private const int MostPerReport = 20;
    private static readonly TimeSpan DrainEvery = TimeSpan.FromMilliseconds(100);

    private Task? _sending;
    private bool _away;

    public override Task StartAsync(CancellationToken cancellationToken)
    {
        if (plane.IsConfigured)
        {
            outbox.Load();
        }

        return base.StartAsync(cancellationToken);
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);

        // The requests of the last moments count too: now, if the control plane answers before the host gives up, or after the next start.
        Collect(all: true);
        await SendAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(DrainEvery < options.Value.ReportEvery ? DrainEvery : options.Value.ReportEvery, time);
        var cutAt = time.GetTimestamp();
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                meter.Drain();
                WatchLeases();
                if (time.GetElapsedTime(cutAt) < options.Value.ReportEvery)
                {
                    continue;
                }

                cutAt = time.GetTimestamp();
                clock.CatchUp();
                pool.Sweep();
                Collect(all: false);

                // Windows are cut on time even while a report is under way.
                if (_sending is null or { IsCompleted: true })
                {
                    _sending = SendAsync(stoppingToken);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
        }

        if (_sending is not null)
        {
            await _sending;
        }
    }

    private void WatchLeases()
    {
        var now = clock.Now;
        foreach (var route in book.All)
        {
            if (!route.Table.IsLeased(now))
            {
                route.Counter.LeaseLapsed();
            }
        }
    }

    private void Collect(bool all)
    {
        var windows = meter.Cut(options.Value.Name, all);
        foreach (var window in windows)
        {
            LogFailures(window);
        }

        if (plane.IsConfigured)
        {
            outbox.Add(windows);
        }
    }

    private async Task SendAsync(CancellationToken cancellationToken)
    {
        if (!plane.IsConfigured || address.Control is not { } control)
        {
            return;
        }

        // After an outage all that waits goes at once, in reports of bounded size.
        IReadOnlyList<TrafficWindow> windows;
        do
        {
            var draining = book.Draining();
            var heartbeat = new GatewayHeartbeat(options.Value.Name, time.GetUtcNow(), control, book.Generations()) { Draining = draining.Count == 0 ? null : draining };
            windows = outbox.Next(MostPerReport);
            if (!await SendAsync(new GatewayReport(heartbeat, windows), cancellationToken))
            {
                return;
            }

            outbox.Done(windows);
        }
        while (windows.Count == MostPerReport);
    }

    private async Task<bool> SendAsync(GatewayReport report, CancellationToken cancellationToken)
    {
        var answer = await plane.ReportAsync(report, cancellationToken);
        if (answer is SendReport.Failed failed)
        {
            if (!_away && !cancellationToken.IsCancellationRequested)
            {
                logger.ReportFailed(failed.Reason);
            }

            _away = true;
            return false;
        }

        if (answer is SendReport.Refused refused)
        {
            // It would be refused for ever, and everything behind it would wait.
            logger.ReportRefused(report.Windows.Count, refused.Reason);
        }
        else if (_away)
        {
            logger.ReportsAgain();
        }

        _away = false;
        return true;
    }

    private void LogFailures(TrafficWindow window)
    {
        foreach (var version in window.Cells.Where(c => c.Errors > 0).GroupBy(c => c.Version))
        {
            logger.VersionFailed(
                window.Model, version.Key, version.Sum(c => c.Errors), version.Sum(c => c.UpstreamErrors), version.Sum(c => c.Timeouts), version.Sum(c => c.ConnectErrors));
        }
    }
}
