using Azure;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using Microsoft.Extensions.DependencyInjection;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Storage.Tests.Azurite;
using ModelFlow.Storage.Tests.Contracts;
using ModelFlow.Testing.Azurite;

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
        var container = new BlobContainerClient(await uploads.GrantUploadAsync(_model, Version, "alice", TimeSpan.FromMinutes(5), Cancel));
        var blob = container.GetBlockBlobClient($"{_model}/{Version}/manifest.json");
        var id = Convert.ToBase64String(new byte[8]);

        await blob.StageBlockAsync(id, new MemoryStream("{}"u8.ToArray()), cancellationToken: Cancel);
        Assert.Single((await blob.GetBlockListAsync(BlockListTypes.Uncommitted, cancellationToken: Cancel)).Value.UncommittedBlocks);
        await blob.CommitBlockListAsync([id], cancellationToken: Cancel);

        Assert.Contains(await uploads.ListCompleteAsync(Cancel).ToListAsync(Cancel), u => u.Model == _model.Value);
        await RefusedAsync(() => blob.DeleteAsync(cancellationToken: Cancel));
        await RefusedAsync(async () => await container.GetBlobsAsync(cancellationToken: Cancel).FirstOrDefaultAsync(Cancel));
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

    private static async Task RefusedAsync(Func<Task> call) => Assert.Equal(403, (await Assert.ThrowsAsync<RequestFailedException>(call)).Status);
}
