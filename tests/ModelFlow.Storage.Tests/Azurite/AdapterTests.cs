using Azure.Data.Tables;
using Azure.Storage.Blobs;
using Microsoft.Extensions.DependencyInjection;
using ModelFlow.Core.Ports;
using ModelFlow.Storage.Tests.Contracts;
using ModelFlow.Testing;
using ModelFlow.Testing.Azurite;

namespace ModelFlow.Storage.Tests.Azurite;

public sealed class TableReleaseStoreTests(AzuriteFixture azurite) : ReleaseStoreContract
{
    protected override IReleaseStore Store => StorageHarness.Get<IReleaseStore>(azurite);
}

public sealed class TableRouteStoreTests(AzuriteFixture azurite) : RouteStoreContract
{
    protected override IRouteStore Store => StorageHarness.Get<IRouteStore>(azurite);
}

public sealed class TableVersionCatalogTests(AzuriteFixture azurite) : VersionCatalogContract
{
    protected override IVersionCatalog Catalog => StorageHarness.Get<IVersionCatalog>(azurite);
}

public sealed class TableDeploymentStoreTests(AzuriteFixture azurite) : DeploymentStoreContract
{
    protected override IDeploymentStore Store => StorageHarness.Get<IDeploymentStore>(azurite);
}

public sealed class TableRampTurnsTests(AzuriteFixture azurite) : RampTurnsContract
{
    protected override IRampTurns Turns => StorageHarness.Get<IRampTurns>(azurite);
}

public sealed class TableFreezeStoreTests(AzuriteFixture azurite) : FreezeStoreContract
{
    protected override IFreezeStore Store => StorageHarness.Get<IFreezeStore>(azurite);
}

public sealed class TableTokenStoreTests(AzuriteFixture azurite) : TokenStoreContract
{
    protected override ITokenStore Store => StorageHarness.Get<ITokenStore>(azurite);
}

public sealed class TableAuditLogTests(AzuriteFixture azurite) : AuditLogContract
{
    protected override IAuditLog Log => StorageHarness.Get<IAuditLog>(azurite);

    [Fact]
    public async Task Scopes_of_before_there_was_a_list_are_entered()
    {
        var provider = StorageHarness.Build(azurite.ConnectionString, o => o.Prefix = "old7");
        await provider.GetRequiredService<StorageSetup>().EnsureCreatedAsync(Cancel);
        var log = provider.GetRequiredService<IAuditLog>();
        await log.AppendAsync("model:größe", new AuditEntry("1", Samples.Now, "alice", "freeze", "*", "froze"), Cancel);
        var table = new TableClient(azurite.ConnectionString, "old7Audit");
        await foreach (var row in table.QueryAsync<TableEntity>("PartitionKey eq '_scopes'", cancellationToken: Cancel))
        {
            await table.DeleteEntityAsync(row.PartitionKey, row.RowKey, cancellationToken: Cancel);
        }

        Assert.Equal(["model:größe"], await log.ListScopesAsync(Cancel).ToListAsync(Cancel));
        Assert.Equal(["model:größe"], await log.ListScopesAsync(Cancel).ToListAsync(Cancel));
    }

    [Fact]
    public async Task Entries_are_salted_each_with_its_own()
    {
        var scope = Unique.Label("salted");
        await Log.AppendAsync(scope, new AuditEntry("1", Samples.Now, "alice", "freeze", "*", "froze"), Cancel);
        await Log.AppendAsync(scope, new AuditEntry("2", Samples.Now, "alice", "freeze", "*", "froze"), Cancel);

        var salts = await Log.ReadAsync(scope, Cancel).Select(e => e.Entry.Salt).ToListAsync(Cancel);

        Assert.Equal(2, salts.Distinct(StringComparer.Ordinal).Count());
        Assert.All(salts, s => Assert.Equal(32, s!.Length));
    }
}

public sealed class BlobAuditArchiveTests(AzuriteFixture azurite) : AuditArchiveContract
{
    protected override IAuditArchive Archive => StorageHarness.Get<IAuditArchive>(azurite);
}

public sealed class TableReleaseIndexTests(AzuriteFixture azurite) : ReleaseIndexContract
{
    protected override IReleaseIndex Index => StorageHarness.Get<IReleaseIndex>(azurite);

    protected override IProjectedList List => StorageHarness.ProviderAsync(azurite).GetAwaiter().GetResult().GetServices<IProjectedList>().Single(l => l.Name == "releases");

    protected override IReleaseStore Releases => StorageHarness.Get<IReleaseStore>(azurite);
}

public sealed class BlobDocumentStoresTests(AzuriteFixture azurite) : DocumentStoresContract
{
    protected override IPolicyStore Policies => StorageHarness.Get<IPolicyStore>(azurite);

    protected override IDatasetStore Datasets => StorageHarness.Get<IDatasetStore>(azurite);

    protected override IReportStore Reports => StorageHarness.Get<IReportStore>(azurite);
}

public sealed class BlobUploadStoreTests(AzuriteFixture azurite) : UploadStoreContract
{
    protected override IUploadStore Uploads => StorageHarness.Get<IUploadStore>(azurite);

    protected override IArtifactStore Artifacts => StorageHarness.Get<IArtifactStore>(azurite);

    protected override async Task<string> PutAsync(string path, byte[] content)
    {
        await StorageHarness.ProviderAsync(azurite);
        return (await Blob(path).UploadAsync(BinaryData.FromBytes(content), overwrite: true, Cancel)).Value.ETag.ToString("H");
    }

    protected override async Task<byte[]?> FindAsync(string path) =>
        await Blob(path).ExistsAsync(Cancel) ? (await Blob(path).DownloadContentAsync(Cancel)).Value.Content.ToArray() : null;

    private BlobClient Blob(string path) => new(azurite.ConnectionString, path.Split('/')[0], path[(path.IndexOf('/', StringComparison.Ordinal) + 1)..]);
}

public sealed class TableTrafficWindowsTests(AzuriteFixture azurite) : TrafficWindowsContract
{
    protected override ITrafficWindows Store => StorageHarness.Get<ITrafficWindows>(azurite);
}

public sealed class TablePeopleStoreTests(AzuriteFixture azurite) : PeopleStoreContract
{
    protected override IPeopleStore Store => StorageHarness.Get<IPeopleStore>(azurite);
}

public sealed class TableSubscriptionStoreTests(AzuriteFixture azurite) : SubscriptionStoreContract
{
    protected override ISubscriptionStore Store => StorageHarness.Get<ISubscriptionStore>(azurite);
}

public sealed class TableDeliveryStoreTests(AzuriteFixture azurite) : DeliveryStoreContract
{
    protected override IDeliveryStore Store => StorageHarness.Get<IDeliveryStore>(azurite);
}
