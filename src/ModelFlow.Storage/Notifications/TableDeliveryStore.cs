using System.Globalization;
using System.Text.Json;
using Azure;
using Azure.Data.Tables;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Notifications;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Serialization;
using ModelFlow.Storage.Tables;

namespace ModelFlow.Storage.Notifications;

/// <summary>
/// Deliveries in the table <c>Notifications</c>, one partition (<c>to:{subscription}</c>) each: <c>log:{time, newest first}:{id}</c> holds the
/// delivery, <c>id:{id}</c> says where, so that none is entered twice, and <c>due:{time}:{id}</c> stands as long as it is to be sent. The rows of one
/// delivery change in one batch. Cursors are in the partition <c>cursors</c>.
/// </summary>
internal sealed class TableDeliveryStore(StorageClients clients) : IDeliveryStore
{
    private const string Cursors = "cursors";
    private const string LogPrefix = "log:";
    private const string DuePrefix = "due:";
    private const string KeyProperty = "key";
    private const string SeqProperty = "seq";
    private const int EnteredAtOnce = 30;
    private const int DeletedAtOnce = 45;

    private readonly Table _table = clients.Table(StorageNames.NotificationsTable);

    public async Task EnterAsync(string subscription, IReadOnlyList<Delivery> deliveries, CancellationToken cancellationToken)
    {
        var partition = Partition(subscription);
        foreach (var some in deliveries.Chunk(EnteredAtOnce))
        {
            var batch = some.SelectMany(d => New(partition, d)).ToList();
            if (await _table.WriteAsync(batch, cancellationToken) is TableWrite.Applied)
            {
                continue;
            }

            // Some of them are there, or the answer was lost: each by itself then, where "it is there" is what was asked for.
            foreach (var delivery in some)
            {
                var write = await _table.WriteAsync([.. New(partition, delivery)], cancellationToken);
                if (write is not TableWrite.Applied && await _table.FindAsync(partition, IdKey(delivery.Id), cancellationToken) is null)
                {
                    throw write is TableWrite.Uncertain uncertain ? uncertain.Error : ((TableWrite.Refused)write).Error;
                }
            }
        }
    }

    public async Task<IReadOnlyList<Delivery>> DueAsync(string subscription, DateTimeOffset now, int count, CancellationToken cancellationToken)
    {
        var partition = Partition(subscription);
        var due = await _table.FirstAsync(partition, DuePrefix, DuePrefix + Rising(now.AddTicks(1)), count, cancellationToken);
        var found = new List<Delivery>(due.Count);
        foreach (var row in due)
        {
            if (await _table.FindAsync(partition, row.GetString(KeyProperty), cancellationToken) is { } log)
            {
                found.Add(Documents.Delivery.Read(log));
            }
        }

        return found;
    }

    public async Task<bool> ReplaceAsync(string subscription, Delivery read, Delivery next, CancellationToken cancellationToken)
    {
        var partition = Partition(subscription);
        if (await _table.FindAsync(partition, LogKey(read), cancellationToken) is not { } row || !Same(Documents.Delivery.Read(row), read))
        {
            return false;
        }

        var batch = new List<TableTransactionAction> { new(TableTransactionActionType.UpdateReplace, Log(partition, next), row.ETag) };
        if (read.NextTryAt != next.NextTryAt)
        {
            if (read.NextTryAt is { } was)
            {
                batch.Add(new(TableTransactionActionType.Delete, new TableEntity(partition, DueKey(was, read.Id)), ETag.All));
            }

            if (next.NextTryAt is { } becomes)
            {
                batch.Add(new(TableTransactionActionType.Add, Due(partition, next, becomes)));
            }
        }

        switch (await _table.WriteAsync(batch, cancellationToken))
        {
            case TableWrite.Applied:
                return true;
            case TableWrite.Uncertain uncertain:
                return await _table.FindAsync(partition, LogKey(read), cancellationToken) is { } now && Same(Documents.Delivery.Read(now), next)
                    ? true
                    : throw uncertain.Error;
            default:
                // The SDK may have tried twice and been refused by its own first try.
                return await _table.FindAsync(partition, LogKey(read), cancellationToken) is { } there && Same(Documents.Delivery.Read(there), next);
        }
    }

    public async Task<Delivery?> FindAsync(string subscription, string id, CancellationToken cancellationToken)
    {
        var partition = Partition(subscription);
        return await _table.FindAsync(partition, IdKey(id), cancellationToken) is { } pointer
            && await _table.FindAsync(partition, pointer.GetString(KeyProperty), cancellationToken) is { } row
            ? Documents.Delivery.Read(row)
            : null;
    }

