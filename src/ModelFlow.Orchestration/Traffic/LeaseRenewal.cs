using ModelFlow.Core.Ports;

namespace ModelFlow.Orchestration.Traffic;

/// <summary>Renews what holds only while a lease does: the weights of candidates, and the shadow.</summary>
public sealed class LeaseRenewal(IRouteStore routes, ITrafficWindows windows, ServedRoutes served, TimeProvider time)
{
    /// <summary>
    /// Renews it on fresh evidence: a recent sign of life, with or without requests, of every gateway that could still be holding it.
    /// A gateway silent for a whole lease holds none: its own lease has run out. False if it was not renewed.
    /// </summary>
    public async Task<bool> RenewAsync(CurrentRoute current, TimeSpan lease, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(current);
        var now = time.GetUtcNow();
        var model = current.Route.Model;
        var gateways = (await windows.ListGatewaysAsync(now - lease, cancellationToken))
            .Where(g => g.Generations.ContainsKey(model))
            .ToList();
        if (gateways.Count == 0 || gateways.Exists(g => g.At < now - (lease / 2)))
        {
            return false;
        }

        var until = now + lease;
        if (!await routes.RenewLeaseAsync(model, current.Route.Generation, until, cancellationToken))
        {
            return false;
        }

        await served.PushAsync(current with { LeaseUntil = until }, cancellationToken);
        return true;
    }
}
