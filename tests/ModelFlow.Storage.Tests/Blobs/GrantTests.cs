using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using Microsoft.Extensions.DependencyInjection;
using ModelFlow.Core.Manifests;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Storage.Tests.Azurite;
using ModelFlow.Storage.Tests.Contracts;
using ModelFlow.Testing.Azurite;
using ModelFlow.Testing.Faults;

namespace ModelFlow.Storage.Tests.Blobs;

/// <summary>Grants as their holders use them: with the address alone.</summary>
public sealed class GrantTests(AzuriteFixture azurite)
{
    private static readonly VersionName Version = VersionName.Parse("v1.0.0");

    private readonly ModelName _model = ModelName.Parse(Unique.Label("digits"));

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Upload_grant_lets_its_holder_put_blocks_see_them_and_nothing_else()
    {
        var uploads = (await StorageHarness.ProviderAsync(azurite)).GetRequiredService<IUploadStore>();
        var addresses = await uploads.GrantUploadAsync(_model, Version, ["weights/größe #1?.bin"], "alice", TimeSpan.FromMinutes(5), Cancel);
        await new BlobClient(addresses.Files[0]).UploadAsync(BinaryData.FromString("bytes"), Cancel);
        var blob = new BlockBlobClient(addresses.Manifest);
        var id = Convert.ToBase64String(new byte[8]);

        await blob.StageBlockAsync(id, new MemoryStream("{}"u8.ToArray()), cancellationToken: Cancel);
        Assert.Single((await blob.GetBlockListAsync(BlockListTypes.Uncommitted, cancellationToken: Cancel)).Value.UncommittedBlocks);
        await blob.CommitBlockListAsync([id], cancellationToken: Cancel);

        Assert.Contains(await uploads.ListCompleteAsync(Cancel).ToListAsync(Cancel), u => u.Model == _model.Value);
        await RefusedAsync(() => blob.DeleteAsync(cancellationToken: Cancel));
        await RefusedAsync(async () => await At(addresses.Manifest, $"{_model}/{Version}/").GetParentBlobContainerClient().GetBlobsAsync(cancellationToken: Cancel).FirstOrDefaultAsync(Cancel));
    }

    [Theory]
    [InlineData("{model}/v1.0.0/model.onnx.data")]
    [InlineData("{model}/v1.0.0/manifest.json")]
    [InlineData("{model}/v1.0.0/model.onnx/more")]
    [InlineData("{model}/v1.0.0/Model.onnx")]
    [InlineData("{model}/v1.0.1/model.onnx")]
    [InlineData("{model}/v1.0.1.onnx")]
    [InlineData("other/v1.0.0/manifest.json")]
    public async Task Upload_grant_of_one_file_is_refused_for_every_other(string path)
    {
        var uploads = (await StorageHarness.ProviderAsync(azurite)).GetRequiredService<IUploadStore>();
        var granted = (await uploads.GrantUploadAsync(_model, Version, ["model.onnx"], "alice", TimeSpan.FromMinutes(5), Cancel)).Files[0];
        await new BlobClient(granted).UploadAsync(BinaryData.FromString("bytes"), Cancel);
        var other = At(granted, path.Replace("{model}", _model.Value, StringComparison.Ordinal));

        await RefusedAsync(() => other.UploadAsync(new MemoryStream("bytes"u8.ToArray()), cancellationToken: Cancel));
        await RefusedAsync(() => other.StageBlockAsync(Convert.ToBase64String(new byte[8]), new MemoryStream("bytes"u8.ToArray()), cancellationToken: Cancel));
        await RefusedAsync(() => other.DownloadContentAsync(Cancel));
    }

    [Fact]
    public async Task Grant_of_as_many_files_as_a_version_may_have_is_made_without_asking_the_storage()
    {
        await StorageHarness.ProviderAsync(azurite);
        using var calls = new FaultInjectingTransport();
        var uploads = StorageHarness.Build(azurite.ConnectionString, o => o.Transport = calls).GetRequiredService<IUploadStore>();
        await uploads.GrantUploadAsync(_model, Version, ["model.onnx"], "alice", TimeSpan.FromMinutes(5), Cancel);
        calls.Reset();

        var addresses = await uploads.GrantUploadAsync(
            _model, Version, [.. Enumerable.Range(0, ManifestReader.MaxFiles).Select(i => $"weights/part-{i:00000}.bin")], "alice", TimeSpan.FromMinutes(5), Cancel);

        // Who asked is read and written; nothing else.
        Assert.Equal(2, calls.CallCount);
        Assert.Equal(ManifestReader.MaxFiles, addresses.Files.Select(f => f.Query).Distinct(StringComparer.Ordinal).Count());
        await new BlobClient(addresses.Files[^1]).UploadAsync(BinaryData.FromString("bytes"), Cancel);
    }

    [Fact]
    public async Task Read_grant_is_for_one_blob()
    {
        var datasets = (await StorageHarness.ProviderAsync(azurite)).GetRequiredService<IDatasetStore>();
        await datasets.AddAsync($"{_model}/größe #1.csv", new MemoryStream("a"u8.ToArray()), Cancel);
        await datasets.AddAsync($"{_model}/b.csv", new MemoryStream("b"u8.ToArray()), Cancel);

        var address = (await datasets.GrantReadAsync($"{_model}/größe #1.csv", TimeSpan.FromMinutes(5), Cancel))!;

        using var http = new HttpClient();
        Assert.Equal("a", await http.GetStringAsync(address, Cancel));
        var other = new UriBuilder((await datasets.GrantReadAsync($"{_model}/b.csv", TimeSpan.FromMinutes(5), Cancel))!) { Query = address.Query };
        Assert.Equal(System.Net.HttpStatusCode.Forbidden, (await http.GetAsync(other.Uri, Cancel)).StatusCode);
        await RefusedAsync(() => new BlobClient(address).UploadAsync(BinaryData.FromString("x"), overwrite: true, Cancel));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(60 * 25)]
    public async Task Grant_of_no_or_too_long_a_time_is_a_bug(int minutes)
    {
        var artifacts = (await StorageHarness.ProviderAsync(azurite)).GetRequiredService<IArtifactStore>();

        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => artifacts.GrantReadAsync(_model, Version, "model.onnx", TimeSpan.FromMinutes(minutes), Cancel));
    }

    // Another blob of the same container, with the signature that was given for this one.
    private static BlockBlobClient At(Uri granted, string blob) => new(new BlobUriBuilder(granted) { BlobName = blob }.ToUri());

    private static async Task RefusedAsync(Func<Task> call) => Assert.Equal(403, (await Assert.ThrowsAsync<RequestFailedException>(call)).Status);
}
