using Azure.Core;
using Azure.Data.Tables;
using Azure.Storage.Blobs;
using ModelFlow.Storage.Tables;

namespace ModelFlow.Storage;

/// <summary>The clients of one storage account, made once and shared by every adapter.</summary>
public sealed class StorageClients
{
    private readonly string _prefix;
    private readonly BlobServiceClient _blobs;
    private readonly TableServiceClient _tables;

    /// <summary>Makes the clients; asks nothing of the storage.</summary>
    public StorageClients(StorageOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        Options = options;
        _prefix = options.Prefix;
        var blobs = Configure(new BlobClientOptions(), options);
        var tables = Configure(new TableClientOptions(), options);
        if (string.IsNullOrWhiteSpace(options.ConnectionString))
        {
            // StorageOptions.Validate asks for all three.
            _blobs = new BlobServiceClient(options.BlobServiceUri!, options.Credential!, blobs);
            _tables = new TableServiceClient(options.TableServiceUri!, options.Credential!, tables);
        }
        else
        {
            _blobs = new BlobServiceClient(options.ConnectionString, blobs);
            _tables = new TableServiceClient(options.ConnectionString, tables);
        }
    }

    /// <summary>What they were made from.</summary>
    internal StorageOptions Options { get; }

    /// <summary>The blob service.</summary>
    internal BlobServiceClient Blobs => _blobs;

    /// <summary>A container by its name without prefix.</summary>
    internal BlobContainerClient Container(string name) => _blobs.GetBlobContainerClient(_prefix + name);

    /// <summary>A table by its name without prefix.</summary>
    internal Table Table(string name) => new(_tables.GetTableClient(_prefix + name));

    private static T Configure<T>(T client, StorageOptions options)
        where T : ClientOptions
    {
        client.Retry.MaxRetries = options.Retries;
        client.Retry.Delay = options.RetryDelay;
        client.Retry.MaxDelay = TimeSpan.FromSeconds(Math.Max(10, options.RetryDelay.TotalSeconds));
        client.Retry.NetworkTimeout = options.Timeout;
        client.Diagnostics.IsTelemetryEnabled = false;
        if (options.Transport is not null)
        {
            client.Transport = options.Transport;
        }

        return client;
    }
}
