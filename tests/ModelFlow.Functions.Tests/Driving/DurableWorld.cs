using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.DurableTask.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;
using ModelFlow.Functions.Composition;
using ModelFlow.Functions.Driving;
using ModelFlow.Orchestration;
using ModelFlow.Testing.World;

namespace ModelFlow.Functions.Tests.Driving;

/// <summary>
/// A simulated world that is driven by the real orchestrator and activities on the in-process Durable host. Waits take no time: an orchestration
/// sleeps for a few milliseconds, and the world's clock jumps to what it waited for, unless a test holds it there.
/// </summary>
internal sealed class DurableWorld : IAsyncDisposable
{
    public static readonly DriverPace Pace = new()
    {
        Slice = TimeSpan.FromMinutes(10),
        Attempts = 3,
        FirstRetry = TimeSpan.FromMilliseconds(5),
        LongestRetry = TimeSpan.FromMilliseconds(20),
        FirstBackoff = TimeSpan.FromMilliseconds(10),
        LongestBackoff = TimeSpan.FromMilliseconds(40),
    };

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Nap = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan Forever = TimeSpan.FromHours(5);

    private readonly InMemoryStores _stores = new();
    private readonly ReleaseActivities _activities;
    private readonly ConcurrentDictionary<string, (DateTimeOffset Due, long Since)> _naps = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private DurableTaskTestHost _host = null!; // Set before StartAsync returns.
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _faults;

    // The in-process host logs every call to the console unless it is told otherwise, which only the environment can.
    static DurableWorld() => Environment.SetEnvironmentVariable("Logging__LogLevel__Default", "None");

    private DurableWorld()
    {
        World = new SimulatedWorld(_stores.AddTo);
        _activities = new ReleaseActivities(World.Engine, World.Get<IReleaseStore>(), World.Get<PolicyCache>(), World.Time, NullLogger<ReleaseActivities>.Instance);
        Doorbell = NewDoorbell();
        Watchdog = NewWatchdog(World.Time);
    }

    public SimulatedWorld World { get; }

    public DurableDoorbell Doorbell { get; }

    public Watchdog Watchdog { get; }

    public DurableTaskClient Client => _host.Client;

    /// <summary>Where releases stay until they are rung for: by default where people decide.</summary>
    public Func<ReleaseState, bool> Hold { get; set; } = s => s.Stage is Stage.AwaitingApproval;

    /// <summary>Awaited before each command is run.</summary>
    public Func<ReleaseState, Task> BeforeCommand { get; set; } = _ => Task.CompletedTask;

    /// <summary>Changes what the decisions say, as a later deployment may.</summary>
    public Func<DriverStep, DriverStep> Redecide { get; set; } = s => s;

    /// <summary>How often each activity was called.</summary>
    public ConcurrentDictionary<string, int> Calls { get; } = new(StringComparer.Ordinal);

    public static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static async Task<DurableWorld> StartAsync()
    {
        var world = new DurableWorld();
        await world.World.SetPolicyAsync();
        world._host = await DurableTaskTestHost.StartAsync(
            tasks =>
            {
                tasks.AddOrchestratorFunc<DriverInput?>(ReleaseOrchestrator.Name, (context, input) => ReleaseOrchestrator.RunAsync(context, input));
                tasks.AddActivityFunc<string, DriverStep>(ReleaseActivities.Advance, (_, release) => world.AdvanceAsync(release));
                tasks.AddActivityFunc<CommandToRun, CommandLook>(ReleaseActivities.Run, (_, command) => world.RunAsync(command));
            },
            new DurableTaskTestHostOptions { Port = FreePort() },
            Cancel);
        return world;
    }

    public DurableDoorbell NewDoorbell() => new(Options.Create(new DrivingOptions()), NullLogger<DurableDoorbell>.Instance);

    public Watchdog NewWatchdog(TimeProvider time) => new(
        World.Get<IReleaseIndex>(), World.Get<IReleaseStore>(), Doorbell, Options.Create(new AzureHostOptions()), time, NullLogger<Watchdog>.Instance);

    /// <summary>The next calls of activities fail.</summary>
    public void Fail(int times) => Interlocked.Exchange(ref _faults, times);

    public async Task<ReleaseId> UploadAsync(string version) =>
        await World.UploadAsync(_stores.PutIncomingAsync, "digits", version) ?? throw new InvalidOperationException($"{version} was not taken in.");

    /// <summary>Starts a release's orchestration as the doorbell does, at a test's pace.</summary>
    public Task DriveAsync(ReleaseId id, DriverPace? pace = null) => Client.ScheduleNewOrchestrationInstanceAsync(
        ReleaseOrchestrator.Name, new DriverInput { Pace = pace ?? Pace }, new StartOrchestrationOptions(id.ToString()), Cancel);

