using Microsoft.Extensions.Diagnostics.HealthChecks;
using ModelFlow.Orchestration.Upkeep;

namespace ModelFlow.Api.Health;

/// <summary>Degraded while legal holds are not as they should be: everything works, and something is not protected or not yet free.</summary>
internal sealed class HoldHealth(HoldUpkeep upkeep) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(upkeep.Problem is { } problem ? HealthCheckResult.Degraded(problem) : HealthCheckResult.Healthy(upkeep.IsOn ? "on" : "off"));
}
