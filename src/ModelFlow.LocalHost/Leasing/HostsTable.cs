using Azure;
using Azure.Core.Pipeline;
using Azure.Data.Tables;
using ModelFlow.Core.Ports;

namespace ModelFlow.LocalHost.Leasing;

/// <summary>The table <c>Hosts</c>: the lease row, and rings between hosts.</summary>
public sealed class HostsTable
{
    /// <summary>The table's name, after the installation's prefix.</summary>
    public const string Name = "Hosts";

    private static readonly TimeSpan LeaseTimeout = TimeSpan.FromSeconds(1);

    /// <summary>Makes the clients; asks nothing of the storage.</summary>
    /// <param name="connectionString">Of the storage.</param>
    /// <param name="prefix">Of this installation.</param>
    public HostsTable(string connectionString, string prefix)
    {
        // A late answer about a lease is worth nothing: no retries, a short time limit; whoever asks asks again.
        var forLease = new TableClientOptions { Retry = { MaxRetries = 0, NetworkTimeout = LeaseTimeout }, Diagnostics = { IsTelemetryEnabled = false } };
        Lease = new TableClient(connectionString, prefix + Name, forLease);
        var forRings = new TableClientOptions { Transport = new LeaseGuard(HttpClientTransport.Shared), Diagnostics = { IsTelemetryEnabled = false } };
        Rings = new TableClient(connectionString, prefix + Name, forRings);
    }

    /// <summary>For the lease row.</summary>
    public TableClient Lease { get; }

    /// <summary>For everything else.</summary>
    public TableClient Rings { get; }

    /// <summary>Makes the table if it is missing.</summary>
    /// <exception cref="StorageException">The storage does not let us.</exception>
    public async Task EnsureCreatedAsync(CancellationToken cancellationToken)
    {
        try
        {
            await Rings.CreateIfNotExistsAsync(cancellationToken);
        }
        catch (RequestFailedException e)
        {
            throw new StorageException($"making the table '{Rings.Name}': {e.Message}", e);
        }
    }
}
