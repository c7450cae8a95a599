using Azure.Data.Tables;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Storage.Tables;

namespace ModelFlow.Storage.Operations;

/// <summary>
/// Tokens in one partition of the table <c>Tokens</c>: <c>name:{name}</c> for lists and names that are taken, <c>secret:{hash}</c> for
/// the look-up that every call makes. Both hold the whole record and are always written together.
/// </summary>
internal sealed class TableTokenStore(StorageClients clients) : ITokenStore
{
    private const string Partition = "tokens";
    private const string NameFrom = "name:";
    private const string NameBefore = "name;";
    private const int MaxTries = 20;

    private readonly Table _table = clients.Table(StorageNames.TokensTable);

    public async Task<bool> AddAsync(TokenRecord token, CancellationToken cancellationToken)
    {
        var writer = RowVersion.NewWriter();
        var byName = Row(NameKey(token.Name), token, read: null, writer);
        var write = await _table.WriteAsync(
        [
            new(TableTransactionActionType.Add, byName),
            new(TableTransactionActionType.Add, Row(SecretKey(token.SecretHash), token, read: null, writer)),
        ], cancellationToken);
        if (write is TableWrite.Applied || RowVersion.ReadBack(await _table.FindAsync(Partition, byName.RowKey, cancellationToken), byName, writer) is not null)
        {
            return true;
        }

        return write is TableWrite.Uncertain uncertain ? throw uncertain.Error : false;
    }

    public async Task<TokenRecord?> FindAsync(Sha256Digest secretHash, CancellationToken cancellationToken) =>
        await _table.FindAsync(Partition, SecretKey(secretHash), cancellationToken) is { } row ? Documents.Token.Read(row) : null;

    public IAsyncEnumerable<TokenRecord> ListAsync(CancellationToken cancellationToken) =>
        _table.RangeAsync(Partition, NameFrom, NameBefore, cancellationToken).Select(Documents.Token.Read);

    public async Task<bool> RevokeAsync(string name, DateTimeOffset at, CancellationToken cancellationToken)
    {
        for (var tries = 0; tries < MaxTries; tries++)
        {
            var row = await _table.FindAsync(Partition, NameKey(name), cancellationToken);
            if (row is null)
            {
                return false;
            }

            var token = Documents.Token.Read(row);
            if (token.RevokedAt is not null)
            {
                return true;
            }

            var revoked = token with { RevokedAt = at };
            var read = RowVersion.Of(row);
            var writer = RowVersion.NewWriter();
            var write = await _table.WriteAsync(
            [
                new(TableTransactionActionType.UpdateReplace, Row(row.RowKey, revoked, read, writer), read.Condition),
                new(TableTransactionActionType.UpsertReplace, Row(SecretKey(token.SecretHash), revoked, read, writer)),
            ], cancellationToken);
            if (write is TableWrite.Applied)
            {
                return true;
            }

            if (write is TableWrite.Uncertain uncertain && tries > 0)
            {
                throw uncertain.Error;
            }
        }

        throw new StorageException($"The token '{name}' is changed by too many at a time.") { IsTransient = true };
    }

    private static string NameKey(string name) => NameFrom + Keys.Escape(name);

    private static string SecretKey(Sha256Digest hash) => "secret:" + hash.Hex;

    private static TableEntity Row(string key, TokenRecord token, RowVersion? read, string writer)
    {
        var row = Documents.Token.Write(new TableEntity(Partition, key), token);
        RowVersion.Sign(row, read, writer);
        return row;
    }
}
