using System.Diagnostics.Metrics;
using ModelFlow.Core.Naming;
using ModelFlow.Serving.Repository;

namespace ModelFlow.Serving;

/// <summary>The server's instruments, meter <c>ModelFlow.Serving</c>. Tags: <c>model</c>, <c>version</c>, and <c>status</c>, the HTTP status.</summary>
internal sealed class ServingMetrics
{
    /// <summary>The meter's name.</summary>
    public const string MeterName = "ModelFlow.Serving";

    private readonly Histogram<double> _duration;
    private readonly Histogram<double> _run;
    private readonly Histogram<double> _load;
    private readonly Counter<long> _rejected;
    private readonly Meter _meter;

    public ServingMetrics(IMeterFactory factory)
    {
        var meter = _meter = factory.Create(MeterName);
        _duration = meter.CreateHistogram<double>("modelflow.serving.request.duration", "s", "From the request's headers to its answer, waiting included.");
        _run = meter.CreateHistogram<double>("modelflow.serving.run.duration", "s", "In the native runtime.");
        _load = meter.CreateHistogram<double>("modelflow.serving.load.duration", "s", "Loads that succeeded, download included.");
        _rejected = meter.CreateCounter<long>("modelflow.serving.rejected", "{request}", "Requests turned away because too many waited.");
    }

    /// <summary>Adds gauges over what is loaded and kept.</summary>
    public void Watch(Func<IEnumerable<LoadedVersion>> loaded, Func<long> cacheBytes)
    {
        _meter.CreateObservableGauge("modelflow.serving.versions", () => loaded().Count(), "{version}", "Versions that answer requests.");
        _meter.CreateObservableGauge("modelflow.serving.requests", () => loaded().Select(v => Of(v, v.Turns.Admitted)), "{request}", "Requests that compute or wait for their turn.");
        _meter.CreateObservableGauge("modelflow.serving.memory", () => loaded().Select(v => Of(v, v.MemoryBytes)), "By", "By how much loading a version let the process grow.");
        _meter.CreateObservableGauge("modelflow.serving.cache", cacheBytes, "By", "Model files on disk, loaded or not.");

        static Measurement<long> Of(LoadedVersion version, long value) => new(value, new("model", version.Model.Value), new KeyValuePair<string, object?>("version", version.Version.Value));
    }

    public void Answered(string model, string version, int status, TimeSpan took) =>
        _duration.Record(took.TotalSeconds, new("model", model), new("version", version), new("status", status));

    public void Ran(string model, string version, TimeSpan took) => _run.Record(took.TotalSeconds, new("model", model), new KeyValuePair<string, object?>("version", version));

    public void Loaded(ModelName model, VersionName version, TimeSpan took) =>
        _load.Record(took.TotalSeconds, new("model", model.Value), new KeyValuePair<string, object?>("version", version.Value));

    public void Rejected(string model, string version) => _rejected.Add(1, new("model", model), new KeyValuePair<string, object?>("version", version));
}
