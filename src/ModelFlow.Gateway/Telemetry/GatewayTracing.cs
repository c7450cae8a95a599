using System.Diagnostics;
using ModelFlow.Gateway.Measuring;
using ModelFlow.Gateway.Routing;

namespace ModelFlow.Gateway.Telemetry;

/// <summary>
/// One span for each forwarded request, in W3C trace context (https://www.w3.org/TR/trace-context/): it continues its caller's trace and
/// is the parent of what the model server does. Where nobody listens nothing is made, and the caller's headers pass as they came.
/// </summary>
internal static class GatewayTracing
{
    private const string TraceParent = "traceparent";
    private const string TraceState = "tracestate";

    private static readonly ActivitySource Source = new(GatewayTelemetry.Name);
    private static readonly string[] SpanNames = [.. ModelOperation.All.Select(o => $"{o.Method} {o.Route}")];

    /// <summary>Begins the span of a request; null if nobody wants it.</summary>
    public static Activity? Start(HttpContext context, LiveRoute route, ModelOperation operation)
    {
        if (!Source.HasListeners())
        {
            return null;
        }

        // A caller's context that is not valid is none (W3C, 4.3): the span begins a trace of its own, whatever else is current.
        var headers = context.Request.Headers;
        var parent = ActivityContext.TryParse(headers[TraceParent], headers[TraceState], isRemote: true, out var caller) ? caller : default;
        Activity.Current = null;
        var activity = Source.StartActivity(SpanNames[operation.Index], ActivityKind.Server, parent);
        if (activity is { IsAllDataRequested: true })
        {
            activity
                .SetTag("http.request.method", operation.Method)
                .SetTag("http.route", operation.Route)
                .SetTag(GatewayTelemetry.ModelTag, route.Route.Model.Value)
                .SetTag(GatewayTelemetry.GenerationTag, route.Route.Generation);
        }

        return activity;
    }

    /// <summary>Notes what became of the request at a version. One that a candidate did not take and stable answered has an event of the first.</summary>
    public static void Ended(Activity? activity, HttpContext context, VersionTarget target, Core.Traffic.RouteChoice choice, RequestOutcome outcome, bool goesOn)
    {
        if (activity is not { IsAllDataRequested: true })
        {
            return;
        }

        var name = GatewayTelemetry.NameOf(outcome);
        if (goesOn)
        {
            activity.AddEvent(new ActivityEvent("fallback", tags: new ActivityTagsCollection { { GatewayTelemetry.VersionTag, target.Name }, { GatewayTelemetry.OutcomeTag, name } }));
            return;
        }

        activity
            .SetTag(GatewayTelemetry.VersionTag, target.Name)
            .SetTag(GatewayTelemetry.KindTag, GatewayTelemetry.NameOf(choice.Kind))
            .SetTag(GatewayTelemetry.OutcomeTag, name)
            .SetTag("http.response.status_code", context.Response.StatusCode);
        if (outcome is RequestOutcome.UpstreamError or RequestOutcome.Timeout or RequestOutcome.ConnectError)
        {
            activity.SetTag("error.type", name).SetStatus(ActivityStatusCode.Error);
        }
    }

    /// <summary>Notes that the version had too many requests for this one.</summary>
    public static void Refused(Activity? activity, HttpContext context, VersionTarget target)
    {
        if (activity is { IsAllDataRequested: true })
        {
            activity
                .SetTag(GatewayTelemetry.VersionTag, target.Name)
                .SetTag(GatewayTelemetry.LimitTag, LimitCounts.NameOf(LimitKind.Version))
                .SetTag("http.response.status_code", context.Response.StatusCode);
        }
    }

    /// <summary>Gives the span to the model server as the parent of its own.</summary>
    public static void Inject(Activity activity, System.Net.Http.Headers.HttpRequestHeaders headers)
    {
        headers.Remove(TraceParent);
        headers.Remove(TraceState);
        headers.TryAddWithoutValidation(TraceParent, activity.Id);
        if (!string.IsNullOrEmpty(activity.TraceStateString))
        {
            headers.TryAddWithoutValidation(TraceState, activity.TraceStateString);
        }
    }
}
