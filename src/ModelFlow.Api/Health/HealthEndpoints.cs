using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using ModelFlow.Api.Access;
using ModelFlow.Api.Requests;

namespace ModelFlow.Api.Health;

/// <summary>Health, from the checks that the host registered with <c>AddHealthChecks</c>.</summary>
internal static class HealthEndpoints
{
    public static void MapHealth(this RouteGroupBuilder api)
    {
        var health = api.MapGroup("/health").WithTags("Health");
        health.MapGet("/live", () => TypedResults.Ok(new HealthAnswer("healthy"))).AllowEverybody().WithSummary("Whether the process answers.");
        health.MapGet("/ready", ReadyAsync).AllowEverybody()
            .Produces<HealthAnswer>().Produces<HealthAnswer>(StatusCodes.Status503ServiceUnavailable).WithSummary("Whether it can do its work now; 503 when not.");
        health.MapGet("/", DetailsAsync).Allow(Role.Reader).OverAllModels().WithSummary("Every check with its result.");
    }

    private static async Task<JsonHttpResult<HealthAnswer>> ReadyAsync(HealthCheckService checks, CancellationToken cancellationToken)
    {
        var report = await checks.CheckHealthAsync(cancellationToken);
        return TypedResults.Json(new HealthAnswer(Text(report.Status)), statusCode: report.Status == HealthStatus.Unhealthy ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status200OK);
    }

    private static async Task<Ok<HealthDetails>> DetailsAsync(HealthCheckService checks, CancellationToken cancellationToken)
    {
        var report = await checks.CheckHealthAsync(cancellationToken);
        return TypedResults.Ok(new HealthDetails(
            Text(report.Status),
            [.. report.Entries.OrderBy(e => e.Key, StringComparer.Ordinal).Select(e => new HealthPart(e.Key, Text(e.Value.Status), e.Value.Description, e.Value.Duration))]));
    }

    private static string Text(HealthStatus status) => JsonNamingPolicy.CamelCase.ConvertName(status.ToString());
}

/// <summary>A status: <c>healthy</c>, <c>degraded</c> or <c>unhealthy</c>.</summary>
/// <param name="Status">The status.</param>
public sealed record HealthAnswer(string Status);

/// <summary>The status with its parts.</summary>
/// <param name="Status">The worst of the parts.</param>
/// <param name="Checks">The parts.</param>
public sealed record HealthDetails(string Status, IReadOnlyList<HealthPart> Checks);

/// <summary>One check.</summary>
/// <param name="Name">What was checked.</param>
/// <param name="Status">Its status.</param>
/// <param name="Description">What it found.</param>
/// <param name="Took">How long it took.</param>
public sealed record HealthPart(string Name, string Status, string? Description, TimeSpan Took);