    public async Task RingAsync(ReleaseId id)
    {
        Doorbell.Ring(id);
        await Doorbell.DeliverAsync(Client, Cancel);
    }

    public async Task SendAsync(ReleaseId id, SignalKind kind, string by = "operator-1", bool ring = true)
    {
        Assert.IsType<AddSignal.Added>(await World.SignalAsync(id, kind, by));
        if (ring)
        {
            await RingAsync(id);
        }
    }

    public async Task ApproveAsync(ReleaseId id, bool ring = true)
    {
        await UntilAsync(id, s => s.Stage is Stage.AwaitingApproval);
        await SendAsync(id, SignalKind.Approve, "approver-1", ring: false);
        await SendAsync(id, SignalKind.Approve, "approver-2", ring);
    }

    /// <summary>Uploads and releases a version the whole way.</summary>
    public async Task<ReleaseState> ReleaseAsync(string version, DriverPace? pace = null)
    {
        var id = await UploadAsync(version);
        await DriveAsync(id, pace);
        await ApproveAsync(id);
        return await EndAsync(id);
    }

    /// <summary>Waits for the orchestration's end, which must be a good one, and checks the release's chain of events.</summary>
    public async Task<ReleaseState> EndAsync(ReleaseId id)
    {
        using var limit = Limit();
        var instance = await Client.WaitForInstanceCompletionAsync(id.ToString(), getInputsAndOutputs: true, limit.Token);
        Assert.True(instance.RuntimeStatus == OrchestrationRuntimeStatus.Completed, $"{instance.RuntimeStatus}: {instance.FailureDetails}");
        var state = await StateAsync(id);
        var events = await World.Get<IReleaseStore>().ReadEventsAsync(id, 0, Cancel).ToListAsync(Cancel);
        Assert.Null(ReleaseEvents.Verify(events, state));
        return state;
    }

    public async Task<ReleaseState> UntilAsync(ReleaseId id, Func<ReleaseState, bool> condition)
    {
        using var limit = Limit();
        while (true)
        {
            Task changed;
            lock (_gate)
            {
                changed = _changed.Task;
            }

            var state = await StateAsync(id);
            if (condition(state))
            {
                return state;
            }

            await changed.WaitAsync(limit.Token);
        }
    }

    public async Task<ReleaseState> StateAsync(ReleaseId id) => (await World.Get<IReleaseStore>().LoadAsync(id, Cancel))!.State;

    public async Task<OrchestrationMetadata> InstanceAsync(ReleaseId id) => (await Client.GetInstanceAsync(id.ToString(), getInputsAndOutputs: true, Cancel))!;

    public async ValueTask DisposeAsync()
    {
        await _host.DisposeAsync();
        await World.DisposeAsync();
    }

    private static CancellationTokenSource Limit()
    {
        var limit = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        limit.CancelAfter(Patience);
        return limit;
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private async Task<DriverStep> AdvanceAsync(string release)
    {
        Begin(ReleaseActivities.Advance, release);
        try
        {
            var step = Redecide(await _activities.AdvanceAsync(release, CancellationToken.None));
            if (step.Kind != StepKind.Wait)
            {
                return step;
            }

            return Hold(await StateAsync(ReleaseId.Parse(release))) ? step with { Wait = Forever } : step with { Wait = NapUntil(release, step.Wait) };
        }
        finally
        {
            Changed();
        }
    }

    private async Task<CommandLook> RunAsync(CommandToRun command)
    {
        Begin(ReleaseActivities.Run, command.Release);
        try
        {
            var state = await StateAsync(ReleaseId.Parse(command.Release));
            await BeforeCommand(state);
            var look = await _activities.RunAsync(command, CancellationToken.None);
            return look.LookAgainAfter is not { } after ? look : look with { LookAgainAfter = Hold(state) ? Forever : NapUntil(command.Release, after) };
        }
        finally
        {
            Changed();
        }
    }

    private TimeSpan NapUntil(string release, TimeSpan wait)
    {
        _naps[release] = (World.Time.GetUtcNow() + wait, Stopwatch.GetTimestamp());
        return Nap;
    }

    // Whoever comes back after the nap has slept it: then it is as late as it waited for.
    private void Begin(string activity, string release)
    {
        Calls.AddOrUpdate(activity, 1, (_, n) => n + 1);
        if (Interlocked.Decrement(ref _faults) >= 0)
        {
            throw new IOException("Simulated: the storage is away.");
        }

        if (_naps.TryRemove(release, out var nap) && Stopwatch.GetElapsedTime(nap.Since) >= Nap && nap.Due - World.Time.GetUtcNow() is var left && left > TimeSpan.Zero)
        {
            World.Time.Advance(left);
        }
    }

    private void Changed()
    {
        TaskCompletionSource changed;
        lock (_gate)
        {
            (changed, _changed) = (_changed, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        }

        changed.SetResult();
    }
}
