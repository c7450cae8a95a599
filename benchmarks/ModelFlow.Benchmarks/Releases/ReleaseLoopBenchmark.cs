using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging.Abstractions;
using ModelFlow.Benchmarks.Reporting;
using ModelFlow.Core.Catalog;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;
using ModelFlow.Core.Traffic;
using ModelFlow.Orchestration;
using ModelFlow.Orchestration.Notifications;
using ModelFlow.Orchestration.Operations;
using ModelFlow.Storage;
using ModelFlow.Testing.Azurite;
using ModelFlow.Testing.Faults;
using ModelFlow.Testing.InMemory;
using ModelFlow.Testing.World;
using DomainSamples = ModelFlow.Testing.Samples;
using Samples = ModelFlow.Benchmarks.Reporting.Samples;

namespace ModelFlow.Benchmarks.Releases;

/// <summary>
/// A thousand releases, each of a dozen commands, a timer and an approval, by the real engine and driver on the real release store in
/// Azurite. What the commands do to the world is simulated and instant, so that the loop alone is measured.
/// </summary>
internal sealed class ReleaseLoopBenchmark : IBenchmark
{
    private const int ReleasesPerRound = 1_000;
    private const double DurableOrchestrationsPerMinute = 430;

    private const string Policy = """
        schema: modelflow/policy/v1
        smoke:
          dataset: { path: digits/golden.jsonl, sha256: 0000000000000000000000000000000000000000000000000000000000000001 }
        evaluation:
          dataset: { path: digits/eval.jsonl, sha256: 0000000000000000000000000000000000000000000000000000000000000002 }
          gates: { minAccuracy: 0.8 }
        approval: { required: 1, expiresAfter: 1h }
        ramp:
          steps: [ { weight: 50%, bake: 1s }, { weight: 100%, bake: 1s } ]
          lookEvery: 1s
          lease: 30s
        guardrails: { errorRateIncrease: 0.05, latencyP95Ratio: 2, minRequests: 50 }
        """;

    private static readonly VersionName Stable = VersionName.Parse("v1.0.0-base");
    private static readonly VersionName Candidate = VersionName.Parse("v1.1.0-next");

    public IReadOnlyList<string> Needs { get; } = [];

    public async Task RunAsync(Report report, int? rounds, CancellationToken cancellationToken)
    {
        var (perMinute, requests) = (new List<double>(), new List<double>());
        var commands = 0;
        await RoundAsync(50, cancellationToken); // Warms up the runtime's compiler.
        for (var i = 0; i < (rounds ?? 3); i++)
        {
            var round = await RoundAsync(ReleasesPerRound, cancellationToken);
            perMinute.Add(ReleasesPerRound / round.Took.TotalMinutes);
            requests.Add((double)round.Requests / ReleasesPerRound);
            commands = round.Commands;
        }

        report.CompareWithFigure(
            $"release loop: releases a minute ({ReleasesPerRound} at once, {commands} commands each)", new Samples(perMinute), "Durable Functions, measured elsewhere", DurableOrchestrationsPerMinute, "0", new Target(AtLeast: 3));
        report.CompareWithFigure("release loop: storage requests a release", new Samples(requests), "Durable Functions, measured elsewhere", 130, "0.0");
        report.Measure("release loop: storage requests a release", new Samples(requests).Show("0.0"), new Target(AtMost: 40), requests.Max());
    }

