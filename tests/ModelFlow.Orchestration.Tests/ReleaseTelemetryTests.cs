using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Releases;
using ModelFlow.Testing.World;

namespace ModelFlow.Orchestration.Tests;

/// <summary>What a release tells whoever listens. Other tests run beside these: only what happens in a test's own flow counts.</summary>
public sealed class ReleaseTelemetryTests : IAsyncLifetime
{
    private readonly AsyncLocal<bool> _mine = new();
    private readonly ConcurrentQueue<Activity> _activities = new();
    private readonly ConcurrentQueue<(string Instrument, double Value, Dictionary<string, object?> Tags)> _measured = new();
    private readonly ActivityListener _activityListener;
    private readonly MeterListener _meterListener = new();
    private readonly InMemoryStores _stores = new();
    private readonly SimulatedWorld _world;

    public ReleaseTelemetryTests()
    {
        _world = new SimulatedWorld(_stores.AddTo);
        _activityListener = new ActivityListener
        {
            ShouldListenTo = source => string.Equals(source.Name, ReleaseTelemetry.Name, StringComparison.Ordinal),
            Sample = (ref _) => _mine.Value ? ActivitySamplingResult.AllDataAndRecorded : ActivitySamplingResult.None,
            ActivityStopped = activity =>
            {
                if (_mine.Value)
                {
                    _activities.Enqueue(activity);
                }
            },
        };
        ActivitySource.AddActivityListener(_activityListener);
        _meterListener.InstrumentPublished = (instrument, listener) =>
        {
            if (string.Equals(instrument.Meter.Name, ReleaseTelemetry.Name, StringComparison.Ordinal))
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _meterListener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Measured(instrument, value, tags));
        _meterListener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Measured(instrument, value, tags));
        _meterListener.Start();
    }

    public async ValueTask InitializeAsync() => await _world.SetPolicyAsync();

    public async ValueTask DisposeAsync()
    {
        _activityListener.Dispose();
        _meterListener.Dispose();
        await _world.DisposeAsync();
    }

    [Fact]
    public async Task Release_leavesAnActivityForEachDecisionAndEachCommand()
    {
        _mine.Value = true;
        var id = await UploadAsync("v1.0.0-base");

        await _world.RunAsync(id);

        Assert.All(_activities, a => Assert.Equal(id.ToString(), a.GetTagItem(ReleaseTelemetry.ReleaseTag)));
        Assert.Contains(_activities, a => a.OperationName == "Advance" && (string?)a.GetTagItem(ReleaseTelemetry.StageTag) == "awaitingApproval");
        var commands = _activities.Where(a => a.OperationName != "Advance").ToList();
        Assert.Equal(
            ["RegisterVersion", "InspectVersion", "SmokeTestVersion", "EvaluateVersion"],
            commands.Select(a => a.OperationName).Distinct(StringComparer.Ordinal).Take(4));
        Assert.All(commands, a => Assert.Equal(("done", a.OperationName), ((string?)a.GetTagItem(ReleaseTelemetry.OutcomeTag), (string?)a.GetTagItem(ReleaseTelemetry.CommandTag))));
        Assert.Equal(commands.Count, Sum(ReleaseTelemetry.Commands, "done"));
        Assert.Equal(commands.Count, _measured.Count(m => m.Instrument == ReleaseTelemetry.CommandDuration));
    }

    [Fact]
    public async Task Release_thatEnded_isCountedOnce_howeverOftenItIsAdvanced()
    {
        _mine.Value = true;
        var id = await UploadAsync("v1.0.0-base");
        await _world.RunAsync(id);

        await _world.Engine.AdvanceAsync(id, TestContext.Current.CancellationToken);

        Assert.Equal(1, Sum(ReleaseTelemetry.ReleasesEnded, nameof(Outcome.Stable)));
        Assert.Equal(1, _measured.Count(m => m.Instrument == ReleaseTelemetry.ReleasesEnded));
    }

    [Fact]
    public async Task Command_thatRefusesAVersion_isNoFault()
    {
        _mine.Value = true;
        _world.Behave("v1.0.0-base", new VersionBehaviour { InspectionRefusal = "an operator of another domain" });

        var state = await _world.RunAsync(await UploadAsync("v1.0.0-base"));

        Assert.Equal(Outcome.Rejected, state.Outcome);
        Assert.Equal(1, Sum(ReleaseTelemetry.ReleasesEnded, nameof(Outcome.Rejected)));
        Assert.Equal(1, Sum(ReleaseTelemetry.Commands, "refused"));
        Assert.All(_activities, a => Assert.NotEqual(ActivityStatusCode.Error, a.Status));
    }

    [Fact]
    public async Task Command_thatFails_isAFaultWithItsReason()
    {
        _mine.Value = true;
        var times = 1;
        _world.Evaluator.During = (_, _) => Interlocked.Decrement(ref times) >= 0 ? throw new IOException("The machine is gone.") : Task.CompletedTask;

        await _world.RunAsync(await UploadAsync("v1.0.0-base"));

        var failed = Assert.Single(_activities, a => a.Status == ActivityStatusCode.Error);
        Assert.Equal(("InspectVersion", "faulted", "The machine is gone."), (failed.OperationName, (string?)failed.GetTagItem(ReleaseTelemetry.OutcomeTag), failed.StatusDescription));
        Assert.Equal(1, Sum(ReleaseTelemetry.Commands, "faulted"));
    }

    [Fact]
    public async Task Command_thatGoesOnElsewhere_isTimedAtEachLook_andCountedOnce()
    {
        _mine.Value = true;
        _world.Evaluator.LooksBeforeAnswer = 2;
        var id = await UploadAsync("v1.0.0-base");

        await _world.RunAsync(id, until: s => s.Pending?.Command is Command.SmokeTestVersion);

        bool OfInspection((string Instrument, double Value, Dictionary<string, object?> Tags) m) => (string?)m.Tags.GetValueOrDefault(ReleaseTelemetry.CommandTag) == nameof(Command.InspectVersion);
        Assert.Equal(3, _measured.Count(m => m.Instrument == ReleaseTelemetry.CommandDuration && OfInspection(m)));
        Assert.Equal(1, _measured.Count(m => m.Instrument == ReleaseTelemetry.Commands && OfInspection(m)));
    }

    private async Task<ReleaseId> UploadAsync(string version) => await _world.UploadAsync(_stores.PutIncomingAsync, "digits", version) ?? throw new InvalidOperationException("Not taken in.");

    private double Sum(string instrument, string outcome) =>
        _measured.Where(m => m.Instrument == instrument && (string?)m.Tags[ReleaseTelemetry.OutcomeTag] == outcome).Sum(m => m.Value);

    private void Measured(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (_mine.Value)
        {
            _measured.Enqueue((instrument.Name, value, new Dictionary<string, object?>(tags.ToArray(), StringComparer.Ordinal)));
        }
    }
}
