using Azure.Storage.Blobs;
using ModelFlow.Testing.Azurite;

namespace ModelFlow.Storage.Tests.Azurite;

public sealed class AzuriteProcessTests(AzuriteFixture azurite)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Fixture_answers_blob_and_table_calls()
    {
        var blobs = new BlobServiceClient(azurite.ConnectionString);
        var tables = new Azure.Data.Tables.TableServiceClient(azurite.ConnectionString);

        Assert.NotNull((await blobs.GetPropertiesAsync(Cancel)).Value);
        Assert.NotNull((await tables.GetPropertiesAsync(Cancel)).Value);
    }

    [Fact]
    [Trait("Speed", "Slow")]
    public async Task Restarted_server_has_its_data_and_ports()
    {
        var folder = Directory.CreateTempSubdirectory("modelflow-azurite-");
        try
        {
            await using var server = await AzuriteProcess.StartAsync(folder.FullName, Cancel);
            var before = server.ConnectionString;
            await new BlobContainerClient(server.ConnectionString, "kept").CreateAsync(cancellationToken: Cancel);
            await new BlobClient(server.ConnectionString, "kept", "a").UploadAsync(BinaryData.FromString("hello"), Cancel);

            await server.StopAsync();
            Assert.Null(server.ProcessId);
            await server.StartAgainAsync(Cancel);

            Assert.Equal(before, server.ConnectionString);
            Assert.Equal("hello", (await new BlobClient(server.ConnectionString, "kept", "a").DownloadContentAsync(Cancel)).Value.Content.ToString());
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
