using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using ModelFlow.Core.Serialization;
using ModelFlow.Core.Traffic;

namespace ModelFlow.Gateway.Tests.Support;

/// <summary>The two doors of a control plane that gateways use, on a real socket.</summary>
internal sealed class ControlPlane : IAsyncDisposable
{
    public const string Token = "mf_gateway-token";

    private readonly WebApplication _app;

    private ControlPlane(WebApplication app) => _app = app;

    public Uri Address => new(_app.Urls.First());

    /// <summary>What a poll answers.</summary>
    public IReadOnlyList<ServedRoute> Routes { get; set; } = [];

    /// <summary>How far its clock is ahead of everybody's.</summary>
    public TimeSpan ClockAhead { get; set; }

    /// <summary>The status reports are answered with; others than 204 do not keep them.</summary>
    public int ReportStatus { get; set; } = 204;

    /// <summary>How many of the next reports are kept without an answer: the connection ends instead.</summary>
    public int AnswersLost { get; set; }

    public ConcurrentQueue<GatewayReport> Reports { get; } = new();

    public int NotModified { get; private set; }

    /// <summary>How many reports were not kept.</summary>
    public int Refused { get; private set; }

    /// <summary>The windows that arrived, each once, as storage keeps them.</summary>
    public IEnumerable<TrafficWindow> Windows => Reports.SelectMany(r => r.Windows).DistinctBy(w => (w.Gateway, w.Number));

    /// <summary>All that arrived of a generation.</summary>
    public TrafficTotals Totals(long generation, Core.Naming.VersionName? version = null, TrafficKind? kind = null) =>
        TrafficTotals.Of(Windows.Where(w => w.Generation == generation), version, kind);

    public static async Task<ControlPlane> StartAsync(int port = 0)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(k => k.Listen(IPAddress.Loopback, port));
        var app = builder.Build();
        var plane = new ControlPlane(app);
        app.Run(plane.AnswerAsync);
        await app.StartAsync(TestContext.Current.CancellationToken);
        return plane;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        if (!string.Equals(context.Request.Headers.Authorization, "Bearer " + Token, StringComparison.Ordinal))
        {
            context.Response.StatusCode = 401;
            return;
        }

        if (context.Request.Path == "/api/gateway/reports")
        {
            var report = await context.Request.ReadFromJsonAsync<GatewayReport>(CoreJson.Options, context.RequestAborted);
            context.Response.StatusCode = ReportStatus;
            if (ReportStatus == 204)
            {
                Reports.Enqueue(report!);
                if (AnswersLost > 0)
                {
                    AnswersLost--;
                    context.Abort();
                }
            }
            else
            {
                Refused++;
            }

            return;
        }

        var routes = Routes;
        var etag = $"\"{string.Join(',', routes.Select(r => $"{r.Route.Generation}/{r.LeaseUntil:O}"))}\"";
        context.Response.Headers.ETag = etag;
        context.Response.Headers[GatewayRoutes.NowHeader] = (DateTimeOffset.UtcNow + ClockAhead).ToString("O");
        if (context.Request.Headers.IfNoneMatch == etag)
        {
            NotModified++;
            context.Response.StatusCode = 304;
            return;
        }

        await context.Response.WriteAsJsonAsync(new GatewayRoutes(routes), CoreJson.Options, context.RequestAborted);
    }
}
