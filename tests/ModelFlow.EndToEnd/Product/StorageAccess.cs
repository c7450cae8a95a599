using Azure.Data.Tables;
using Azure.Storage.Blobs;

namespace ModelFlow.EndToEnd.Product;

/// <summary>An installation's storage, used as Azure's own clients do.</summary>
internal static class StorageAccess
{
    /// <summary>Puts a sample version into <c>incoming</c> as a plain blob, without ModelFlow's API.</summary>
    public static async Task DropAsync(this Installation modelflow, string version, string model = "digits", string? sample = null)
    {
        var blob = new BlobContainerClient(modelflow.StorageConnectionString, "incoming").GetBlobClient($"{model}/{version}.onnx");
        await blob.UploadAsync(Installation.Sample((sample ?? version) + ".onnx"), overwrite: true, TestContext.Current.CancellationToken);
    }

    /// <summary>A table of the storage.</summary>
    public static TableClient Table(this Installation modelflow, string name) => new(modelflow.StorageConnectionString, name);
}
