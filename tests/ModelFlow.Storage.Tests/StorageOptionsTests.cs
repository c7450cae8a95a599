using Azure.Data.Tables;
using Azure.Storage.Blobs;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using ModelFlow.Core.Ports;
using ModelFlow.Storage.Tests.Azurite;
using ModelFlow.Testing.Azurite;

namespace ModelFlow.Storage.Tests;

public sealed class StorageOptionsTests(AzuriteFixture azurite)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public void Nothing_said_is_refused_and_says_what_is_needed() => Refuses(_ => { }, "ConnectionString");

    [Fact]
    public void Addresses_without_credential_are_refused() => Refuses(o => (o.BlobServiceUri, o.TableServiceUri) = (new Uri("https://a.blob.core.windows.net"), new Uri("https://a.table.core.windows.net")), "Credential");

    [Fact]
    public void Connection_string_and_addresses_are_refused() => Refuses(o => (o.ConnectionString, o.BlobServiceUri) = ("UseDevelopmentStorage=true", new Uri("https://a.blob.core.windows.net")), "leave one out");

    [Theory]
    [InlineData("UPPER")]
    [InlineData("1a")]
    [InlineData("with-dash")]
    public void Prefix_that_is_no_name_is_refused(string prefix) => Refuses(o => (o.ConnectionString, o.Prefix) = ("UseDevelopmentStorage=true", prefix), "Prefix");

    [Fact]
    public void Every_port_that_stores_has_an_adapter()
    {
        var provider = StorageHarness.Build(azurite.ConnectionString);
        Type[] ports =
        [
            typeof(IReleaseStore), typeof(IReleaseIndex), typeof(IRouteStore), typeof(IRampTurns), typeof(IVersionCatalog), typeof(IDeploymentStore), typeof(IFreezeStore),
            typeof(ITokenStore), typeof(IAuditLog), typeof(IAuditArchive), typeof(IRecordedNames), typeof(IPolicyStore), typeof(IDatasetStore), typeof(IReportStore), typeof(IUploadStore), typeof(IArtifactStore),
        ];

        Assert.All(ports, p => Assert.Same(provider.GetRequiredService(p), provider.GetRequiredService(p)));
        Assert.Equal(["models", "releases", "routes"], provider.GetServices<IProjectedList>().Select(l => l.Name).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Setup_makes_everything_under_the_prefix_and_can_run_again()
    {
        var provider = StorageHarness.Build(azurite.ConnectionString, o => o.Prefix = "mine7");
        var setup = provider.GetRequiredService<StorageSetup>();

        await setup.EnsureCreatedAsync(Cancel);
        await setup.EnsureCreatedAsync(Cancel);

        var containers = await new BlobServiceClient(azurite.ConnectionString).GetBlobContainersAsync(cancellationToken: Cancel).Select(c => c.Name).Where(n => n.StartsWith("mine7", StringComparison.Ordinal)).ToListAsync(Cancel);
        Assert.Equal(["mine7archive", "mine7audit", "mine7datasets", "mine7incoming", "mine7models", "mine7policies", "mine7quarantine", "mine7reports"], containers);
        var tables = await new TableServiceClient(azurite.ConnectionString).QueryAsync(cancellationToken: Cancel).Select(t => t.Name).Where(n => n.StartsWith("mine7", StringComparison.Ordinal)).ToListAsync(Cancel);
        Assert.Contains("mine7Releases", tables);
        Assert.Contains("mine7TrafficWindows", tables);
    }

    [Fact]
    public async Task Storage_that_refuses_the_key_is_a_lasting_failure()
    {
        var wrong = azurite.ConnectionString.Replace(AzuriteServer.AccountKey, Convert.ToBase64String(new byte[64]), StringComparison.Ordinal);
        var provider = StorageHarness.Build(wrong, o => o.Retries = 0);

        var e = await Assert.ThrowsAsync<StorageException>(() => provider.GetRequiredService<StorageSetup>().EnsureCreatedAsync(Cancel));

        Assert.False(e.IsTransient);
    }

    private static void Refuses(Action<StorageOptions> configure, string says)
    {
        var provider = new ServiceCollection().AddModelFlowStorage(configure).BuildServiceProvider();

        var e = Assert.Throws<OptionsValidationException>(() => provider.GetRequiredService<IOptions<StorageOptions>>().Value);

        Assert.Contains(says, e.Message, StringComparison.Ordinal);
    }
}
