using Microsoft.Extensions.Diagnostics.HealthChecks;
using ModelFlow.LocalHost.Driving;

namespace ModelFlow.LocalHost.Leasing;

/// <summary>Says whether this host works or stands by. Both are healthy: each takes requests.</summary>
internal sealed class LeaseHealth(HostLease lease, ReleaseDrivers drivers) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(HealthCheckResult.Healthy(lease.Term is { } term
            ? $"active, epoch {term.Epoch}, driving {drivers.Count} releases"
            : "standing by"));
}
