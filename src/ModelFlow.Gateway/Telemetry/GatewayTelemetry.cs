using ModelFlow.Core.Traffic;
using ModelFlow.Gateway.Measuring;

namespace ModelFlow.Gateway.Telemetry;

/// <summary>The names in what the gateway tells OpenTelemetry. Tags are few and bounded: models, versions, kinds, outcomes, limits; never a key, a client or a path.</summary>
public static class GatewayTelemetry
{
    /// <summary>The name of the activity source and of the meter.</summary>
    public const string Name = "ModelFlow.Gateway";

    /// <summary>Counter, {request}: requests that came to their end, by <see cref="ModelTag"/>, <see cref="VersionTag"/>, <see cref="KindTag"/> and <see cref="OutcomeTag"/>.</summary>
    public const string Requests = "modelflow.gateway.requests";

    /// <summary>Histogram, seconds: from a request's arrival to its end, of those that were answered with a status below 400 or timed out; by model and version.</summary>
    public const string Duration = "modelflow.gateway.request.duration";

    /// <summary>Histogram, seconds: from a request's arrival to the headers of its answer, by model and version.</summary>
    public const string TimeToFirstByte = "modelflow.gateway.request.time_to_first_byte";

    /// <summary>Histogram, seconds: from a request's arrival to the first token of its stream, by model and version.</summary>
    public const string TimeToFirstToken = "modelflow.gateway.request.time_to_first_token";

    /// <summary>Counter, {token}: tokens by model, version and <see cref="TokenTag"/> (<c>prompt</c>, <c>completion</c>).</summary>
    public const string Tokens = "modelflow.gateway.tokens";

    /// <summary>Up-down counter, {request}: requests under way, by model and version.</summary>
    public const string Active = "modelflow.gateway.active_requests";

    /// <summary>Counter, {request}: what was too much, by <see cref="LimitTag"/>.</summary>
    public const string Refused = "modelflow.gateway.refused";

    /// <summary>Counter, {mark}: marks that count, by model and version.</summary>
    public const string Feedback = "modelflow.gateway.feedback";

    /// <summary>Counter, {mark}: marks that do not, by <see cref="ReasonTag"/>: the problem's type.</summary>
    public const string FeedbackRefused = "modelflow.gateway.feedback.refused";

    /// <summary>Gauge, {replica}: replicas by model, version and <see cref="StateTag"/> (<c>healthy</c>, <c>left-out</c>).</summary>
    public const string Replicas = "modelflow.gateway.replicas";

    /// <summary>Gauge: the generation of the route in use, by model.</summary>
    public const string Generation = "modelflow.gateway.route.generation";

    /// <summary>Gauge, 1 or 0: whether the candidates' weights hold, by model; of routes with candidates.</summary>
    public const string Leased = "modelflow.gateway.route.leased";

    /// <summary>Gauge, {window}: windows that the control plane has not taken yet.</summary>
    public const string WindowsWaiting = "modelflow.gateway.windows.waiting";

    /// <summary>Counter, {window}: windows that were dropped, as more than <c>Gateway:Backlog</c> waited.</summary>
    public const string WindowsDropped = "modelflow.gateway.windows.dropped";

    /// <summary>Tag: the model.</summary>
    public const string ModelTag = "modelflow.model";

    /// <summary>Tag: the version.</summary>
    public const string VersionTag = "modelflow.version";

    /// <summary>Tag: how the request came to the version: <c>normal</c>, <c>pinned</c>, <c>shadow</c>, <c>fallback</c>.</summary>
    public const string KindTag = "modelflow.kind";

    /// <summary>Tag: how a request ended: <c>answered</c>, <c>client-error</c>, <c>upstream-error</c>, <c>timeout</c>, <c>connect-error</c>, <c>client-abort</c>.</summary>
    public const string OutcomeTag = "modelflow.outcome";

    /// <summary>Tag: which tokens.</summary>
    public const string TokenTag = "modelflow.token";

    /// <summary>Tag: the limit, as answers name it in <c>x-modelflow-limit</c>.</summary>
    public const string LimitTag = "modelflow.limit";

    /// <summary>Tag: why.</summary>
    public const string ReasonTag = "modelflow.reason";

    /// <summary>Tag: a replica's state.</summary>
    public const string StateTag = "modelflow.state";

    /// <summary>Tag of spans: the route's generation.</summary>
    public const string GenerationTag = "modelflow.generation";

    /// <summary>An outcome's name.</summary>
    public static string NameOf(RequestOutcome outcome) => outcome switch
    {
        RequestOutcome.Answered => "answered",
        RequestOutcome.ClientError => "client-error",
        RequestOutcome.UpstreamError => "upstream-error",
        RequestOutcome.Timeout => "timeout",
        RequestOutcome.ConnectError => "connect-error",
        RequestOutcome.ClientAbort => "client-abort",
        _ => throw new ArgumentOutOfRangeException(nameof(outcome)),
    };

    /// <summary>A kind's name.</summary>
    public static string NameOf(TrafficKind kind) => kind switch
    {
        TrafficKind.Normal => "normal",
        TrafficKind.Pinned => "pinned",
        TrafficKind.Shadow => "shadow",
        TrafficKind.Fallback => "fallback",
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };
}
