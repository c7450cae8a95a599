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
    TrafficMeter meter, RouteBook book, TargetPool pool, GatewayClock clock, ControlPlaneClient plane, GatewayAddress address, IOptions<GatewayOptions> options, TimeProvider time, ILogger<Reporter> logger)
    : BackgroundService
{
    private const int MostPerReport = 20;
    private static readonly TimeSpan DrainEvery = TimeSpan.FromMilliseconds(100);

    private readonly Queue<TrafficWindow> _pending = new();
    private Task<bool>? _sending;
    private int _sent;
    private bool _away;

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);

        // The requests of the last moments count too, if the control plane answers before the host gives up.
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
        foreach (var window in meter.Cut(options.Value.Name, all))
        {
            LogFailures(window);
            lock (_pending)
            {
                _pending.Enqueue(window);
                while (_pending.Count > options.Value.Backlog)
                {
                    _pending.Dequeue();
                    _sent = Math.Max(0, _sent - 1);
                    logger.WindowDropped(options.Value.Backlog);
                }
            }
        }
    }

    private async Task<bool> SendAsync(CancellationToken cancellationToken)
    {
        if (!plane.IsConfigured || address.Control is not { } control)
        {
            return false;
        }

        GatewayReport report;
        lock (_pending)
        {
            var draining = book.Draining();
            var heartbeat = new GatewayHeartbeat(options.Value.Name, time.GetUtcNow(), control, book.Generations()) { Draining = draining.Count == 0 ? null : draining };
            report = new GatewayReport(heartbeat, [.. _pending.Take(MostPerReport)]);
            _sent = report.Windows.Count;
        }

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
        lock (_pending)
        {
            for (; _sent > 0; _sent--)
            {
                _pending.Dequeue();
            }
        }

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
