using ModelFlow.LocalHost.Folder;
using ModelFlow.LocalHost.Processes;

namespace ModelFlow.LocalHost.Running;

/// <summary>The children of one data folder.</summary>
internal sealed class HostChildren(DataFolder folder, Addresses addresses, HostSecrets secrets, HostOptions options, HttpClient http, TimeProvider time, ILoggerFactory logging) : IAsyncDisposable
{
    private readonly ChildSupervisor _supervisor = new(folder.Run, folder.Logs, new SupervisionOptions(), time, logging.CreateLogger<ChildSupervisor>());

    /// <summary>Brings Azurite up, unless the storage is somebody else's.</summary>
    public async Task StartStorageAsync(CancellationToken cancellationToken)
    {
        if (options.Storage is null)
        {
            await _supervisor.StartAsync(AzuriteChild.Spec(folder, addresses, secrets, http), cancellationToken);
        }
    }

    /// <summary>Brings the model server and the gateway up.</summary>
    public async Task StartServersAsync(CancellationToken cancellationToken)
    {
        try
        {
            await Task.WhenAll(
                _supervisor.StartAsync(ServingChild.Spec(folder, addresses, secrets, options.Engine, http), cancellationToken),
                _supervisor.StartAsync(GatewayChild.Spec(folder, addresses, secrets, http), cancellationToken));
        }
        catch (FileNotFoundException e)
        {
            throw new HostStartException(e.Message);
        }
    }

    /// <summary>Ends the children, or only those that were started here.</summary>
    public Task StopAsync(bool adoptedToo) => _supervisor.StopAsync(adoptedToo);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _supervisor.DisposeAsync();
}
