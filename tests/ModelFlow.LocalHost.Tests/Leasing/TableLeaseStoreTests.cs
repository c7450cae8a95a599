using Azure.Core.Pipeline;
using Azure.Data.Tables;
using ModelFlow.LocalHost.Leasing;
using ModelFlow.Testing.Azurite;

namespace ModelFlow.LocalHost.Tests.Leasing;

/// <summary>On a real table.</summary>
public sealed class TableLeaseStoreTests(AzuriteFixture azurite) : IAsyncLifetime
{
    private readonly HostsTable _table = new(azurite.ConnectionString, "lease" + Guid.NewGuid().ToString("N")[..8]);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => await _table.EnsureCreatedAsync(Cancel);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task Row_is_absent_before_the_first_host()
    {
        Assert.Null(await new TableLeaseStore(_table.Lease).ReadAsync(Cancel));
    }

    [Fact]
    public async Task Only_one_of_many_first_hosts_gets_the_row()
    {
        var store = new TableLeaseStore(_table.Lease);

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 10).Select(i => store.TryWriteAsync(null, new LeaseRecord(1, $"h{i}", 0, Released: false), Cancel)));

        var winner = Assert.Single(outcomes, o => o is not null);
        Assert.Equal(winner, await store.ReadAsync(Cancel));
    }

    [Fact]
    public async Task Write_on_a_row_that_was_renewed_since_changes_nothing()
    {
        var store = new TableLeaseStore(_table.Lease);
        var first = await store.TryWriteAsync(null, new LeaseRecord(1, "a", 0, Released: false), Cancel);
        var renewed = await store.TryWriteAsync(first, first!.Record with { Renewals = 1 }, Cancel);

        Assert.Null(await store.TryWriteAsync(first, new LeaseRecord(2, "b", 0, Released: false), Cancel));

        Assert.Equal(renewed, await store.ReadAsync(Cancel));
    }

    /// <summary>Anything else would end the host: a lease store that fails is asked again, another exception is a bug.</summary>
    [Fact]
    public async Task Answer_that_breaks_off_is_a_failure_of_the_store()
    {
        using var http = new HttpClient(new BreaksOff());
        var options = new TableClientOptions { Transport = new HttpClientTransport(http), Retry = { MaxRetries = 0 } };
        var store = new TableLeaseStore(new TableClient(azurite.ConnectionString, "Hosts", options));

        await Assert.ThrowsAsync<LeaseStoreException>(() => store.ReadAsync(Cancel));
        await Assert.ThrowsAsync<LeaseStoreException>(() => store.TryWriteAsync(null, new LeaseRecord(1, "a", 0, Released: false), Cancel));
    }

    [Fact]
    public async Task Storage_that_is_away_is_said_quickly()
    {
        var away = new HostsTable(azurite.ConnectionString.Replace(azurite.Server.TableEndpoint.Port.ToString(), "1", StringComparison.Ordinal), "");

        await Assert.ThrowsAsync<LeaseStoreException>(() => new TableLeaseStore(away.Lease).ReadAsync(Cancel).WaitAsync(TimeSpan.FromSeconds(10), Cancel));
    }

    /// <summary>Answers with a head, and with a body that ends in the middle.</summary>
    private sealed class BreaksOff : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            Task.FromResult(new HttpResponseMessage { Content = new StreamContent(new Broken()) });

        private sealed class Broken : MemoryStream
        {
            public override bool CanSeek => false;

            public override int Read(byte[] buffer, int offset, int count) => throw new IOException("The response ended prematurely.");

            public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => throw new IOException("The response ended prematurely.");
        }
    }
}
