using Microsoft.Extensions.Options;
using ModelFlow.Gateway.Control;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace ModelFlow.Gateway.Telemetry;

/// <summary>The one place that says where traces, metrics and logs go.</summary>
internal static class TelemetryComposition
{
    /// <summary>Sends to a collector; the exporter reads this and its other <c>OTEL_</c> settings itself.</summary>
    public const string Otlp = "OTEL_EXPORTER_OTLP_ENDPOINT";

    private const string ServiceName = "OTEL_SERVICE_NAME";
    private const string Metrics = "/metrics";

    // .NET's own: memory, garbage collection, threads.
    private const string Runtime = "System.Runtime";

    // Of kinds and outcomes a version has at most 24 series, in practice about 4.
    private const int MostSeries = 10_000;

    /// <summary>Adds what is configured. With neither a collector nor a page of metrics nothing is added, and nothing is recorded.</summary>
    public static void AddTelemetry(this IServiceCollection services, IConfiguration configuration, GatewayOptions options)
    {
        var otlp = !string.IsNullOrEmpty(configuration[Otlp]);
        var page = HasPage(options);
        if (!otlp && !page)
        {
            return;
        }

        var telemetry = services.AddOpenTelemetry()
            .ConfigureResource(r => r.AddService(configuration[ServiceName] ?? "modelflow-gateway", serviceInstanceId: options.Name))
            .WithMetrics(m =>
            {
                m.AddMeter(GatewayTelemetry.Name, Runtime).AddView(i => string.Equals(i.Name, GatewayTelemetry.Requests, StringComparison.Ordinal) ? new MetricStreamConfiguration { CardinalityLimit = MostSeries } : null);
                if (page)
                {
                    m.AddPrometheusExporter();
                }
            });
        if (otlp)
        {
            telemetry.WithTracing(t => t.AddSource(GatewayTelemetry.Name).SetSampler(SamplerOf(options.Telemetry))).UseOtlpExporter();
        }
    }

    /// <summary>Answers <c>GET /metrics</c> where it may be read; anywhere else the path is not found, as any other.</summary>
    public static void UseMetricsPage(this WebApplication app)
    {
        var options = app.Services.GetRequiredService<IOptions<GatewayOptions>>().Value;
        if (!HasPage(options))
        {
            return;
        }

        var everywhere = options.Telemetry.Metrics == MetricsExposure.Everywhere;
        var address = app.Services.GetRequiredService<GatewayAddress>();
        app.UseOpenTelemetryPrometheusScrapingEndpoint(
            context => context.Request.Path == Metrics && HttpMethods.IsGet(context.Request.Method) && (everywhere || context.Connection.LocalPort == address.ControlPort));
    }

    /// <summary>Whether a request is traced.</summary>
    internal static Sampler SamplerOf(TelemetryOptions options)
    {
        var ratio = new TraceIdRatioBasedSampler(options.SampleRatio);
        return options.FollowCaller ? new ParentBasedSampler(ratio) : ratio;
    }

    private static bool HasPage(GatewayOptions options) =>
        options.Telemetry.Metrics == MetricsExposure.Everywhere || (options.Telemetry.Metrics == MetricsExposure.ControlListener && options.ControlListen is not null);
}