    private static async Task<(TimeSpan Took, int Requests, int Commands)> RoundAsync(int count, CancellationToken cancellationToken)
    {
        var folder = Directory.CreateTempSubdirectory("modelflow-bench-");
        try
        {
            await using var azurite = await AzuriteProcess.StartAsync(folder.FullName, cancellationToken);
            using var requests = new FaultInjectingTransport();
            using var bells = new Bells();
            await using var services = Compose(azurite.ConnectionString, requests, bells);
            await services.GetRequiredService<StorageSetup>().EnsureCreatedAsync(cancellationToken);
            await services.GetRequiredService<IPolicyStore>().SetAsync(null, Policy, cancellationToken);
            var models = Enumerable.Range(0, count).Select(i => ModelName.Parse($"model-{i}")).ToList();
            foreach (var model in models)
            {
                await PrepareAsync(services, model, cancellationToken);
            }

            requests.Reset();
            var clock = Stopwatch.StartNew();
            var ended = await Task.WhenAll(models.Select(m => Task.Run(() => ReleaseAsync(services, bells, m, cancellationToken), cancellationToken)));
            var (took, asked) = (clock.Elapsed, requests.CallCount);
            var commands = 0;
            foreach (var id in ended)
            {
                var state = (await services.GetRequiredService<IReleaseStore>().LoadAsync(id, cancellationToken))!.State;
                commands = state.CommandSeq;
                if (state.Outcome != Outcome.Stable)
                {
                    throw new InvalidOperationException($"{state.Id} ended {state.Outcome}: {state.Failure?.Reason}");
                }
            }

            return (took, asked, commands);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static ServiceProvider Compose(string storage, FaultInjectingTransport requests, Bells bells)
    {
        var time = TimeProvider.System;
        var traffic = new InstantTraffic(time);
        static VersionBehaviour Behaviour(VersionName version) => new();
        var services = new ServiceCollection();
        services.AddSingleton(time);
        services.AddSingleton(typeof(ILogger<>), typeof(NullLogger<>));
        services.AddSingleton<IDoorbell>(bells);
        services.AddSingleton<IEvaluationRunner>(new SimulatedEvaluator(Behaviour));
        var server = new SimulatedModelServer(Behaviour);
        services.AddSingleton<IModelServer>(server);
        services.AddSingleton<IModelWarmUp>(server);
        services.AddSingleton<ITrafficRouter>(traffic);
        services.AddModelFlowStorage(o =>
        {
            o.ConnectionString = storage;
            o.Transport = requests;
        });
        services.AddSingleton<ISecretProtector, PlainProtector>();
        services.AddSingleton(new NotificationSource(new Uri("http://127.0.0.1/")));
        services.AddModelFlowOrchestration();

        // What commands do to the world is instant; the releases, their events, signals, results and lists are the real thing.
        var world = new InMemoryStores();
        var stored = services.Last(s => s.ServiceType == typeof(IReleaseStore));
        var listed = services.Last(s => s.ServiceType == typeof(IReleaseIndex));
        world.AddTo(services);
        services.RemoveAll<IReleaseStore>();
        services.RemoveAll<IReleaseIndex>();
        services.AddSingleton(listed.ServiceType, listed.ImplementationType!);
        services.AddSingleton(s => new WatchedReleaseStore((IReleaseStore)ActivatorUtilities.CreateInstance(s, stored.ImplementationType!)));
        services.AddSingleton<IReleaseStore>(s => s.GetRequiredService<WatchedReleaseStore>());
        services.Replace(ServiceDescriptor.Singleton<ITrafficWindows>(traffic));
        return services.BuildServiceProvider();
    }

    private static async Task PrepareAsync(ServiceProvider services, ModelName model, CancellationToken cancellationToken)
    {
        var catalog = services.GetRequiredService<IVersionCatalog>();
        var stable = DomainSamples.Version(model, Stable) with { Uploader = "ci", FirstStableAt = DomainSamples.Now };
        await catalog.AddAsync(stable, cancellationToken);
        await catalog.AddAsync(DomainSamples.Version(model, Candidate) with { Uploader = "ci" }, cancellationToken);
        await services.GetRequiredService<IRouteStore>().ChangeAsync(null, DomainSamples.Route(model, 1, Stable.Value), leaseUntil: null, cancellationToken);
        var server = services.GetRequiredService<IModelServer>();
        await server.LoadAsync(stable, cancellationToken);
    }

    private static async Task<ReleaseId> ReleaseAsync(ServiceProvider services, Bells bells, ModelName model, CancellationToken cancellationToken)
    {
        var store = services.GetRequiredService<WatchedReleaseStore>();
        var started = await services.GetRequiredService<StartRelease>().StartAsync(model, Candidate, "ci", cancellationToken);
        var id = ((StartedRelease.Started)started).Id;
        var driving = services.GetRequiredService<ReleaseDriver>().DriveAsync(id, bells.Of(id), () => true, cancellationToken);
        await store.AwaitsApproval(id).WaitAsync(cancellationToken);
        var approval = new Signal { Id = "approval", Kind = SignalKind.Approve, By = "release-manager", At = DateTimeOffset.UtcNow };
        await services.GetRequiredService<ReleaseSignals>().SendAsync(id, approval, cancellationToken);
        await driving;
        return id;
    }

    private sealed class Bells : IDoorbell, IDisposable
    {
        private readonly ConcurrentDictionary<ReleaseId, Bell> _bells = new();

        public Bell Of(ReleaseId id) => _bells.GetOrAdd(id, _ => new Bell());

        public void Ring(ReleaseId id) => Of(id).Ring();

        public void Dispose()
        {
            foreach (var bell in _bells.Values)
            {
                bell.Dispose();
            }
        }
    }
}
