using System.Diagnostics;
using Azure.Core;
using Azure.Monitor.OpenTelemetry.Exporter;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using ModelFlow.Functions.Composition;
using ModelFlow.Orchestration;
using ModelFlow.Testing.World;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;

namespace ModelFlow.Functions.Tests.Composition;

public sealed class TelemetryCompositionTests
{
    private const string ConnectionString = "InstrumentationKey=00000000-0000-0000-0000-000000000001;IngestionEndpoint=https://127.0.0.1:1/";
    private const string Exports = "WorkerOpenTelemetryEnabled";

    [Fact]
    public void Nothing_isAdded_whereNothingIsConfigured()
    {
        using var host = SampleHost.Build(SampleHost.Settings());

        Assert.Null(host.Services.GetService<TracerProvider>());
        Assert.DoesNotContain(Exports, host.Services.GetRequiredService<IOptions<WorkerOptions>>().Value.Capabilities.Keys);
    }

    [Theory]
    [InlineData(TelemetryComposition.AzureMonitor, ConnectionString)]
    [InlineData(TelemetryComposition.Otlp, "http://127.0.0.1:1")]
    public void WhatIsConfigured_isExported_andTheHostIsTold(string setting, string value)
    {
        using var host = Build((setting, value));

        Assert.NotNull(host.Services.GetService<TracerProvider>());
        Assert.NotNull(host.Services.GetService<MeterProvider>());
        Assert.Equal("True", host.Services.GetRequiredService<IOptions<WorkerOptions>>().Value.Capabilities[Exports]);
    }

    [Fact]
    public void ApplicationInsights_thatTakesNoKeys_isAskedByTheAppsIdentity()
    {
        using var with = Build((TelemetryComposition.AzureMonitor, ConnectionString), (TelemetryComposition.AzureMonitorAuthentication, "Authorization=AAD"));
        using var without = Build((TelemetryComposition.AzureMonitor, ConnectionString));

        Assert.Same(with.Services.GetRequiredService<TokenCredential>(), with.Services.GetRequiredService<IOptions<AzureMonitorExporterOptions>>().Value.Credential);
        Assert.Null(without.Services.GetRequiredService<IOptions<AzureMonitorExporterOptions>>().Value.Credential);
    }

    [Fact]
    public async Task Release_isSeenInTracesAndMetrics()
    {
        var (traces, metrics) = (new List<Activity>(), new List<MetricSnapshot>());
        using var host = SampleHost.Build(Settings((TelemetryComposition.Otlp, "http://127.0.0.1:1")), services =>
        {
            services.ConfigureOpenTelemetryTracerProvider(t => t.AddInMemoryExporter(traces));
            services.ConfigureOpenTelemetryMeterProvider(m => m.AddInMemoryExporter(metrics));
        });
        var (tracer, meter) = (host.Services.GetRequiredService<TracerProvider>(), host.Services.GetRequiredService<MeterProvider>());
        var stores = new InMemoryStores();
        await using var world = new SimulatedWorld(stores.AddTo);
        await world.SetPolicyAsync();
        var id = await world.UploadAsync(stores.PutIncomingAsync, "telemetry", "v1.0.0-base");

        await world.RunAsync(id!.Value);
        tracer.ForceFlush(1_000);
        meter.ForceFlush(1_000);

        Assert.Contains(traces, a => a.Source.Name == ReleaseTelemetry.Name && a.OperationName == "InspectVersion" && Equals(a.GetTagItem(ReleaseTelemetry.ReleaseTag), id.Value.ToString()));
        Assert.Contains(metrics, m => m.Name == ReleaseTelemetry.ReleasesEnded);
        Assert.Contains(metrics, m => m.Name == ReleaseTelemetry.CommandDuration);
    }

    private static IHost Build(params (string Name, string Value)[] settings) => SampleHost.Build(Settings(settings));

    private static Dictionary<string, string?> Settings(params (string Name, string Value)[] more)
    {
        var settings = SampleHost.Settings();
        foreach (var (name, value) in more)
        {
            settings[name] = value;
        }

        return settings;
    }
}
