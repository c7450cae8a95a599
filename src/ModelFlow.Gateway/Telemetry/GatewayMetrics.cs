using System.Diagnostics.Metrics;
using ModelFlow.Gateway.Forwarding;
using ModelFlow.Gateway.Measuring;
using ModelFlow.Gateway.Routing;
using Tag = System.Collections.Generic.KeyValuePair<string, object?>;

namespace ModelFlow.Gateway.Telemetry;

/// <summary>
/// The gateway's meter. What requests did is recorded where their samples are added up, not on their way: it costs them nothing.
/// Everything else is looked at when somebody asks.
/// </summary>
public sealed class GatewayMetrics
{
    // From a cache's answer to a long generation.
    private static readonly InstrumentAdvice<double> Seconds =
        new() { HistogramBucketBoundaries = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120] };

    private readonly RouteBook _book;
    private readonly TargetPool _pool;
    private readonly GatewayClock _clock;
    private readonly Counter<long> _requests;
    private readonly Histogram<double> _duration;
    private readonly Histogram<double> _firstByte;
    private readonly Histogram<double> _firstToken;
    private readonly Counter<long> _tokens;
    private readonly Counter<long> _feedback;
    private readonly Counter<long> _feedbackRefused;

    /// <summary>Makes the instruments.</summary>
    public GatewayMetrics(IMeterFactory meters, RouteBook book, TargetPool pool, GatewayClock clock, LimitCounts limits, WindowOutbox outbox)
    {
        (_book, _pool, _clock) = (book, pool, clock);
        var meter = meters.Create(GatewayTelemetry.Name);
        _requests = meter.CreateCounter<long>(GatewayTelemetry.Requests, "{request}", "Requests that came to their end.");
        _duration = meter.CreateHistogram(GatewayTelemetry.Duration, "s", "From a request's arrival to its end.", tags: null, Seconds);
        _firstByte = meter.CreateHistogram(GatewayTelemetry.TimeToFirstByte, "s", "From a request's arrival to its answer's headers.", tags: null, Seconds);
        _firstToken = meter.CreateHistogram(GatewayTelemetry.TimeToFirstToken, "s", "From a request's arrival to its first token.", tags: null, Seconds);
        _tokens = meter.CreateCounter<long>(GatewayTelemetry.Tokens, "{token}", "Tokens of prompts and of answers.");
        _feedback = meter.CreateCounter<long>(GatewayTelemetry.Feedback, "{mark}", "Marks that count.");
        _feedbackRefused = meter.CreateCounter<long>(GatewayTelemetry.FeedbackRefused, "{mark}", "Marks that do not count.");
        meter.CreateObservableUpDownCounter(GatewayTelemetry.Active, InFlight, "{request}", "Requests under way.");
        meter.CreateObservableGauge(GatewayTelemetry.Replicas, Replicas, "{replica}", "Replicas by their health.");
        meter.CreateObservableGauge(GatewayTelemetry.Generation, Generations, unit: null, "The generation of the route in use.");
        meter.CreateObservableGauge(GatewayTelemetry.Leased, Leases, unit: null, "Whether the candidates' weights hold.");
        meter.CreateObservableCounter(
            GatewayTelemetry.Refused,
            () => Enum.GetValues<LimitKind>().Select(k => new Measurement<long>(limits.Of(k), new Tag(GatewayTelemetry.LimitTag, LimitCounts.NameOf(k)))),
            "{request}",
            "Requests and marks that were too much.");
        meter.CreateObservableGauge(GatewayTelemetry.WindowsWaiting, () => outbox.Count, "{window}", "Windows that the control plane has not taken yet.");
        meter.CreateObservableCounter(GatewayTelemetry.WindowsDropped, () => outbox.Dropped, "{window}", "Windows that were dropped, as too many waited.");
    }

    internal void Record(in Sample sample)
    {
        if (!_requests.Enabled && !_duration.Enabled)
        {
            return;
        }

        var model = new Tag(GatewayTelemetry.ModelTag, sample.Counter.Model);
        var version = new Tag(GatewayTelemetry.VersionTag, sample.Version);
        _requests.Add(
            1, model, version, new Tag(GatewayTelemetry.KindTag, GatewayTelemetry.NameOf(sample.Choice.Kind)), new Tag(GatewayTelemetry.OutcomeTag, GatewayTelemetry.NameOf(sample.Outcome)));
        if (sample.Outcome is RequestOutcome.Answered or RequestOutcome.Timeout)
        {
            _duration.Record(sample.Microseconds / 1e6, model, version);
        }

        if (sample.Outcome == RequestOutcome.Answered)
        {
            _firstByte.Record(sample.FirstByteMicroseconds / 1e6, model, version);
        }

        if (sample.FirstTokenMicroseconds > 0)
        {
            _firstToken.Record(sample.FirstTokenMicroseconds / 1e6, model, version);
        }

        if (sample.PromptTokens > 0 || sample.CompletionTokens > 0)
        {
            _tokens.Add(sample.PromptTokens, model, version, new Tag(GatewayTelemetry.TokenTag, "prompt"));
            _tokens.Add(sample.CompletionTokens, model, version, new Tag(GatewayTelemetry.TokenTag, "completion"));
        }
    }

    internal void Record(in FeedbackMark mark) =>
        _feedback.Add(1, new Tag(GatewayTelemetry.ModelTag, mark.Counter.Model), new Tag(GatewayTelemetry.VersionTag, mark.Version));

    internal void FeedbackRefused(string reason) => _feedbackRefused.Add(1, new Tag(GatewayTelemetry.ReasonTag, reason));

    // Versions that drain are not in any route: they are asked for by themselves.
    private IEnumerable<Measurement<long>> InFlight() =>
        _book.All.SelectMany(r => r.Targets).Select(t => t.Load).Union(_pool.Busy()).Select(load => new Measurement<long>(load.InFlight, TagsOf(load)));

    private IEnumerable<Measurement<long>> Replicas()
    {
        foreach (var target in _book.All.SelectMany(r => r.Targets))
        {
            var healthy = target.Replicas.Count(r => r.Health.IsHealthy);
            yield return new Measurement<long>(healthy, [.. TagsOf(target.Load), new Tag(GatewayTelemetry.StateTag, "healthy")]);
            yield return new Measurement<long>(target.Replicas.Count - healthy, [.. TagsOf(target.Load), new Tag(GatewayTelemetry.StateTag, "left-out")]);
        }
    }

    private IEnumerable<Measurement<long>> Generations() =>
        _book.All.Select(r => new Measurement<long>(r.Route.Generation, new Tag(GatewayTelemetry.ModelTag, r.Route.Model.Value)));

    private IEnumerable<Measurement<long>> Leases()
    {
        var now = _clock.Now;
        return _book.All.Where(r => r.Route.Candidates.Count > 0)
            .Select(r => new Measurement<long>(r.Table.IsLeased(now) ? 1 : 0, new Tag(GatewayTelemetry.ModelTag, r.Route.Model.Value)));
    }

    private static Tag[] TagsOf(VersionLoad load) => [new(GatewayTelemetry.ModelTag, load.Model.Value), new(GatewayTelemetry.VersionTag, load.Version.Value)];
}
