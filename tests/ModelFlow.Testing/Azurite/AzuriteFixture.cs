using Xunit;

namespace ModelFlow.Testing.Azurite;

/// <summary>
/// One Azurite for a test assembly, in memory: <c>[assembly: AssemblyFixture(typeof(AzuriteFixture))]</c>, then take it in a test class's
/// constructor. Runs in a container where a Docker engine has the image, else as a process; <c>MODELFLOW_AZURITE=container|process</c> insists.
/// Tests share it: each uses names of its own.
/// </summary>
public sealed class AzuriteFixture : IAsyncLifetime
{
    private AzuriteServer? _server;

    /// <summary>The running server.</summary>
    public AzuriteServer Server => _server ?? throw new InvalidOperationException("Azurite is not started.");

    /// <summary>For blob and table clients.</summary>
    public string ConnectionString => Server.ConnectionString;

    /// <inheritdoc/>
    public async ValueTask InitializeAsync() => _server = Environment.GetEnvironmentVariable("MODELFLOW_AZURITE") switch
    {
        "container" => await AzuriteContainer.StartAsync(CancellationToken.None),
        "process" => await AzuriteProcess.StartAsync(folder: null, CancellationToken.None),
        null or "" => await AzuriteContainer.IsAvailableAsync(CancellationToken.None)
            ? await AzuriteContainer.StartAsync(CancellationToken.None)
            : await AzuriteProcess.StartAsync(folder: null, CancellationToken.None),
        var other => throw new InvalidOperationException($"MODELFLOW_AZURITE is '{other}': 'container' or 'process' is known."),
    };

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }
}
