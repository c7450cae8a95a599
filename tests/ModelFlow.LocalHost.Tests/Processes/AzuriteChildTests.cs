using Azure.Data.Tables;
using Microsoft.Extensions.Logging.Abstractions;
using ModelFlow.LocalHost.Folder;
using ModelFlow.LocalHost.Processes;

namespace ModelFlow.LocalHost.Tests.Processes;

/// <summary>The storage as the host starts it.</summary>
public sealed class AzuriteChildTests : IAsyncDisposable
{
    private readonly DataFolder _folder = new(Directory.CreateTempSubdirectory("modelflow-azurite-").FullName);
    private readonly HttpClient _http = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Data_is_kept_over_a_stop_and_only_the_own_key_gets_in()
    {
        _folder.Create();
        var secrets = HostSecrets.LoadOrCreate(_folder);
        var addresses = PortPlan.Choose(new HostOptions(), before: null, _ => false);
        var spec = AzuriteChild.Spec(_folder, addresses, secrets, _http);
        var connection = AzuriteChild.ConnectionString(addresses, secrets);

        await using (var supervisor = Supervise())
        {
            await supervisor.StartAsync(spec, Cancel);
            var table = new TableClient(connection, "Kept");
            await table.CreateAsync(Cancel);
            await table.AddEntityAsync(new TableEntity("p", "r"), Cancel);
            await supervisor.StopAsync();
        }

        await using (var supervisor = Supervise())
        {
            await supervisor.StartAsync(spec, Cancel);
            Assert.Equal("r", (await new TableClient(connection, "Kept").GetEntityAsync<TableEntity>("p", "r", cancellationToken: Cancel)).Value.RowKey);
            var stranger = new TableClient(AzuriteChild.ConnectionString(addresses, secrets with { StorageKey = Convert.ToBase64String(new byte[64]) }), "Kept");
            await Assert.ThrowsAsync<Azure.RequestFailedException>(() => stranger.AddEntityAsync(new TableEntity("p", "s"), Cancel));
            await supervisor.StopAsync();
        }
    }

    public ValueTask DisposeAsync()
    {
        _http.Dispose();
        Directory.Delete(_folder.Path, recursive: true);
        return ValueTask.CompletedTask;
    }

    private ChildSupervisor Supervise() => new(_folder.Run, _folder.Logs, new SupervisionOptions(), TimeProvider.System, NullLogger<ChildSupervisor>.Instance);
}
