using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Http.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using ModelFlow.Gateway.Telemetry;
using ModelFlow.Gateway.Tests.Support;

namespace ModelFlow.Gateway.Tests.Telemetry;

public sealed class MetricsTests
{
    [Fact]
    public async Task Requests_areCountedByModelVersionKindAndOutcome()
    {
        var n = 0;
        await using var server = await Upstream.StartAsync(c =>
        {
            c.Response.StatusCode = Interlocked.Increment(ref n) % 2 == 0 ? 500 : 200;
            return c.Response.WriteAsync("x");
        });
        await using var gateway = await RunningGateway.StartAsync();
        using var meter = new Readings(gateway);
        await gateway.PushAsync(RunningGateway.Route(7, server.Address, server.Address, 10_000));
        for (var i = 0; i < 6; i++)
        {
            await gateway.InferAsync();
        }

        const string Version = "modelflow.model=digits,modelflow.version=v1.1.0-mlp";
        await Eventually.TrueAsync(() => meter.Sum(GatewayTelemetry.Requests) == 6, "all requests counted");
        Assert.Equal(3, meter.Sum(GatewayTelemetry.Requests, "modelflow.kind=normal,modelflow.model=digits,modelflow.outcome=answered,modelflow.version=v1.1.0-mlp"));
        Assert.Equal(3, meter.Sum(GatewayTelemetry.Requests, "modelflow.kind=normal,modelflow.model=digits,modelflow.outcome=upstream-error,modelflow.version=v1.1.0-mlp"));
        Assert.Equal(3, meter.Count(GatewayTelemetry.Duration, Version));
        Assert.Equal(3, meter.Count(GatewayTelemetry.TimeToFirstByte, Version));
        Assert.InRange(meter.Sum(GatewayTelemetry.Duration), 0.000_001, 30);
    }

    [Fact]
    public async Task State_isWhatTheGatewayServes()
    {
        await using var server = await Upstream.StartAsync();
        await using var gateway = await RunningGateway.StartAsync(s => s["Gateway:Health:FailuresToEject"] = "1");
        using var meter = new Readings(gateway);
        await gateway.PushAsync(RunningGateway.Route(7, server.Address, Upstream.ClosedPort(), 10_000));
        await gateway.InferAsync();
        meter.Observe();
        Assert.Equal(7, meter.Last(GatewayTelemetry.Generation, "modelflow.model=digits"));
        Assert.Equal(1, meter.Last(GatewayTelemetry.Leased, "modelflow.model=digits"));
        Assert.Equal(0, meter.Last(GatewayTelemetry.Active, "modelflow.model=digits,modelflow.version=v1.0.0-base"));
        Assert.Equal(1, meter.Last(GatewayTelemetry.Replicas, "modelflow.model=digits,modelflow.state=healthy,modelflow.version=v1.0.0-base"));
        Assert.Equal(1, meter.Last(GatewayTelemetry.Replicas, "modelflow.model=digits,modelflow.state=left-out,modelflow.version=v1.1.0-mlp"));
        Assert.Equal(0, meter.Last(GatewayTelemetry.Refused, "modelflow.limit=client-rate"));
    }

