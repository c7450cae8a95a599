using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using Microsoft.AspNetCore.Http;
using ModelFlow.Gateway.Routing;
using ModelFlow.Gateway.Telemetry;
using ModelFlow.Gateway.Tests.Support;
using OpenTelemetry.Trace;

namespace ModelFlow.Gateway.Tests.Telemetry;

public sealed class TracingTests
{
    private const string TraceId = "0af7651916cd43dd8448eb211c80319c";
    private const string Caller = $"00-{TraceId}-b7ad6b7169203331-01";

    [Fact]
    public async Task Request_inACallersTrace_continuesItAndIsTheServersParent()
    {
        using var spans = new Spans();
        await using var server = await Upstream.StartAsync();
        await using var gateway = await RunningGateway.StartAsync();
        await gateway.PushAsync(RunningGateway.Route(3, server.Address));
        await InferAsync(gateway, Caller, "vendor=1");

        var span = spans.Single(TraceId);
        Assert.Equal(("POST /models/{model}/v2/infer", ActivityKind.Server, "b7ad6b7169203331"), (span.DisplayName, span.Kind, span.ParentSpanId.ToString()));
        Assert.Equal((3L, "digits", "v1.0.0-base", "normal", "answered", 200), (
            span.GetTagItem("modelflow.generation"), span.GetTagItem("modelflow.model"), span.GetTagItem("modelflow.version"), span.GetTagItem("modelflow.kind"),
            span.GetTagItem("modelflow.outcome"), span.GetTagItem("http.response.status_code")));
        var (_, headers) = Assert.Single(server.Seen);
        Assert.Equal((span.Id, "vendor=1"), (headers["traceparent"].Single(), headers["tracestate"].Single()));
    }

    [Fact]
    public async Task Request_withAContextThatIsNoContext_beginsATraceOfItsOwn()
    {
        using var spans = new Spans();
        await using var server = await Upstream.StartAsync();
        await using var gateway = await RunningGateway.StartAsync();
        await gateway.PushAsync(RunningGateway.Route(1, server.Address));
        await InferAsync(gateway, "00-00000000000000000000000000000000-b7ad6b7169203331-01", "vendor=1");

        var (_, headers) = Assert.Single(server.Seen);
        var sent = ActivityContext.Parse(headers["traceparent"].ToString(), null);
        Assert.Equal(default, spans.Single(sent.TraceId.ToString()).ParentSpanId);
        Assert.False(headers.ContainsKey("tracestate"));
    }

    [Fact]
    public async Task Candidate_takesNoConnection_oneSpanSaysSoAndNamesStable()
    {
        using var spans = new Spans();
        await using var server = await Upstream.StartAsync();
        await using var gateway = await RunningGateway.StartAsync();
        await gateway.PushAsync(RunningGateway.Route(1, server.Address, Upstream.ClosedPort(), 10_000));
        await InferAsync(gateway, Caller);

        var span = spans.Single(TraceId);
        Assert.Equal(("v1.0.0-base", "fallback", "answered"), (span.GetTagItem("modelflow.version"), span.GetTagItem("modelflow.kind"), span.GetTagItem("modelflow.outcome")));
        var fell = Assert.Single(span.Events);
        Assert.Equal("fallback", fell.Name);
        Assert.Contains(new("modelflow.version", "v1.1.0-mlp"), fell.Tags);
        Assert.Contains(new("modelflow.outcome", "connect-error"), fell.Tags);
        Assert.Equal(ActivityStatusCode.Unset, span.Status);
    }

    [Fact]
    public async Task Server_fails_theSpanIsAnError()
    {
        using var spans = new Spans();
        await using var server = await Upstream.StartAsync(c =>
        {
            c.Response.StatusCode = 500;
            return Task.CompletedTask;
        });
        await using var gateway = await RunningGateway.StartAsync();
        await gateway.PushAsync(RunningGateway.Route(1, server.Address));
        await InferAsync(gateway, Caller);

        var span = spans.Single(TraceId);
        Assert.Equal((ActivityStatusCode.Error, "upstream-error", 500), (span.Status, span.GetTagItem("error.type"), span.GetTagItem("http.response.status_code")));
    }

