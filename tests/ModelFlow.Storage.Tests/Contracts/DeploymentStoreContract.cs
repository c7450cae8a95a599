using ModelFlow.Core.Catalog;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Testing;

namespace ModelFlow.Storage.Tests.Contracts;

/// <summary>What every deployment store must do.</summary>
public abstract class DeploymentStoreContract
{
    private static readonly VersionName Version = VersionName.Parse("v1.0.0-base");

    protected ModelName Model { get; } = ModelName.Parse(Unique.Label("digits"));

    protected abstract IDeploymentStore Store { get; }

    protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Version_that_never_was_deployed_has_none() => Assert.Null(await Store.GetAsync(Model, Version, Cancel));

    [Fact]
    public async Task First_update_sees_nothing_and_inserts()
    {
        Deployment? seen = New(Version);
        var stored = await Store.UpdateAsync(Model, Version, d =>
        {
            seen = d;
            return New(Version);
        }, Cancel);

        Assert.Null(seen);
        Same.Json(New(Version), stored);
        Same.Json(New(Version), await Store.GetAsync(Model, Version, Cancel));
    }

    [Fact]
    public async Task Null_writes_nothing_and_returns_what_is_stored()
    {
        Assert.Null(await Store.UpdateAsync(Model, Version, _ => null, Cancel));
        Assert.Null(await Store.GetAsync(Model, Version, Cancel));

        await Store.UpdateAsync(Model, Version, _ => New(Version), Cancel);

        Same.Json(New(Version), await Store.UpdateAsync(Model, Version, _ => null, Cancel));
    }

    [Fact]
    public async Task Racing_updates_lose_nothing()
    {
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Store.UpdateAsync(Model, Version, d =>
            (d ?? New(Version) with { LoadTime = TimeSpan.Zero }) is var current ? current with { LoadTime = current.LoadTime + TimeSpan.FromSeconds(1) } : null, Cancel)));

        Assert.Equal(TimeSpan.FromSeconds(8), (await Store.GetAsync(Model, Version, Cancel))!.LoadTime);
    }

    [Fact]
    public async Task Deployment_of_another_version_is_a_bug() =>
        await Assert.ThrowsAsync<InvalidOperationException>(() => Store.UpdateAsync(Model, Version, _ => New(VersionName.Parse("v2.0.0")), Cancel));

    [Fact]
    public async Task Lists_have_the_model_and_all_models()
    {
        var other = ModelName.Parse(Unique.Label("austen"));
        var second = VersionName.Parse("v1.10.0");
        await Store.UpdateAsync(Model, Version, _ => New(Version), Cancel);
        await Store.UpdateAsync(Model, second, _ => New(second), Cancel);
        await Store.UpdateAsync(other, Version, _ => New(Version) with { Model = other }, Cancel);

        Assert.Equal([second, Version], await Store.ListAsync(Model, Cancel).Select(d => d.Version).ToListAsync(Cancel));
        var all = await Store.ListAllAsync(Cancel).Select(d => (d.Model, d.Version)).ToListAsync(Cancel);
        Assert.Contains((Model, Version), all);
        Assert.Contains((other, Version), all);
    }

    private Deployment New(VersionName version) => new()
    {
        Model = Model,
        Version = version,
        InstanceOf = VersionName.Parse("v0.9.0"),
        Endpoints = [new Uri("http://127.0.0.1:8000/")],
        LoadedAt = Samples.Now,
        LoadTime = TimeSpan.FromSeconds(2),
        Loaded = true,
    };
}