    [Fact]
    public async Task Limits_andMarks_areCounted()
    {
        using var held = new SemaphoreSlim(0);
        await using var server = await Upstream.StartAsync(async c =>
        {
            await held.WaitAsync(c.RequestAborted);
            await c.Response.WriteAsync("x");
        });
        await using var gateway = await RunningGateway.StartAsync(s => s["Gateway:Limits:Concurrent"] = "1");
        using var meter = new Readings(gateway);
        await gateway.PushAsync(RunningGateway.Route(1, server.Address));
        var first = gateway.InferAsync();
        await Eventually.TrueAsync(() => !server.Seen.IsEmpty, "the first request at the server");
        meter.Observe();
        Assert.Equal(1, meter.Last(GatewayTelemetry.Active, "modelflow.model=digits,modelflow.version=v1.0.0-base"));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await gateway.InferAsync()).Status);
        held.Release();
        var id = (await first).RequestId;
        for (var i = 0; i < 2; i++)
        {
            using var mark = await gateway.Http.PostAsJsonAsync("/models/digits/feedback", new { requestId = id, score = 1 }, TestContext.Current.CancellationToken);
        }

        await Eventually.TrueAsync(() => meter.Sum(GatewayTelemetry.Feedback) == 1, "the mark counted");
        meter.Observe();
        Assert.Equal(1, meter.Last(GatewayTelemetry.Refused, "modelflow.limit=gateway-concurrency"));
        Assert.Equal(1, meter.Sum(GatewayTelemetry.FeedbackRefused, "modelflow.reason=conflict"));
    }

    [Fact]
    public async Task Page_isOnTheControlListenerOnly()
    {
        await using var server = await Upstream.StartAsync();
        await using var folder = new TemporaryFolder();
        await using var gateway = await GatewayProcess.StartAsync(folder.Path);
        await gateway.PushAsync(RunningGateway.Route(3, server.Address));
        Assert.NotNull(await gateway.InferAsync());
        using (var clients = await gateway.Clients.GetAsync("/metrics", TestContext.Current.CancellationToken))
        {
            Assert.Equal(HttpStatusCode.NotFound, clients.StatusCode);
        }

        var page = "";
        await Eventually.TrueAsync(
            async () => (page = await gateway.Control.GetStringAsync("/metrics", TestContext.Current.CancellationToken)).Contains("modelflow_gateway_requests_total{", StringComparison.Ordinal),
            "the request on the page");
        Assert.Matches("(?m)^modelflow_gateway_requests_total\\{[^}]*modelflow_outcome=\"answered\"[^}]*\\} 1( |$)", page);
        Assert.Matches("(?m)^modelflow_gateway_request_duration_seconds_bucket\\{[^}]*le=\"0.0025\"", page);
        Assert.Matches("(?m)^modelflow_gateway_route_generation\\{[^}]*modelflow_model=\"digits\"[^}]*\\} 3( |$)", page);
    }

    [Theory]
    [InlineData("Everywhere", HttpStatusCode.OK, HttpStatusCode.OK)]
    [InlineData("Off", HttpStatusCode.NotFound, HttpStatusCode.NotFound)]
    public async Task Page_isWhereTheSettingSays(string setting, HttpStatusCode forClients, HttpStatusCode forControl)
    {
        await using var folder = new TemporaryFolder();
        await using var gateway = await GatewayProcess.StartAsync(folder.Path, settings: new Dictionary<string, string>(StringComparer.Ordinal) { ["Gateway__Telemetry__Metrics"] = setting });
        using var clients = await gateway.Clients.GetAsync("/metrics", TestContext.Current.CancellationToken);
        using var control = await gateway.Control.GetAsync("/metrics", TestContext.Current.CancellationToken);
        Assert.Equal((forClients, forControl), (clients.StatusCode, control.StatusCode));
    }

    [Fact]
    public async Task Collector_isSentTracesAndMetrics()
    {
        var seen = new ConcurrentQueue<(string Path, string Body)>();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(k => k.Listen(IPAddress.Loopback, 0));
        await using var collector = builder.Build();
        collector.Run(async c =>
        {
            using var body = new MemoryStream();
            await c.Request.Body.CopyToAsync(body, c.RequestAborted);
            seen.Enqueue((c.Request.Path.Value!, System.Text.Encoding.Latin1.GetString(body.ToArray()))); // A request has a path.
        });
        await collector.StartAsync(TestContext.Current.CancellationToken);
        await using var server = await Upstream.StartAsync();
        await using var folder = new TemporaryFolder();
        await using var gateway = await GatewayProcess.StartAsync(folder.Path, settings: new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.Urls.First(),
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
            ["OTEL_METRIC_EXPORT_INTERVAL"] = "200",
            ["OTEL_BSP_SCHEDULE_DELAY"] = "200",
            ["Gateway__Telemetry__SampleRatio"] = "1",
        });
        await gateway.PushAsync(RunningGateway.Route(3, server.Address));
        Assert.NotNull(await gateway.InferAsync());
        Assert.True(server.Seen.Single().Headers.ContainsKey("traceparent"));

        // Protocol buffers keep texts as they are.
        await Eventually.TrueAsync(() => seen.Any(s => s.Path == "/v1/traces" && s.Body.Contains("POST /models/{model}/v2/infer", StringComparison.Ordinal)), "the span at the collector");
        await Eventually.TrueAsync(() => seen.Any(s => s.Path == "/v1/metrics" && s.Body.Contains(GatewayTelemetry.Requests, StringComparison.Ordinal)), "the metrics at the collector");
        Assert.Contains(seen, s => s.Body.Contains("modelflow-gateway", StringComparison.Ordinal) && s.Body.Contains("gw-process", StringComparison.Ordinal));
    }

    /// <summary>What one gateway's meter says.</summary>
    private sealed class Readings : IDisposable
    {
        private readonly ConcurrentQueue<(string Name, string Tags, double Value)> _all = new();
        private readonly MeterListener _listener = new();

        public Readings(RunningGateway gateway)
        {
            var meters = gateway.Services.GetRequiredService<IMeterFactory>();
            _listener.InstrumentPublished = (instrument, listener) =>
            {
                if (ReferenceEquals(instrument.Meter.Scope, meters))
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            };
            _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Take(instrument, value, tags));
            _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Take(instrument, value, tags));
            _listener.Start();
        }

        public void Observe() => _listener.RecordObservableInstruments();

        public double Sum(string name, string? tags = null) => Of(name, tags).Sum();

        public int Count(string name, string tags) => Of(name, tags).Count();

        public double Last(string name, string tags) => Of(name, tags).Last();

        public void Dispose() => _listener.Dispose();

        private IEnumerable<double> Of(string name, string? tags) =>
            _all.Where(r => string.Equals(r.Name, name, StringComparison.Ordinal) && (tags is null || string.Equals(r.Tags, tags, StringComparison.Ordinal))).Select(r => r.Value);

        private void Take(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags) =>
            _all.Enqueue((instrument.Name, string.Join(',', tags.ToArray().Select(t => $"{t.Key}={t.Value}").Order(StringComparer.Ordinal)), value));
    }
}
