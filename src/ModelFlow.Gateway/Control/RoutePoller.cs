using Microsoft.Extensions.Options;
using ModelFlow.Gateway.Routing;

namespace ModelFlow.Gateway.Control;

/// <summary>Asks the control plane for routes every few seconds: what a push did not bring, this does.</summary>
internal sealed class RoutePoller(
    RouteKeeper keeper, ControlPlaneClient plane, GatewayClock clock, IOptions<GatewayOptions> options, TimeProvider time, ILogger<RoutePoller> logger)
    : BackgroundService
{
    private bool _away;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!plane.IsConfigured)
        {
            return;
        }

        using var timer = new PeriodicTimer(options.Value.PollEvery, time);
        try
        {
            do
            {
                await PollAsync(stoppingToken);
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
        }
    }

    private async Task PollAsync(CancellationToken cancellationToken)
    {
        var askedAt = clock.Now;
        switch (await plane.PollAsync(cancellationToken))
        {
            case PollRoutes.Failed failed:
                if (!_away && !cancellationToken.IsCancellationRequested)
                {
                    logger.PollFailed(failed.Reason);
                }

                _away = true;
                return;
            case PollRoutes.Found found:
                foreach (var served in found.Routes)
                {
                    await TakeAsync(served, found.Now, askedAt);
                }

                break;
        }

        if (_away)
        {
            logger.PollsAgain();
            _away = false;
        }
    }

    private async Task TakeAsync(Core.Traffic.ServedRoute served, DateTimeOffset? theirNow, DateTimeOffset askedAt)
    {
        try
        {
            await keeper.TakeAsync(served, theirNow, askedAt);
        }
        catch (ArgumentException e)
        {
            logger.RouteRefused(served.Route.Model, e.Message);
            plane.Forget();
        }
    }
}
