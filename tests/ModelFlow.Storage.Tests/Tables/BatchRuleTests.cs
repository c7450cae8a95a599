using Azure.Data.Tables;
using Microsoft.Extensions.DependencyInjection;
using ModelFlow.Core.Ports;
using ModelFlow.Storage.Tests.Azurite;
using ModelFlow.Testing.Azurite;

namespace ModelFlow.Storage.Tests.Tables;

/// <summary>Azure's rules for batches, which Azurite does not hold.</summary>
public sealed class BatchRuleTests(AzuriteFixture azurite)
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Batch_across_partitions_is_a_bug() =>
        await Assert.ThrowsAsync<ArgumentException>(async () => await (await TableAsync()).WriteAsync([Add("a", "1"), Add("b", "1")], Cancel));

    [Fact]
    public async Task Batch_of_more_than_a_hundred_rows_is_a_bug() =>
        await Assert.ThrowsAsync<ArgumentException>(async () => await (await TableAsync()).WriteAsync([.. Enumerable.Range(0, 101).Select(i => Add("a", $"{i}"))], Cancel));

    [Fact]
    public async Task Batch_of_more_than_four_megabytes_is_refused_before_it_is_sent()
    {
        var actions = Enumerable.Range(0, 5).Select(i => new TableTransactionAction(TableTransactionActionType.Add, new TableEntity("a", $"{i}") { ["x"] = new byte[600_000] }));

        await Assert.ThrowsAsync<StorageException>(async () => await (await TableAsync()).WriteAsync([.. actions], Cancel));
    }

    [Fact]
    public async Task Write_to_a_table_that_is_not_there_is_no_conflict()
    {
        var table = StorageHarness.Build(azurite.ConnectionString, o => o.Prefix = "nowhere").GetRequiredService<StorageClients>().Table("Lists");

        await Assert.ThrowsAsync<StorageException>(() => table.WriteAsync([Add("a", "1")], Cancel));
        await Assert.ThrowsAsync<StorageException>(() => table.WriteAsync([Add("a", "1"), Add("a", "2")], Cancel));
    }

    private static TableTransactionAction Add(string partition, string row) => new(TableTransactionActionType.Add, new TableEntity(partition, row));

    private async Task<Storage.Tables.Table> TableAsync() => (await StorageHarness.ProviderAsync(azurite)).GetRequiredService<StorageClients>().Table("Lists");
}
