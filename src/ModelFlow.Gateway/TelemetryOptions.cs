using System.ComponentModel.DataAnnotations;

namespace ModelFlow.Gateway;

/// <summary>What monitoring is told: the configuration section <c>Gateway:Telemetry</c>. Where traces and metrics are pushed to is OpenTelemetry's own <c>OTEL_EXPORTER_OTLP_ENDPOINT</c>.</summary>
public sealed class TelemetryOptions
{
    /// <summary>Which addresses answer <c>GET /metrics</c>, without a key; <see cref="MetricsExposure.ControlListener"/> by default.</summary>
    public MetricsExposure Metrics { get; set; } = MetricsExposure.ControlListener;

    /// <summary>The share of requests that are traced when their caller does not say. 0 to 1; 0.01 by default.</summary>
    [Range(0.0, 1.0)]
    public double SampleRatio { get; set; } = 0.01;

    /// <summary>
    /// Whether a request is traced if its caller's <c>traceparent</c> is sampled, and is not if it is not. True by default. Without it
    /// <see cref="SampleRatio"/> alone decides, by the trace's id, so that clients cannot have each of their requests traced.
    /// </summary>
    public bool FollowCaller { get; set; } = true;
}

/// <summary>Who may read the metrics: they name models, versions and how many requests they get.</summary>
public enum MetricsExposure
{
    /// <summary>Nobody; nothing is counted for them.</summary>
    Off,

    /// <summary>Who reaches <see cref="GatewayOptions.ControlListen"/>. Where that is not set: nobody.</summary>
    ControlListener,

    /// <summary>Everybody, clients included.</summary>
    Everywhere,
}
