using System.Collections.Concurrent;
using ModelFlow.Core.Catalog;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;

namespace ModelFlow.Testing.World;

/// <summary>A model server that loads at once.</summary>
public sealed class SimulatedModelServer(Func<VersionName, VersionBehaviour> behaviour) : IModelServer, IModelWarmUp
{
    private static readonly Uri Endpoint = new("http://127.0.0.1:7490/");
    private readonly ConcurrentDictionary<(ModelName, VersionName), bool> _loaded = new();

    public Task<LoadModel> LoadAsync(VersionRecord version, VersionName instance, CancellationToken cancellationToken)
    {
        if (behaviour(instance).LoadRefusal is { } reason)
        {
            return Task.FromResult<LoadModel>(new LoadModel.Refused(reason));
        }

        _loaded[(version.Model, instance)] = true;
        return Task.FromResult<LoadModel>(new LoadModel.Ready([Endpoint], TimeSpan.FromMilliseconds(20)));
    }

    public Task<WarmUpModel> WarmUpAsync(VersionRecord version, IReadOnlyList<Uri> replicas, WarmUpPlan plan, CancellationToken cancellationToken) => Task.FromResult<WarmUpModel>(
        behaviour(plan.Instance ?? version.Version).WarmUpFailure is { } reason ? new WarmUpModel.Failed(reason) : new WarmUpModel.Warm(plan.Requests, $"rows of {plan.Rows.Path}", TimeSpan.FromMilliseconds(80), TimeSpan.FromMilliseconds(5)));

    public Task UnloadAsync(ModelName model, VersionName version, CancellationToken cancellationToken)
    {
        _loaded.TryRemove((model, version), out _);
        return Task.CompletedTask;
    }

    public Task<IReadOnlyList<ServedVersion>> ListAsync(CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<ServedVersion>>([.. _loaded.Keys.Select(k => new ServedVersion(k.Item1, k.Item2, Endpoint))]);
}
