using System.Collections.Concurrent;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;
using ModelFlow.Orchestration;
using ModelFlow.Orchestration.Intake;
using ModelFlow.Orchestration.Notifications;
using ModelFlow.Orchestration.Operations;

namespace ModelFlow.Testing.World;

/// <summary>
/// Releases in virtual time: the real engine and commands on whatever stores the caller adds, with a simulated evaluator, model
/// server and gateway around them.
/// </summary>
public sealed class SimulatedWorld : IAsyncDisposable, IDoorbell
{
    public const string Policy = """
        schema: modelflow/policy/v1
        smoke:
          dataset: { path: digits/golden.jsonl, sha256: 0000000000000000000000000000000000000000000000000000000000000001 }
        evaluation:
          dataset: { path: digits/eval.jsonl, sha256: 0000000000000000000000000000000000000000000000000000000000000002 }
          gates: { minAccuracy: 0.8 }
        approval: { required: 1, expiresAfter: 1h }
        ramp:
          steps:
            - { weight: 5%, bake: 20s }
            - { weight: 25%, bake: 20s }
            - { weight: 50%, bake: 20s }
            - { weight: 100%, bake: 20s }
          lookEvery: 5s
          lease: 30s
          extendUpTo: 1m
        guardrails: { errorRateIncrease: 0.05, latencyP95Ratio: 2, minRequests: 50 }
        """;

    private readonly ConcurrentDictionary<VersionName, VersionBehaviour> _behaviours = new();
    private readonly ServiceProvider _services;

    public SimulatedWorld(Action<IServiceCollection> addStores)
    {
        ArgumentNullException.ThrowIfNull(addStores);
        Time = new FakeTimeProvider(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));
        VersionBehaviour Behaviour(VersionName version) => _behaviours.GetValueOrDefault(version) ?? new VersionBehaviour();
        Gateway = new SimulatedGateway(Behaviour, Time);
        Evaluator = new SimulatedEvaluator(Behaviour);
        var services = new ServiceCollection();
        services.AddSingleton<TimeProvider>(Time);
        services.AddSingleton<IDoorbell>(this);
        services.AddSingleton<IEvaluationRunner>(Evaluator);
        var server = new SimulatedModelServer(Behaviour);
        services.AddSingleton<IModelServer>(server);
        services.AddSingleton<IModelWarmUp>(server);
        services.AddSingleton<ITrafficRouter>(Gateway);
        services.AddSingleton<ITrafficWindows>(Gateway);
        services.AddSingleton(typeof(ILogger<>), typeof(NullLogger<>));
        services.AddSingleton<ISecretProtector, InMemory.PlainProtector>();
        services.AddSingleton(new NotificationSource(new Uri("https://modelflow.example.com/")));
        addStores(services);
        services.AddModelFlowOrchestration();
        _services = services.BuildServiceProvider();
    }

    public FakeTimeProvider Time { get; }

    public SimulatedGateway Gateway { get; }

    public SimulatedEvaluator Evaluator { get; }

    public ReleaseEngine Engine => Get<ReleaseEngine>();

    public T Get<T>()
        where T : notnull => _services.GetRequiredService<T>();

    public void Behave(string version, VersionBehaviour behaviour) => _behaviours[VersionName.Parse(version)] = behaviour;

    public async Task SetPolicyAsync(string yaml = Policy) => await Get<IPolicyStore>().SetAsync(null, yaml, CancellationToken.None);

    /// <summary>Puts a single-file upload where a person would, and takes it in.</summary>
    public async Task<ReleaseId?> UploadAsync(Func<string, ReadOnlyMemory<byte>, Task> put, string model, string version, string content = "model bytes")
    {
        ArgumentNullException.ThrowIfNull(put);
        await put($"{model}/{version}.onnx", Encoding.UTF8.GetBytes($"{content} of {version}"));
        var started = await Get<IncomingSweep>().SweepAsync(CancellationToken.None);
        return started.Count == 0 ? null : started.Single();
    }

    /// <summary>Sends a signal as a person.</summary>
    public Task<AddSignal> SignalAsync(ReleaseId id, SignalKind kind, string by = "bo", string? comment = null) => Get<ReleaseSignals>().SendAsync(
        id,
        new Signal { Id = $"{kind}-{by.Replace(':', '.')}-{Time.GetUtcNow().Ticks}", Kind = kind, By = by, At = Time.GetUtcNow(), Comment = comment },
        CancellationToken.None);

    /// <summary>
    /// Drives a release, moving the clock to whatever it waits for, until it ends or <paramref name="until"/> holds after a decision.
    /// Two approvers approve as soon as they are waited for, unless <paramref name="approve"/> is false.
    /// </summary>
    public async Task<ReleaseState> RunAsync(ReleaseId id, Func<ReleaseState, bool>? until = null, bool approve = true)
    {
        Advanced? finished = null;
        for (var i = 0; i < 2_000; i++)
        {
            var advanced = finished ?? await Engine.AdvanceAsync(id, CancellationToken.None) ?? throw new InvalidOperationException($"No release {id}.");
            finished = null;
            var state = advanced.Snapshot.State;
            if (advanced.Next is NextStep.End || until?.Invoke(state) == true)
            {
                return state;
            }

            switch (advanced.Next)
            {
                case NextStep.Run:
                    finished = await Engine.FinishAsync(advanced.Snapshot, await ExecuteAsync(advanced.Snapshot), CancellationToken.None);
                    break;
                case NextStep.WaitUntil when approve && state.Stage is Stage.AwaitingApproval && state.Approvals.Count < 2:
                    await SignalAsync(id, SignalKind.Approve, "bo");
                    await SignalAsync(id, SignalKind.Approve, "cy");
                    break;
                case NextStep.WaitUntil wait:
                    Time.Advance(wait.Due - Time.GetUtcNow());
                    break;
            }
        }

        throw new InvalidOperationException($"Release {id} did not come to an end.");
    }

    /// <summary>Runs the pending command to its end; what goes on elsewhere is looked at again when it asks to be.</summary>
    public async Task<CommandResult> ExecuteAsync(ReleaseSnapshot snapshot)
    {
        while (true)
        {
            switch (await Engine.ExecuteAsync(snapshot, CancellationToken.None))
            {
                case CommandRun.Done done:
                    return done.Result;
                case CommandRun.NotYet notYet:
                    Time.Advance(notYet.LookAgainAfter);
                    break;
            }
        }
    }

    public void Ring(ReleaseId id)
    {
        // Nobody sleeps here: the next advance finds what was stored.
    }

    public ValueTask DisposeAsync() => _services.DisposeAsync();
}
