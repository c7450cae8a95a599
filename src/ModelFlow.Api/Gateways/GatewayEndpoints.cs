using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using ModelFlow.Api.Access;
using ModelFlow.Api.Problems;
using ModelFlow.Api.Requests;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Serialization;
using ModelFlow.Core.Traffic;
using ModelFlow.Orchestration.Traffic;

namespace ModelFlow.Api.Gateways;

/// <summary>What gateways ask for and report.</summary>
internal static class GatewayEndpoints
{
    // A full window is some 50 kB, and a gateway that was cut off sends many at once.
    private const int MaxReportBytes = 32 << 20;

    public static void MapGateways(this RouteGroupBuilder api)
    {
        var gateway = api.MapGroup("/gateway").WithTags("Gateways");
        gateway.MapGet("/routes", RoutesAsync).Allow(Role.Gateway).OverAllModels()
            .Produces<GatewayRoutes>().Produces(StatusCodes.Status304NotModified).WithSummary("The routes of all models, as gateways serve them.");
        gateway.MapPost("/reports", ReportAsync).Allow(Role.Gateway).OverAllModels()
            .Accepts<GatewayReport>("application/json").WithSummary("A gateway's sign of life and what it counted.");
    }

    private static async Task<IResult> RoutesAsync(HttpContext context, ServedRoutes served, TimeProvider time, CancellationToken cancellationToken)
    {
        // Taken before the routes are read: a lease may only seem shorter by that, never longer.
        var now = time.GetUtcNow();
        var bytes = JsonSerializer.SerializeToUtf8Bytes(new GatewayRoutes(await served.ListAsync(cancellationToken)), CoreJson.Options);
        var etag = $"\"{Convert.ToHexStringLower(SHA256.HashData(bytes).AsSpan(0, 16))}\"";
        context.Response.Headers.ETag = etag;
        context.Response.Headers[GatewayRoutes.NowHeader] = now.ToString("O");
        return context.Request.Headers.IfNoneMatch.Contains(etag, StringComparer.Ordinal)
            ? TypedResults.StatusCode(StatusCodes.Status304NotModified)
            : TypedResults.Bytes(bytes, "application/json");
    }

    private static async Task<Results<NoContent, Problem>> ReportAsync(HttpContext context, ITrafficWindows windows, CancellationToken cancellationToken)
    {
        if (!context.Request.HasJsonContentType())
        {
            return Problem.UnsupportedMediaType("application/json");
        }

        var body = await BodyBytes.ReadAsync(context, MaxReportBytes);
        GatewayReport? report;
        try
        {
            // Unknown fields are let pass: a gateway may be newer than the control plane.
            report = JsonSerializer.Deserialize<GatewayReport>(body.Span, CoreJson.Options);
        }
        catch (JsonException e)
        {
            return StrictJson.Explain(e);
        }

        if (ReportCheck.Check(report) is { Count: > 0 } errors)
        {
            return Problem.Invalid(errors);
        }

        await windows.AddAsync(report!, cancellationToken); // Null would have been an error.
        return TypedResults.NoContent();
    }
}
