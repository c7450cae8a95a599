using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using ModelFlow.Api.Access;
using ModelFlow.Api.Tests.Support;
using ModelFlow.Core.Ports;

namespace ModelFlow.Api.Tests.Health;

public sealed class HealthTests
{
    [Theory]
    [InlineData(HealthStatus.Healthy, HttpStatusCode.OK, "healthy")]
    [InlineData(HealthStatus.Degraded, HttpStatusCode.OK, "degraded")]
    [InlineData(HealthStatus.Unhealthy, HttpStatusCode.ServiceUnavailable, "unhealthy")]
    public async Task Ready_follows_the_hosts_checks_and_live_does_not(HealthStatus status, HttpStatusCode code, string text)
    {
        await using var host = await ApiHost.StartAsync(s => s.AddHealthChecks().AddCheck("storage", () => new HealthCheckResult(status, "as it is")));

        var ready = await host.Anonymous().SendAsync("GET", "/api/health/ready").JsonAsync(code);
        await host.Anonymous().SendAsync("GET", "/api/health/live").JsonAsync();
        var details = await (await host.AsAsync(Role.Reader)).SendAsync("GET", "/api/health").JsonAsync();

        Assert.Equal(text, (string)ready["status"]!);
        Assert.Null(ready["checks"]);
        Assert.Equal(("storage", text, "as it is"), ((string)details["checks"]![0]!["name"]!, (string)details["checks"]![0]!["status"]!, (string)details["checks"]![0]!["description"]!));
    }

    [Theory]
    [InlineData(true, HttpStatusCode.ServiceUnavailable, "unavailable")]
    [InlineData(false, HttpStatusCode.InternalServerError, "internal")]
    public async Task Broken_storage_is_a_problem_without_its_details(bool transient, HttpStatusCode status, string code)
    {
        await using var host = await ApiHost.StartAsync(s => s.AddSingleton<IFreezeStore>(new Broken(transient)));

        var problem = await (await host.AsAsync(Role.Reader)).SendAsync("GET", "/api/freezes").ProblemAsync(status, code);

        Assert.DoesNotContain("account-key", problem.ToJsonString(), StringComparison.Ordinal);
        Assert.Contains(host.Log.Lines, l => l.Contains("GET /api/freezes failed", StringComparison.Ordinal));
    }

    private sealed class Broken(bool transient) : IFreezeStore
    {
        public Task PutAsync(Core.Freezes.Freeze freeze, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<bool> RemoveAsync(string scope, CancellationToken cancellationToken) => throw new NotSupportedException();

        public Task<IReadOnlyList<Core.Freezes.Freeze>> ListAsync(CancellationToken cancellationToken) => throw new StorageException("account-key 123") { IsTransient = transient };
    }
}
