using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using ModelFlow.Api.Access;
using ModelFlow.Api.Tests.Support;
using ModelFlow.Core.Ports;
using ModelFlow.Orchestration.Upkeep;
using ModelFlow.Testing.InMemory;

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
        var storage = Check(details, "storage");
        Assert.Equal((text, "as it is"), ((string)storage["status"]!, (string)storage["description"]!));
    }

    [Fact]
    public async Task Holds_that_cannot_be_set_are_told_and_nothing_stands_still_for_them()
    {
        await using var host = await ApiHost.StartAsync();
        await host.RegisterAsync("digits", "v1.0.0");
        await host.MakeStableAsync("digits", "v1.0.0");
        var holds = host.Get<InMemoryVersionHolds>();
        (holds.IsOn, holds.Instead) = (true, (_, _) => new SetHold.Refused("Storage:LegalHolds is on, and this storage has no legal holds."));
        await host.Get<HoldUpkeep>().RunAsync(Http.Cancel);

        var ready = await host.Anonymous().SendAsync("GET", "/api/health/ready").JsonAsync();
        var details = await (await host.AsAsync(Role.Reader)).SendAsync("GET", "/api/health").JsonAsync();
        var model = await (await host.AsAsync(Role.Reader)).SendAsync("GET", "/api/models/digits").JsonAsync();

        Assert.Equal("degraded", (string)ready["status"]!);
        Assert.Equal("Storage:LegalHolds is on, and this storage has no legal holds.", (string)Check(details, "versionHolds")["description"]!);
        Assert.Equal("Storage:LegalHolds is on, and this storage has no legal holds.", (string)model["deployments"]![0]!["hold"]!["problem"]!);
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

    private static System.Text.Json.Nodes.JsonNode Check(System.Text.Json.Nodes.JsonNode details, string name) => details["checks"]!.AsArray().Single(c => (string)c!["name"]! == name)!;
}