    [Fact]
    public async Task Nobody_listens_theCallersContextPassesAsItCame()
    {
        await using var server = await Upstream.StartAsync();
        await using var gateway = await RunningGateway.StartAsync();
        await gateway.PushAsync(RunningGateway.Route(1, server.Address));
        await InferAsync(gateway, Caller, "vendor=1");

        var (_, headers) = Assert.Single(server.Seen);
        Assert.Equal((Caller, "vendor=1"), (headers["traceparent"].Single(), headers["tracestate"].Single()));
    }

    [Fact]
    public void Nobody_listens_nothingIsAllocated()
    {
        var context = new DefaultHttpContext();
        context.Request.Headers["traceparent"] = Caller;
        Assert.Null(GatewayTracing.Start(context, null!, ModelOperation.Ready)); // The route is not looked at.
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 100; i++)
        {
            GatewayTracing.Start(context, null!, ModelOperation.Ready); // As above.
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Theory]
    [InlineData(true, true, 0, true)]
    [InlineData(true, false, 1, false)]
    [InlineData(true, null, 1, true)]
    [InlineData(true, null, 0, false)]
    [InlineData(false, true, 0, false)]
    [InlineData(false, false, 1, true)]
    public void Sampler_followsTheCallerOrTheRatio(bool follow, bool? callerSampled, double ratio, bool traced)
    {
        var sampler = TelemetryComposition.SamplerOf(new TelemetryOptions { FollowCaller = follow, SampleRatio = ratio });
        var trace = ActivityTraceId.CreateFromString(TraceId);
        var parent = callerSampled is { } sampled
            ? new ActivityContext(trace, ActivitySpanId.CreateRandom(), sampled ? ActivityTraceFlags.Recorded : ActivityTraceFlags.None, traceState: null, isRemote: true)
            : default;
        Assert.Equal(traced ? SamplingDecision.RecordAndSample : SamplingDecision.Drop, sampler.ShouldSample(new SamplingParameters(parent, trace, "x", ActivityKind.Server)).Decision);
    }

    private static async Task InferAsync(RunningGateway gateway, string traceParent, string? traceState = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/models/digits/v2/infer") { Content = new StringContent("{}") };
        request.Headers.TryAddWithoutValidation("traceparent", traceParent);
        if (traceState is not null)
        {
            request.Headers.TryAddWithoutValidation("tracestate", traceState);
        }

        using var http = new HttpClient(new SocketsHttpHandler { ActivityHeadersPropagator = null }) { BaseAddress = gateway.Http.BaseAddress };
        using var answer = await http.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.NotEqual(HttpStatusCode.NotFound, answer.StatusCode);
    }

    /// <summary>The gateway's spans of this process; other tests' are told apart by their trace.</summary>
    private sealed class Spans : IDisposable
    {
        private readonly ConcurrentQueue<Activity> _ended = new();
        private readonly ActivityListener _listener;

        public Spans()
        {
            _listener = new ActivityListener
            {
                ShouldListenTo = source => string.Equals(source.Name, GatewayTelemetry.Name, StringComparison.Ordinal),
                Sample = (ref _) => ActivitySamplingResult.AllDataAndRecorded,
                ActivityStopped = _ended.Enqueue,
            };
            ActivitySource.AddActivityListener(_listener);
        }

        public Activity Single(string trace)
        {
            SpinWait.SpinUntil(() => _ended.Any(a => Is(a, trace)), TimeSpan.FromSeconds(10));
            return _ended.Single(a => Is(a, trace));
        }

        public void Dispose() => _listener.Dispose();

        private static bool Is(Activity activity, string trace) => string.Equals(activity.TraceId.ToString(), trace, StringComparison.Ordinal);
    }
}
