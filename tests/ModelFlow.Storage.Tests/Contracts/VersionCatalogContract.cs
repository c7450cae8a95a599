using ModelFlow.Core.Catalog;
using ModelFlow.Core.Manifests;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Testing;

namespace ModelFlow.Storage.Tests.Contracts;

/// <summary>What every version catalogue must do.</summary>
public abstract class VersionCatalogContract
{
    protected ModelName Model { get; } = ModelName.Parse(Unique.Label("digits"));

    protected abstract IVersionCatalog Catalog { get; }

    protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Version_that_was_added_comes_back()
    {
        var version = Samples.Version(Model, VersionName.Parse("v1.0.0-Base")) with { Uploader = "Jürgen" };

        Assert.IsType<AddVersion.Added>(await Catalog.AddAsync(version, Cancel));

        Same.Json(version, await Catalog.GetAsync(Model, version.Version, Cancel));
        Assert.Contains(Model, await Catalog.ListModelsAsync(Cancel).ToListAsync(Cancel));
    }

    [Theory]
    [InlineData("v1.0.0-Base")]
    [InlineData("v1.0.0-base")]
    public async Task Version_of_the_same_name_in_any_case_is_refused(string second)
    {
        var first = await AddAsync("v1.0.0-Base");

        var refused = Assert.IsType<AddVersion.AlreadyExists>(await Catalog.AddAsync(Samples.Version(Model, VersionName.Parse(second)) with { Uploader = "mallory" }, Cancel));

        Same.Json(first, refused.Existing);
        Same.Json(first, await Catalog.GetAsync(Model, first.Version, Cancel));
    }

    [Fact]
    public async Task Get_asks_for_the_name_as_written()
    {
        await AddAsync("v1.0.0-Base");

        Assert.Null(await Catalog.GetAsync(Model, VersionName.Parse("v1.0.0-base"), Cancel));
        Assert.Null(await Catalog.UpdateAsync(Model, VersionName.Parse("v1.0.0-base"), v => v with { Pinned = true }, Cancel));
    }

    [Fact]
    public async Task Racing_adds_let_exactly_one_in()
    {
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 12).Select(i =>
            Catalog.AddAsync(Samples.Version(Model, VersionName.Parse("v1.0.0")) with { Uploader = $"writer{i}" }, Cancel)));

        Assert.Single(outcomes.OfType<AddVersion.Added>());
        var stored = (await Catalog.GetAsync(Model, VersionName.Parse("v1.0.0"), Cancel))!.Uploader;
        Assert.All(outcomes.OfType<AddVersion.AlreadyExists>(), o => Assert.Equal(stored, o.Existing.Uploader));
    }

    [Fact]
    public async Task Update_changes_what_may_change()
    {
        var version = await AddAsync("v1.0.0");

        var updated = await Catalog.UpdateAsync(Model, version.Version, v => v with { Pinned = true, Tier = StorageTier.Cold, Revoked = new Revocation("bob", Samples.Now, "wrong") }, Cancel);

        Assert.True(updated!.Pinned);
        Same.Json(updated, await Catalog.GetAsync(Model, version.Version, Cancel));
    }

    [Fact]
    public async Task Update_by_racing_writers_loses_nothing()
    {
        var version = await AddAsync("v1.0.0");

        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ =>
            Catalog.UpdateAsync(Model, version.Version, v => v with { FirstStableAt = (v.FirstStableAt ?? Samples.Now).AddMinutes(1) }, Cancel)));

        Assert.Equal(Samples.Now.AddMinutes(8), (await Catalog.GetAsync(Model, version.Version, Cancel))!.FirstStableAt);
    }

    [Fact]
    public async Task Update_of_what_is_fixed_is_a_bug()
    {
        var version = await AddAsync("v1.0.0");

        await Assert.ThrowsAsync<InvalidOperationException>(() => Catalog.UpdateAsync(Model, version.Version, v => v with { Uploader = "mallory" }, Cancel));
        await Assert.ThrowsAsync<InvalidOperationException>(() => Catalog.UpdateAsync(Model, version.Version, v => v with { Digest = Sha256Digest.Of("other") }, Cancel));
        await Assert.ThrowsAsync<InvalidOperationException>(() => Catalog.UpdateAsync(Model, version.Version, v => v with { Manifest = v.Manifest with { Owner = "mallory" } }, Cancel));

        Same.Json(version, await Catalog.GetAsync(Model, version.Version, Cancel));
    }

    [Fact]
    public async Task List_is_highest_first()
    {
        string[] names = ["v1.0.0", "v1.0.0-a", "v1.0.0-B", "v1.0.0-a.b", "v1.0.0-ab", "v1.2.0", "v1.10.0", "v2.0.0-x", "v10.0.0", "v9.99.999", "v0.0.0", "v1.0.10-1", "v1.0.9-zz"];
        foreach (var name in names)
        {
            await AddAsync(name);
        }

        var expected = names.Select(VersionName.Parse).OrderDescending().Select(v => v.Value);

        Assert.Equal(expected, await Catalog.ListAsync(Model, Cancel).Select(v => v.Version.Value).ToListAsync(Cancel));
    }

    [Fact]
    public async Task List_is_of_one_model()
    {
        await AddAsync("v1.0.0");

        Assert.Empty(await Catalog.ListAsync(ModelName.Parse(Unique.Label("other")), Cancel).ToListAsync(Cancel));
    }

    [Fact]
    public async Task Manifest_of_five_thousand_files_is_kept()
    {
        var files = Enumerable.Range(0, 5_000).Select(i => new ManifestFile($"weights/model-{i:D5}-of-05000.safetensors", i, Sha256Digest.Of($"{i}"))).ToList();
        var version = Samples.Version(Model, VersionName.Parse("v1.0.0"));
        version = version with { Manifest = version.Manifest with { Files = files } };

        Assert.IsType<AddVersion.Added>(await Catalog.AddAsync(version, Cancel));

        Same.Json(version, await Catalog.GetAsync(Model, version.Version, Cancel));
    }

    private async Task<VersionRecord> AddAsync(string name)
    {
        var version = Samples.Version(Model, VersionName.Parse(name));
        Assert.IsType<AddVersion.Added>(await Catalog.AddAsync(version, Cancel));
        return version;
    }
}
