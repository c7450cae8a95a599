using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using ModelFlow.Serving.Tests.Support;

namespace ModelFlow.Serving.Tests.Http;

public sealed class MetricsTests
{
    [Fact]
    public async Task Metrics_nameTheVersionAndTheStatus()
    {
        await using var server = await RunningServer.StartAsync();
        var factory = server.App.Services.GetRequiredService<IMeterFactory>();
        var seen = new ConcurrentBag<(string Name, double Value, string Tags)>();
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, l) =>
        {
            // Other servers run in this process too.
            if (instrument.Meter.Name == "ModelFlow.Serving" && ReferenceEquals(instrument.Meter.Scope, factory))
            {
                l.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<double>((i, v, tags, _) => seen.Add((i.Name, v, Text(tags))));
        listener.SetMeasurementEventCallback<long>((i, v, tags, _) => seen.Add((i.Name, v, Text(tags))));
        listener.SetMeasurementEventCallback<int>((i, v, tags, _) => seen.Add((i.Name, v, Text(tags))));
        listener.Start();
        await server.LoadDigitsAsync("v1.1.0-mlp", "v1.5.0-nan");
        await server.InferAsync("digits", "v1.1.0-mlp", Digits.Request("v1.1.0-mlp", 1));
        await server.InferAsync("digits", "v1.1.0-mlp", "{}");
        await server.InferAsync("digits", "v1.5.0-nan", Digits.Request("v1.5.0-nan", 1));

        // The answer is sent a moment before it is counted.
        while (seen.Count(s => s.Name == "modelflow.serving.request.duration") < 3)
        {
            await Task.Delay(2, TestContext.Current.CancellationToken);
        }

        listener.RecordObservableInstruments();

        string[] expected = ["model=digits version=v1.1.0-mlp status=200", "model=digits version=v1.1.0-mlp status=400", "model=digits version=v1.5.0-nan status=500"];
        Assert.Equal(expected, seen.Where(s => s.Name == "modelflow.serving.request.duration").Select(s => s.Tags).Order(StringComparer.Ordinal));
        Assert.Equal(2, seen.Count(s => s.Name == "modelflow.serving.load.duration"));
        Assert.Equal(2, seen.Count(s => s.Name == "modelflow.serving.run.duration"));
        Assert.Equal(2, seen.Single(s => s.Name == "modelflow.serving.versions").Value);
        Assert.Equal(Digits.Model("v1.1.0-mlp").Length + Digits.Model("v1.5.0-nan").Length, seen.Single(s => s.Name == "modelflow.serving.cache").Value);
    }

    private static string Text(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var parts = new List<string>();
        foreach (var (name, value) in tags)
        {
            parts.Add($"{name}={value}");
        }

        return string.Join(' ', parts);
    }
}
