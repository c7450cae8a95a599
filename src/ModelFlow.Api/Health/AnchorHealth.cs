using Microsoft.Extensions.Diagnostics.HealthChecks;
using ModelFlow.Orchestration.Auditing;

namespace ModelFlow.Api.Health;

/// <summary>Degraded while the audit's chains are not anchored, or are not what was anchored before.</summary>
internal sealed class AnchorHealth(AnchorChains anchors) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(anchors.Problem is { } problem ? HealthCheckResult.Degraded(problem) : HealthCheckResult.Healthy());
}
