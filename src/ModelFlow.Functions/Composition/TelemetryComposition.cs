using Azure.Core;
using Azure.Monitor.OpenTelemetry.Exporter;
using Microsoft.Azure.Functions.Worker.OpenTelemetry;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using ModelFlow.Orchestration;
using OpenTelemetry;

namespace ModelFlow.Functions.Composition;

/// <summary>The one place that says where traces, metrics and logs of the worker go.</summary>
internal static class TelemetryComposition
{
    /// <summary>The setting that sends to Application Insights.</summary>
    public const string AzureMonitor = "APPLICATIONINSIGHTS_CONNECTION_STRING";

    /// <summary>Set with it where Application Insights takes tokens of Entra ID only.</summary>
    public const string AzureMonitorAuthentication = "APPLICATIONINSIGHTS_AUTHENTICATION_STRING";

    /// <summary>The setting that sends to a collector; the exporter reads this and its other <c>OTEL_</c> settings itself.</summary>
    public const string Otlp = "OTEL_EXPORTER_OTLP_ENDPOINT";

    /// <summary>
    /// Sends to whatever is configured, or to both. With neither nothing is added: the Functions host goes on writing the worker's logs, which it leaves to
    /// a worker that says it exports them itself.
    /// </summary>
    public static IServiceCollection AddTelemetry(this IServiceCollection services, IConfiguration configuration)
    {
        var (azureMonitor, otlp) = (configuration[AzureMonitor], configuration[Otlp]);
        if (string.IsNullOrEmpty(azureMonitor) && string.IsNullOrEmpty(otlp))
        {
            return services;
        }

        var telemetry = services.AddOpenTelemetry()
            .UseFunctionsWorkerDefaults()
            .WithTracing(t => t.AddSource(ReleaseTelemetry.Name))
            .WithMetrics(m => m.AddMeter(ReleaseTelemetry.Name));
        if (!string.IsNullOrEmpty(azureMonitor))
        {
            telemetry.UseAzureMonitorExporter(o => o.ConnectionString = azureMonitor);
            if (!string.IsNullOrEmpty(configuration[AzureMonitorAuthentication]))
            {
                services.AddOptions<AzureMonitorExporterOptions>().Configure<TokenCredential>((o, credential) => o.Credential = credential);
            }
        }

        return string.IsNullOrEmpty(otlp) ? services : telemetry.UseOtlpExporter().Services;
    }
}