    public async Task<Core.Ports.Page<Delivery>> ListAsync(string subscription, int pageSize, string? continuation, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(pageSize, 1);

        // A continuation is the end of the last key of the page before; '!' is the first character that a key may have.
        var from = continuation is null ? LogPrefix : $"{LogPrefix}{continuation}!";
        var rows = await _table.FirstAsync(Partition(subscription), from, Keys.After(LogPrefix), pageSize + 1, cancellationToken);
        var page = rows.Take(pageSize).ToList();
        return new Core.Ports.Page<Delivery>([.. page.Select(Documents.Delivery.Read)], rows.Count > pageSize ? page[^1].RowKey[LogPrefix.Length..] : null);
    }

    public async Task PruneAsync(string subscription, DateTimeOffset before, CancellationToken cancellationToken)
    {
        var partition = Partition(subscription);
        var old = new List<Delivery>();
        await foreach (var row in _table.RangeAsync(partition, LogPrefix + Keys.Falling(before.AddTicks(-1)), Keys.After(LogPrefix), cancellationToken))
        {
            var delivery = Documents.Delivery.Read(row);
            if (delivery.NextTryAt is null)
            {
                old.Add(delivery);
            }
        }

        foreach (var some in old.Chunk(DeletedAtOnce))
        {
            await _table.ForceAsync(
                [.. some.SelectMany(d => new[] { Delete(partition, LogKey(d)), Delete(partition, IdKey(d.Id)) })], cancellationToken);
        }
    }

    public async Task RemoveAllAsync(string subscription, CancellationToken cancellationToken)
    {
        var partition = Partition(subscription);
        var keys = new List<string>();
        await foreach (var row in _table.QueryAsync(TableClient.CreateQueryFilter($"PartitionKey eq {partition}"), cancellationToken, select: ["PartitionKey", "RowKey"]))
        {
            keys.Add(row.RowKey);
        }

        foreach (var some in keys.Chunk(2 * DeletedAtOnce))
        {
            await _table.ForceAsync([.. some.Select(k => Delete(partition, k))], cancellationToken);
        }
    }

    public async Task<int> ReadCursorAsync(ReleaseId release, CancellationToken cancellationToken) =>
        await _table.FindAsync(Cursors, release.ToString(), cancellationToken) is { } row ? row.GetInt32(SeqProperty) ?? 0 : 0;

    public Task MoveCursorAsync(ReleaseId release, int seq, CancellationToken cancellationToken) =>
        _table.ForceAsync([new(TableTransactionActionType.UpsertReplace, new TableEntity(Cursors, release.ToString()) { [SeqProperty] = seq })], cancellationToken);

    private static IEnumerable<TableTransactionAction> New(string partition, Delivery delivery)
    {
        yield return new(TableTransactionActionType.Add, new TableEntity(partition, IdKey(delivery.Id)) { [KeyProperty] = LogKey(delivery) });
        yield return new(TableTransactionActionType.Add, Log(partition, delivery));
        if (delivery.NextTryAt is { } due)
        {
            yield return new(TableTransactionActionType.Add, Due(partition, delivery, due));
        }
    }

    private static TableEntity Log(string partition, Delivery delivery) => Documents.Delivery.Write(new TableEntity(partition, LogKey(delivery)), delivery);

    private static TableEntity Due(string partition, Delivery delivery, DateTimeOffset due) =>
        new(partition, DueKey(due, delivery.Id)) { [KeyProperty] = LogKey(delivery) };

    private static TableTransactionAction Delete(string partition, string key) => new(TableTransactionActionType.Delete, new TableEntity(partition, key), ETag.All);

    private static string Partition(string subscription) => "to:" + Keys.Escape(subscription);

    private static string IdKey(string id) => "id:" + Keys.Escape(id);

    // Continuations are the rest of this key: only letters, digits, '.', '-' and '_' are in it (ids have no others).
    private static string LogKey(Delivery delivery) => $"{LogPrefix}{Keys.Falling(delivery.At)}.{Keys.Escape(delivery.Id)}";

    private static string DueKey(DateTimeOffset due, string id) => $"{DuePrefix}{Rising(due)}:{Keys.Escape(id)}";

    private static string Rising(DateTimeOffset time) => time.UtcTicks.ToString("D19", CultureInfo.InvariantCulture);

    private static bool Same(Delivery one, Delivery other) =>
        string.Equals(JsonSerializer.Serialize(one, CoreJson.Options), JsonSerializer.Serialize(other, CoreJson.Options), StringComparison.Ordinal);
}
