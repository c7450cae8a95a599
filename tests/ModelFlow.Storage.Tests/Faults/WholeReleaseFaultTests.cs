using Azure.Storage.Blobs;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;
using ModelFlow.Orchestration.Intake;
using ModelFlow.Storage.Tests.Azurite;
using ModelFlow.Testing.Azurite;
using ModelFlow.Testing.Faults;
using ModelFlow.Testing.World;

namespace ModelFlow.Storage.Tests.Faults;

/// <summary>
/// A release, from the upload to stable, with one storage call broken: the first, the second, and so on to the last. Whatever breaks,
/// the end is the same. The SDK's own retries are off, so that every break reaches ModelFlow.
/// </summary>
public sealed class WholeReleaseFaultTests(AzuriteFixture azurite, ITestOutputHelper output)
{
    private const string Policy = """
        schema: modelflow/policy/v1
        smoke:
          dataset: { path: digits/golden.jsonl, sha256: 0000000000000000000000000000000000000000000000000000000000000001 }
        evaluation:
          dataset: { path: digits/eval.jsonl, sha256: 0000000000000000000000000000000000000000000000000000000000000002 }
        approval: { required: 2, expiresAfter: 1h }
        ramp:
          steps: [ { weight: 50%, bake: 10s }, { weight: 100%, bake: 10s } ]
          lookEvery: 10s
          lease: 30s
        guardrails: { errorRateIncrease: 0.05, latencyP95Ratio: 2, minRequests: 50 }
        """;

    private static readonly VersionName First = VersionName.Parse("v1.0.0-base");
    private static readonly VersionName Second = VersionName.Parse("v1.1.0-next");
    private static readonly StorageFault[] WithoutEffect = [StorageFault.NoAnswer, StorageFault.Busy, StorageFault.Conflict, StorageFault.PreconditionFailed];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Speed", "Slow")]
    public async Task Release_anyOneStorageCallBroken_endsTheSame()
    {
        using var faults = new FaultInjectingTransport();
        void Configure(StorageOptions o)
        {
            o.ConnectionString = azurite.ConnectionString;
            o.Prefix = "wholefaults";
            o.Retries = 0;
            o.Transport = faults;
        }

        await using var world = new SimulatedWorld(services => services.AddModelFlowStorage(Configure));
        await world.Get<StorageSetup>().EnsureCreatedAsync(Cancel);
        await world.SetPolicyAsync(Policy);
        var incoming = new BlobServiceClient(azurite.ConnectionString).GetBlobContainerClient("wholefaultsincoming");

        var calls = await PlayAsync(world, incoming, faults, "whole", fault: null, at: 0);
        output.WriteLine($"{calls.Count} storage calls from the upload to stable");
        Assert.InRange(calls.Count, 50, 400);
        for (var at = 1; at <= calls.Count; at++)
        {
            await PlayAsync(world, incoming, faults, $"lost-{at}", StorageFault.LostAnswer, at);
            var fault = WithoutEffect[at % WithoutEffect.Length];
            await PlayAsync(world, incoming, faults, $"none-{at}", fault, at);
        }
    }

    private static async Task<IReadOnlyList<string>> PlayAsync(
        SimulatedWorld world, BlobContainerClient incoming, FaultInjectingTransport faults, string name, StorageFault? fault, int at)
    {
        var model = ModelName.Parse(name);
        faults.Reset();
        await DriveAsync(world, incoming, model, First);
        faults.Reset();
        if (fault is { } kind)
        {
            faults.Arm(kind, at);
        }

        var state = await DriveAsync(world, incoming, model, Second);
        var calls = faults.Calls;
        faults.Reset();
        await CheckAsync(world, incoming, model, state, fault is null ? "without a fault" : $"{fault} at call {at} ({calls[Math.Min(at, calls.Count) - 1]})");
        return calls;
    }

    // What the embedded host does: sweep, advance, run, wait; after a failure go on from what is stored.
    private static async Task<ReleaseState> DriveAsync(SimulatedWorld world, BlobContainerClient incoming, ModelName model, VersionName version)
    {
        await incoming.GetBlobClient($"{model}/{version}.onnx").UploadAsync(BinaryData.FromString($"bytes of {model} {version}"), overwrite: true, Cancel);
        var id = new ReleaseId(model, version, 1);
        for (var i = 0; i < 50; i++)
        {
            try
            {
                if ((await world.Get<IncomingSweep>().SweepAsync(Cancel)).Contains(id) || await world.Get<IReleaseStore>().LoadAsync(id, Cancel) is not null)
                {
                    break;
                }
            }
            catch (Exception e) when (IsStorage(e))
            {
                // The next sweep tries again.
            }

            world.Time.Advance(TimeSpan.FromSeconds(20));
        }

        for (var i = 0; i < 50; i++)
        {
            try
            {
                var state = await world.RunAsync(id);
                return state;
            }
            catch (Exception e) when (IsStorage(e))
            {
                // The driver backs off and loads what is stored.
                world.Time.Advance(TimeSpan.FromMilliseconds(400));
            }
        }

        throw new InvalidOperationException($"{id} did not end.");
    }

    private static bool IsStorage(Exception e) => e is Azure.RequestFailedException or IOException or AggregateException or OperationCanceledException
        || e.InnerException is Azure.RequestFailedException or IOException;

    private static async Task CheckAsync(SimulatedWorld world, BlobContainerClient incoming, ModelName model, ReleaseState state, string when)
    {
        var events = await world.Get<IReleaseStore>().ReadEventsAsync(state.Id, 0, Cancel).ToListAsync(Cancel);
        Assert.True(state.Outcome == Outcome.Stable, $"{when}: {state.Outcome}, {state.Failure?.Reason}");
        Assert.True(ReleaseEvents.Verify(events, state) is null, $"{when}: {ReleaseEvents.Verify(events, state)}");
        Assert.Equal(2, events.Count(e => e.Kind == "trafficShifted"));
        Assert.Single(events, e => e.Kind == "promoted");
        Assert.Single(events, e => e.Kind == "ended");

        // First version, two steps, promotion: four generations, none skipped, none made twice.
        var history = await world.Get<IRouteStore>().ReadHistoryAsync(model, Cancel).ToListAsync(Cancel);
        Assert.True(history.Select(r => r.Generation).SequenceEqual([4, 3, 2, 1]), $"{when}: generations {string.Join(',', history.Select(r => r.Generation))}");
        Assert.Equal(4, history.Select(r => r.Cause).Distinct(StringComparer.Ordinal).Count());
        Assert.Equal(Second, history[0].Stable);

        var second = await world.Get<IVersionCatalog>().GetAsync(model, Second, Cancel);
        Assert.True(second?.FirstStableAt is not null, $"{when}: not written down as stable");
        Assert.NotNull((await world.Get<IVersionCatalog>().GetAsync(model, First, Cancel))!.LastStableAt);
        Assert.Null(await world.Get<IRampTurns>().GetAsync(model, Cancel));
        Assert.True(await incoming.GetBlobsAsync(cancellationToken: Cancel).CountAsync(Cancel) == 0, $"{when}: something is left in incoming");
        Assert.DoesNotContain(state.Id, await world.Get<IReleaseIndex>().ListRunningAsync(Cancel).ToListAsync(Cancel));
    }
}
